import * as z from 'zod';
import { time } from './common.ts';
import { kind, mark, spanQuery } from './credentials.ts';

export const reportQuery = spanQuery.extend({
  format: z.enum(['json', 'csv', 'markdown']).optional().meta({ description: 'Else what Accept asks for, or JSON.' }),
  cursor: z.string().max(200).optional().meta({ description: '`next` of the page before.' }),
});

const certainty = z.enum(['attributed', 'possible', 'unknown']).meta({
  description:
    'attributed: named or deduced. possible: other tokens fit as well. unknown: its account did it, and nobody says with what.',
});
const strength = z.enum(['named', 'deduced', 'ambiguous', 'unknown']);
const by = z.enum(['webhook', 'token-list', 'audit-log']);
const count = z
  .object({
    pushes: z.int(),
    digests: z.int(),
    rogue: z.int().meta({ description: 'Of the digests: each counts once, by the worst that was said of it.' }),
    undetermined: z.int(),
    pending: z.int(),
    trusted: z.int(),
    notJudged: z.int(),
  })
  .meta({ id: 'PushCount' });

const before = z
  .object({ digest: z.string(), at: time, how: z.enum(['trusted', 'baseline']), bySame: z.boolean() })
  .meta({ id: 'TrustedBefore' });

const push = z
  .object({
    certainty,
    strength,
    by: by.meta({ description: 'Who says so.' }),
    at: time.meta({ description: 'When we heard of it, or as the log says.' }),
    id: z.string().nullable().meta({ description: 'null: only a log tells of it.' }),
    image: z.string(),
    watched: z.boolean(),
    tag: z.string(),
    digest: z.string().nullable(),
    kind: z.string().nullable(),
    verdict: z.enum(['pending', 'trusted', 'rogue', 'undetermined']).nullable(),
    findings: z.array(z.looseObject({ code: z.string() })),
    evidence: z
      .object({
        ci: z.enum(['announced', 'provenance', 'mismatch', 'absent', 'awaited', 'unknown']),
        signature: z.enum(['valid', 'untrusted', 'invalid', 'absent', 'unavailable', 'not-looked-for']),
      })
      .nullable(),
    alert: z.string().nullable(),
    current: z.boolean().nullable().meta({ description: 'Whether the tag points there still; null: not known.' }),
    trustedBefore: before.nullable().meta({ description: 'The last trusted digest of the tag before it.' }),
    safe: before.nullable().meta({ description: 'The last one that this credential did not push in the span.' }),
  })
  .meta({ id: 'BlastRadiusPush' });

const use = z
  .object({
    certainty,
    strength,
    by,
    at: time,
    since: time.nullable(),
    action: z.enum(['use', 'tag-delete', 'settings', 'token', 'other']),
    image: z.string().nullable(),
    detail: z.looseObject({}).nullable(),
  })
  .meta({ id: 'BlastRadiusUse' });

const reached = z.object({
  repository: z.int(),
  image: z.string(),
  watchedSince: time,
  why: z.array(z.enum(['granted', 'account', 'seen'])),
  seen: z.array(
    z.object({ by: z.enum(['itself', 'account']), pushes: z.int(), possible: z.int(), lastDay: z.iso.date() }),
  ),
});

export const blastRadiusAnswer = z
  .object({
    credential: z.object({
      id: z.string(),
      kind,
      name: z.string(),
      account: z.string().nullable(),
      createdAt: time.nullable(),
      createdBy: z.string().nullable(),
      expiresAt: time.nullable(),
      lastUsedAt: time.nullable(),
      goneAt: time.nullable(),
      firstSeenAt: time,
      mark,
    }),
    from: time,
    to: time,
    madeAt: time,
    tokens: z
      .array(z.object({ id: z.string(), kind, name: z.string(), lastUsedAt: time.nullable(), goneAt: time.nullable() }))
      .meta({ description: 'Of an account: its tokens, which have reports of their own.' }),
    summary: z
      .object({
        attributed: count,
        possible: count,
        unknown: count,
        others: z.int().meta({ description: "The account's pushes that were certainly made with something else." }),
        repositories: z.int(),
        safeDigests: z.int().meta({ description: 'Tags of this page to be restored, and the digest is known.' }),
        countedSince: time.meta({ description: 'Later than `from` if there is more than is counted at once.' }),
      })
      .nullable()
      .meta({ description: 'null on pages after the first.' }),
    reach: z.object({
      mayPush: z.boolean().nullable().meta({ description: 'By its scopes; null: the registry does not say.' }),
      repositories: z.array(reached),
      open: z
        .array(z.object({ type: z.enum(['repository', 'pattern', 'organization']), path: z.string() }))
        .meta({ description: 'Granted and not watched, or more than can be told from here.' }),
    }),
    pushes: z.array(push),
    uses: z.array(use),
    notCovered: z
      .array(z.looseObject({ kind: z.string() }))
      .meta({ description: 'What this report cannot know. Never to be read as: nothing happened.' }),
    next: z.string().nullable(),
  })
  .meta({ id: 'BlastRadius' });
