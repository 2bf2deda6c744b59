import * as z from 'zod';
import { type Digest, isDigest } from '../../domain/digest.ts';
import { type ImageName, InvalidReference, isTag, parseImageName } from '../../domain/reference.ts';

/** An image name as people write it; narrowed to its normal form. */
export const imageText = z
  .string()
  .max(512)
  .transform((text, context): ImageName => {
    try {
      return parseImageName(text);
    } catch (error) {
      if (!(error instanceof InvalidReference)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  })
  .meta({
    description: 'Image without tag or digest: `docker.io/org/app`, `ghcr.io/org/app`.',
    examples: ['docker.io/org/app'],
  });

export const digestText = z
  .string()
  .refine((text): text is Digest => isDigest(text), { error: 'expected sha256: and 64 lower-case hex digits' })
  .meta({ description: '`sha256:` and 64 hex digits.', pattern: '^sha256:[0-9a-f]{64}$' });

export const tagText = z
  .string()
  .refine(isTag, { error: 'expected a tag: at most 128 of A-Z a-z 0-9 . _ -, not starting with . or -' })
  .meta({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$' });

/** A person's own word for something. */
export const nameText = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9 ._@-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, spaces or . _ @ -' });

export const time = z.iso.datetime().meta({ description: 'UTC, RFC 3339.' });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().meta({ description: '`next` of the page before.' }),
});

export const idParam = z.object({ id: z.coerce.number().int().positive() });

/** ms since the epoch, as the API writes times. */
export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
