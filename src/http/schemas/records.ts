import * as z from 'zod';
import { time } from './common.ts';

/** What the API answers with. Times are RFC 3339 in UTC, digests whole. */

const digest = z.string().nullable();

export const webhookAnswer = z
  .object({
    id: z.int().meta({ description: 'The hook. Other images may share it.' }),
    url: z
      .string()
      .nullable()
      .meta({ description: 'Shown once where it holds the secret (Docker Hub, Distribution); null afterwards.' }),
    secret: z.string().optional().meta({ description: 'GitHub only, shown once.' }),
    oldSecretUntil: time.optional().meta({ description: 'After a rotation: until when the old secret works.' }),
    instructions: z.array(z.string()),
  })
  .meta({ id: 'Webhook' });

export const repositoryAnswer = z
  .object({
    id: z.int(),
    image: z.string(),
    provider: z.enum(['dockerhub', 'github', 'distribution']),
    hook: z.int(),
    policy: z.unknown(),
    alertChannel: z.string().nullable(),
    createdAt: time,
    baseline: z.object({ state: z.enum(['reading', 'done']), tags: z.int().nullable() }),
    sweptAt: time.nullable(),
    sweepFailures: z.int(),
    missedWebhooks: z.int().meta({ description: 'Pushes in a row that only the sweep saw.' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'Repository' });

export const registeredAnswer = repositoryAnswer
  .extend({ webhook: webhookAnswer })
  .meta({ id: 'RegisteredRepository' });

export const deliveryAnswer = z
  .object({
    id: z.string(),
    hook: z.int(),
    receivedAt: time,
    repository: z.int().nullable(),
    outcome: z.enum(['recorded', 'noted', 'not-understood', 'unwatched']),
    event: z.string(),
    userAgent: z.string(),
    bodySha256: z.string(),
    repeats: z.int(),
    problem: z.string().nullable(),
  })
  .meta({ id: 'Delivery' });

const attribution = z
  .object({
    strength: z.enum(['named', 'deduced', 'ambiguous', 'unknown']).meta({
      description:
        "named: the registry's log or a signed webhook names it. deduced: the only token that fits by its last use. ambiguous: all that fit. unknown: only the account is known, if that.",
    }),
    by: z.enum(['webhook', 'audit-log', 'token-list']).nullable(),
    credentials: z.array(z.string()),
  })
  .meta({ id: 'Attribution' });

export const pushAnswer = z
  .object({
    id: z.string(),
    image: z.string(),
    tag: z.string().meta({ description: 'Empty for a manifest pushed by digest.' }),
    digest,
    kind: z.enum(['unresolved', 'manifest', 'index', 'artifact', 'child', 'untagged', 'deleted']),
    origin: z.enum(['dockerhub', 'github', 'distribution', 'read-back', 'sweep', 'baseline', 'audit-log']),
    receivedAt: time,
    pushedAt: time.nullable().meta({ description: "The registry's own time, where it gives one." }),
    confirmedAt: time.nullable().meta({ description: 'When the registry confirmed that the tag has this digest.' }),
    pusher: z.object({ name: z.string(), id: z.string().nullable() }).nullable(),
    attribution,
    previousDigest: digest,
    foldedInto: digest.meta({ description: 'The index a part belongs to, or the digest a signature is about.' }),
    verdict: z
      .enum(['pending', 'trusted', 'rogue', 'undetermined'])
      .nullable()
      .meta({ description: 'null: not judged (baseline, deletions, what is folded).' }),
    findings: z.array(z.looseObject({ code: z.string() })),
    wants: z
      .array(z.string())
      .meta({ description: 'What a pending push waits for, or an undetermined one never got.' }),
    evidence: z.unknown().meta({
      description:
        'What was found. `ci`: how CI vouches for it (expected, announced, provenance, concurrent), its `run`, and whether that is strong or weak.',
    }),
    alert: z.string().nullable(),
    nextCheckAt: time.nullable(),
  })
  .meta({ id: 'Push' });

export const tagAnswer = z
  .object({
    name: z.string(),
    digest,
    changedAt: time,
    safe: z.object({ digest: z.string(), at: time, how: z.enum(['trusted', 'baseline']) }).nullable(),
    deletedAt: time.nullable(),
  })
  .meta({ id: 'Tag' });

export const alertAnswer = z
  .object({
    id: z.string(),
    about: z.enum(['push', 'credential', 'settings']).meta({
      description: 'A push; or a use of a watched credential, or a change of settings, which go with no push of ours.',
    }),
    credential: z.string().nullable(),
    repository: z.int().nullable(),
    state: z.enum(['open', 'acknowledged', 'closed']),
    image: z.string().nullable(),
    tags: z.array(z.string()),
    digest,
    previousDigest: digest,
    safe: z.object({ digest: z.string(), how: z.enum(['trusted', 'baseline']) }).nullable(),
    findings: z.array(z.looseObject({ code: z.string() })),
    pusher: z.object({ name: z.string(), id: z.string().nullable() }).nullable(),
    push: z.string().nullable(),
    openedAt: time,
    updatedAt: time,
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time.nullable(),
    closedAt: time.nullable(),
    closedBy: z.string().nullable(),
    resolution: z.string().nullable(),
    reason: z.string().nullable(),
    severity: z.enum(['notice', 'high', 'critical']),
    burst: z.string().nullable().meta({ description: 'The burst it is part of: one message speaks for all of them.' }),
    remindAt: time.nullable().meta({ description: 'When it is said again that nobody has it.' }),
  })
  .meta({ id: 'Alert' });

export const channelAnswer = z
  .object({
    id: z.int(),
    name: z.string(),
    kind: z.enum(['slack-webhook', 'slack-bot', 'discord', 'teams', 'webhook', 'email']),
    default: z.boolean(),
    health: z.boolean(),
    minSeverity: z.enum(['notice', 'high', 'critical']),
    interactions: z
      .string()
      .nullable()
      .meta({ description: 'The Request URL of its Slack app, if messages have buttons; null: they have none.' }),
    anyoneMayAcknowledge: z.boolean(),
    secret: z.string().optional().meta({ description: 'Of a webhook, if it was made here; shown once.' }),
    refused: z
      .string()
      .nullable()
      .meta({ description: 'Why the channel refuses messages for good; nothing is sent until it is changed.' }),
    createdAt: time,
  })
  .meta({ id: 'Channel' });

export const keyAnswer = z
  .object({
    id: z.int(),
    name: z.string(),
    scope: z.enum(['read', 'admin']),
    createdAt: time,
    createdBy: z.string(),
    lastUsedAt: time.nullable(),
  })
  .meta({ id: 'ApiKey' });

/** A page of a list; pass `next` as `cursor` to read on. */
export const page = <T extends z.ZodType>(items: T) => z.object({ items: z.array(items), next: z.string().nullable() });
