import * as z from 'zod';
import { time } from './common.ts';
import { pushAnswer } from './records.ts';

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0, { error: 'expected a time after 1970' })
  .meta({ description: 'RFC 3339.' });

export const exportQuery = z
  .object({
    from: moment.optional().meta({ description: 'Inclusive; from the beginning if left out.' }),
    to: moment.optional().meta({ description: 'Exclusive. A slice ends sooner where something is undecided.' }),
    limit: z.coerce
      .number()
      .int()
      .min(20)
      .max(1000)
      .default(1000)
      .meta({ description: 'Lines; a page may have fewer.' }),
    cursor: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .meta({ description: '`pushwarden-next-cursor` of the page before. It knows `from` and `to`.' }),
  })
  .refine(({ cursor, from, to }) => cursor === undefined || (from === undefined && to === undefined), {
    error: 'has from and to in it: leave them out',
    path: ['cursor'],
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    error: 'is before from',
    path: ['to'],
  });

export const EXPORT_HEADERS = {
  'pushwarden-slice-end': 'RFC 3339. Everything before it is in this slice: the `from` of the next one.',
  'pushwarden-next-cursor': 'Reads on in this slice. Not there: this was its last page.',
  link: 'The same, as a URL with `rel="next"`.',
} as const;

export const pushLine = pushAnswer.omit({ nextCheckAt: true }).meta({ id: 'PushLine' });

export const findingLine = z
  .object({
    push: z.string().nullable().meta({ description: 'null: about no single push.' }),
    image: z.string().nullable(),
    tag: z.string().nullable(),
    digest: z.string().nullable(),
    code: z.string(),
    facts: z.looseObject({}).meta({ description: 'What the finding says besides its code.' }),
    verdict: z.enum(['pending', 'trusted', 'rogue', 'undetermined']).nullable(),
    alert: z.string().nullable(),
    pusher: z.object({ name: z.string(), id: z.string().nullable() }).nullable(),
    at: time.meta({ description: 'When we learnt of what it is about.' }),
  })
  .meta({ id: 'FindingLine' });

export const sightingLine = z
  .object({
    credential: z.object({ id: z.string(), kind: z.string(), name: z.string(), account: z.string().nullable() }),
    at: time.meta({ description: 'When it was used.' }),
    since: time.nullable().meta({ description: 'The use was between `since` and `at`; null: at that very time.' }),
    seenAt: time.meta({ description: 'When we learnt of it.' }),
    source: z.enum(['webhook', 'token-list', 'audit-log']),
    action: z.enum(['push', 'use', 'tag-delete', 'settings', 'token', 'other']),
    strength: z.enum(['named', 'deduced', 'ambiguous']),
    push: z.string().nullable(),
    image: z.string().nullable(),
    detail: z.unknown(),
  })
  .meta({ id: 'SightingLine' });
