import { attributionOf, type CredentialFacts, type KeptAttribution } from '../domain/attribution.ts';
import type { CiClaims } from '../domain/ci.ts';
import type { Announcement } from '../domain/evidence.ts';
import { heldAgainst } from '../domain/vouching.ts';
import type { PushToCheck, TagState } from '../usecases/stores.ts';
import { type Blob, digestOf, kindOf, originOf, safeHowOf, verdictOf } from './codec.ts';

/** A row of `pushes` joined with its repository, account and tag, as `LOAD` in checks.ts names the columns. */
export interface LoadedRow {
  repository_id: number;
  seq: number;
  tag: string;
  digest: Blob | null;
  kind: number;
  origin: number;
  received_at: number;
  not_before: number | null;
  actor_id: number | null;
  confirmed_at: number | null;
  verdict: number | null;
  findings: string | null;
  evidence: string | null;
  attempts: number;
  next_at: number | null;
  rev: number;
  actor_name: string | null;
  actor_external: string | null;
  actor_kind: CredentialFacts['kind'] | null;
  actor_mark: CredentialFacts['mark'] | null;
  actor_expected: string | null;
  attribution: string | null;
  attributed: string | null;
  team_id: number;
  registry: string;
  path: string;
  policy: string;
  missed_webhooks: number;
  t_digest: Blob | null;
  t_seq: number | null;
  t_changed_at: number | null;
  t_previous: Blob | null;
  t_previous_at: number | null;
  t_left_at: number | null;
  t_safe: Blob | null;
  t_safe_at: number | null;
  t_safe_how: number | null;
  h_verdict: number | null;
  h_origin: number | null;
}

export interface AnnouncementRow {
  id: number;
  repository_id: number;
  source: 'ci' | 'maintainer';
  phase: Announcement['phase'];
  digest: Blob | null;
  tags: string;
  allowed: number;
  run: string;
  claims: string | null;
  at: number;
  expires_at: number;
  closed_at: number | null;
}

// JSON columns are written by this store alone, from the types they are read back as; `as` says which.

export function announcementOf(row: AnnouncementRow): Announcement {
  return {
    id: row.id,
    source: row.source,
    phase: row.phase,
    digest: digestOf(row.digest),
    tags: JSON.parse(row.tags) as string[],
    allowed: row.allowed === 1,
    run: row.run,
    claims: row.claims === null ? null : (JSON.parse(row.claims) as CiClaims),
    at: row.at,
    expiresAt: row.expires_at,
    closedAt: row.closed_at,
  };
}

/** The account of a webhook; an account has nothing that a token list says. */
function accountOf(row: LoadedRow): CredentialFacts | null {
  if (row.actor_id === null || row.actor_kind === null || row.actor_mark === null || row.actor_name === null)
    return null;
  return {
    id: row.actor_id,
    kind: row.actor_kind,
    name: row.actor_name,
    account: null,
    mark: row.actor_mark,
    expectedOn: row.actor_expected === null ? null : (JSON.parse(row.actor_expected) as number[]),
    createdAt: null,
    createdBy: null,
    creatorIp: null,
  };
}

/** What the push was attributed to, with the credentials as they are marked now. */
function attributed(row: LoadedRow, account: CredentialFacts | null): PushToCheck['attribution'] {
  const kept = row.attribution === null ? null : (JSON.parse(row.attribution) as KeptAttribution);
  const facts = row.attributed === null ? [] : (JSON.parse(row.attributed) as CredentialFacts[]);
  return attributionOf(account, kept, new Map(facts.map((each) => [each.id, each])));
}

/**
 * Two that judge a push at the same moment both try to save. What goes with a save asks whether it is this one that was
 * made, which a count could not tell. 31 bits are 4 bytes in a row.
 */
const newRev = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;

function tagStateOf(row: LoadedRow): TagState | null {
  if (row.t_seq === null || row.t_changed_at === null) return null;
  const previous = digestOf(row.t_previous);
  const safe = digestOf(row.t_safe);
  const headTrusted = row.h_verdict !== null && verdictOf(row.h_verdict) === 'trusted';
  const headBaseline = row.h_origin !== null && originOf(row.h_origin) === 'baseline';
  return {
    digest: digestOf(row.t_digest),
    pushSeq: row.t_seq,
    changedAt: row.t_changed_at,
    previous: previous === null ? null : { digest: previous, at: row.t_previous_at ?? row.t_changed_at },
    leftAt: row.t_left_at,
    safe: safe === null ? null : { digest: safe, at: row.t_safe_at ?? 0, how: safeHowOf(row.t_safe_how ?? 0) },
    settled: headTrusted || headBaseline,
  };
}

export function pushToCheckOf(
  row: LoadedRow,
  announcements: readonly Announcement[],
  runs: PushToCheck['runs'],
): PushToCheck {
  const account = accountOf(row);
  const policy = JSON.parse(row.policy) as PushToCheck['policy'];
  return {
    key: { repository: row.repository_id, seq: row.seq },
    teamId: row.team_id,
    image: { registry: row.registry, path: row.path },
    policy,
    tag: row.tag,
    digest: digestOf(row.digest),
    kind: kindOf(row.kind),
    origin: originOf(row.origin),
    receivedAt: row.received_at,
    notBefore: row.not_before ?? row.received_at,
    pusher:
      row.actor_name === null
        ? null
        : { name: row.actor_name, id: row.actor_external === row.actor_name ? null : row.actor_external },
    actorId: row.actor_id,
    account,
    attribution: attributed(row, account),
    confirmedAt: row.confirmed_at,
    verdict: row.verdict === null ? null : verdictOf(row.verdict),
    findings: row.findings === null ? [] : (JSON.parse(row.findings) as PushToCheck['findings']),
    evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as PushToCheck['evidence']),
    attempts: row.attempts,
    nextAt: row.next_at,
    rev: row.rev,
    nextRev: newRev(),
    missedWebhooks: row.missed_webhooks,
    tagState: tagStateOf(row),
    announcements: announcements.map((announcement) => heldAgainst(policy, announcement)),
    runs,
  };
}
