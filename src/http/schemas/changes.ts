import * as z from 'zod';
import { time } from './common.ts';

/** What changed in an image, as the API shows it. */

const known = z
  .object({
    state: z.enum(['present', 'waiting', 'unavailable', 'not-read']).meta({
      description: '`waiting`: it is to be read. `not-read`: nobody has asked. Neither means that nothing changed.',
    }),
    reason: z.string().nullable(),
    readAt: time.nullable(),
    contents: z.unknown().meta({
      description: 'In short: an `image` with its configuration and layers, an `index` of platforms, or `other`.',
    }),
  })
  .meta({ id: 'ImageContents' });

export const changesAnswer = z
  .object({
    push: z.string(),
    digest: z.string(),
    against: z
      .object({
        push: z.string(),
        digest: z.string(),
        verdict: z.string().nullable(),
        receivedAt: time,
        pushesBack: z
          .int()
          .meta({ description: '1: the push right before. More: those in between were rogue, undecided or the same.' }),
      })
      .nullable()
      .meta({ description: "The tag's last image that is not in doubt; null: it had none." }),
    after: known,
    before: known.nullable(),
    change: z.unknown().meta({
      description: 'What is different; null unless both are present. Names of variables and labels, never values.',
    }),
  })
  .meta({ id: 'Changes' });
