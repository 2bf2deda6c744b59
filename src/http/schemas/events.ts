import * as z from 'zod';
import { EVENT_TYPES } from '../../domain/event.ts';
import { nameText, time } from './common.ts';

const address = z
  .string()
  .min(1)
  .max(500)
  .meta({ description: 'https, without credentials. Kept encrypted; answers show its host.', format: 'uri' });
const types = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .max(EVENT_TYPES.length)
  .transform((given) => [...new Set(given)])
  .nullable()
  .meta({ description: 'Which events are sent; null: all.' });

export const newSubscription = z
  .strictObject({ name: nameText, url: address, types: types.default(null) })
  .meta({ id: 'EventSubscriptionInput' });

export const subscriptionChange = z
  .strictObject({
    url: address.optional(),
    types: types.optional(),
    enabled: z.boolean().optional().meta({ description: 'Enabled again, it gets what it missed in the last 4 days.' }),
  })
  .meta({ id: 'EventSubscriptionChange' });

export const subscriptionRotation = z
  .strictObject({
    overlapMinutes: z
      .int()
      .min(0)
      .max(10_080)
      .default(1440)
      .meta({ description: 'How long the old secret signs too.' }),
  })
  .meta({ id: 'EventSecretRotation' });

export const subscriptionAnswer = z
  .object({
    id: z.int(),
    name: z.string(),
    host: z.string(),
    types: z.array(z.enum(EVENT_TYPES)).nullable(),
    source: z.string().meta({ description: "The events' `source`." }),
    state: z
      .enum(['working', 'failing', 'disabled'])
      .meta({ description: 'disabled: by hand, or since the receiver answered 410.' }),
    problem: z.string().nullable().meta({ description: 'Why it refused last: `http_500`, `timeout`, …' }),
    failingSince: time.nullable(),
    triedAt: time.nullable(),
    oldSecretUntil: time.nullable(),
    createdAt: time,
    createdBy: z.string(),
  })
  .meta({ id: 'EventSubscription' });

const secret = z.string().meta({ description: 'Signs what is sent: `whsec_` and base64. Shown this once.' });
export const subscriptionSecretAnswer = subscriptionAnswer.extend({ secret }).meta({ id: 'EventSubscriptionSecret' });
