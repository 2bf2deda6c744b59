import * as z from 'zod';
import { time } from './common.ts';

/** `C-12` */
export const credentialId = z.object({
  id: z
    .string()
    .regex(/^C-\d{1,12}$/, { error: 'expected an id like C-12' })
    .transform((id) => Number(id.slice(2))),
});

export const kind = z.enum([
  'dockerhub-account',
  'github-sender',
  'distribution-actor',
  'dockerhub-pat',
  'dockerhub-oat',
  'dockerhub-oidc',
]);
export const mark = z.enum(['none', 'expected', 'unexpected', 'retired', 'canary']);

export const credentialAnswer = z
  .object({
    id: z.string(),
    kind,
    externalId: z.string().meta({ description: "The registry's own id." }),
    name: z.string().meta({ description: 'Label of a token, name of an account: as strangers wrote it.' }),
    account: z.string().nullable().meta({ description: 'Account whose name its pushes carry; null for an account.' }),
    source: z.int().nullable(),
    createdBy: z.string().nullable(),
    createdAt: time.nullable(),
    creatorIp: z.string().nullable(),
    expiresAt: time.nullable(),
    scopes: z.array(z.string()).nullable().meta({ description: 'null: the registry does not say.' }),
    resources: z
      .array(z.object({ type: z.string(), path: z.string(), scopes: z.array(z.string()) }))
      .nullable()
      .meta({ description: 'null: all that its account reaches, or not known.' }),
    active: z.boolean().nullable(),
    lastUsedAt: time.nullable().meta({ description: 'As the registry says.' }),
    goneAt: time.nullable().meta({ description: 'Since when it is not listed, or not active, any more.' }),
    firstSeenAt: time,
    lastSeenAt: time.nullable().meta({ description: 'Its last sighting here.' }),
    mark,
    expectedOn: z.array(z.int()).nullable(),
    ciOnly: z.boolean(),
    note: z.string().nullable(),
    markedAt: time.nullable(),
    markedBy: z.string().nullable(),
  })
  .meta({ id: 'Credential' });

export const sightingAnswer = z
  .object({
    id: z.string(),
    credential: z.string(),
    at: time,
    since: time.nullable().meta({
      description: 'It was used at `at`, and may have been before, since then: a registry keeps one last-used time.',
    }),
    seenAt: time,
    source: z.enum(['webhook', 'token-list', 'audit-log']),
    action: z.enum(['push', 'use', 'tag-delete', 'settings', 'token', 'other']),
    strength: z.enum(['named', 'deduced', 'ambiguous']),
    repository: z.int().nullable(),
    image: z.string().nullable(),
    push: z.string().nullable(),
    detail: z.looseObject({}).nullable(),
  })
  .meta({ id: 'Sighting' });

export const dayAnswer = z
  .object({
    day: z.iso.date(),
    credential: z.string(),
    repository: z.int().nullable().meta({ description: 'null: none that is watched.' }),
    pushes: z.int().meta({ description: 'Named or deduced.' }),
    possible: z.int().meta({ description: 'Pushes that it may have made, as others may have.' }),
    uses: z.int().meta({ description: 'Other uses, last-used times that moved among them.' }),
  })
  .meta({ id: 'CredentialDay' });

const DAY_MS = 86_400_000;
const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).transform((text) => Date.parse(text));

/** A span of time; a year up to now if nothing is given. */
export const spanQuery = z.object({
  from: moment.optional().meta({ description: 'RFC 3339, or a date. A year before `to` if left out.' }),
  to: moment.optional().meta({ description: 'Now if left out.' }),
});

export function spanOf(query: z.output<typeof spanQuery>, now: number): { readonly from: number; readonly to: number } {
  const to = query.to ?? now;
  return { from: query.from ?? to - 366 * DAY_MS, to };
}
