import type { D1Database } from '@cloudflare/workers-types';
import type { KeptAttribution } from '../domain/attribution.ts';
import type { CredentialKind } from '../domain/credential.ts';
import { isToken } from '../domain/credential.ts';
import type { Resource } from '../domain/token-reach.ts';
import type {
  AttributableToken,
  AttributionStore,
  NewAttribution,
  NewSighting,
  OpenRow,
  RecentPush,
} from '../usecases/credential-stores.ts';
import { type Blob, hexOf, originCode, sightingActionCode } from './codec.ts';
import { recordSeen } from './seen-pushes.ts';
import { addSightings, removeSightings } from './sightings.ts';

/** By so much the clock of a registry's log may be ahead of ours, in ms. */
const LOG_SKEW_MS = 2 * 60_000;

const PUSH = `p.repository_id AS repository, p.seq, r.path, p.received_at AS receivedAt, p.not_before AS notBefore, p.attribution,
  ac.id AS accountId, ac.name AS accountName`;

interface PushRow {
  repository: number;
  seq: number;
  path: string;
  receivedAt: number;
  notBefore: number | null;
  attribution: string | null;
  accountId: number | null;
  accountName: string | null;
}

// JSON columns are read back as the types that were written; `as` says which.
function pushOf(row: PushRow): RecentPush {
  const { accountId: id, accountName: name } = row;
  return {
    key: { repository: row.repository, seq: row.seq },
    path: row.path,
    notBefore: row.notBefore ?? row.receivedAt,
    receivedAt: row.receivedAt,
    account: id === null || name === null ? null : { id, name },
    attribution: row.attribution === null ? null : (JSON.parse(row.attribution) as KeptAttribution),
  };
}

// Reads a row per open row, and of the digest index the pushes of its tag at its digest since then.
const OPEN = `SELECT a.at, a.key, a.seen_at AS seenAt, a.actor, a.credential_id AS credential, k.kind, a.repository_id AS watched,
    a.data ->> 'tag' AS tag, a.data ->> 'digest' AS digest, w.path AS watchedPath, ${PUSH}
  FROM audit_rows a INDEXED BY audit_rows_open JOIN repositories w ON w.id = a.repository_id LEFT JOIN credentials k ON k.id = a.credential_id
    LEFT JOIN pushes p ON p.repository_id = a.repository_id AND p.seq = (SELECT o.seq FROM pushes o INDEXED BY pushes_by_digest
      WHERE o.repository_id = a.repository_id AND substr(o.digest, 1, 8) = substr(unhex(substr(a.data ->> 'digest', 8)), 1, 8)
        AND o.tag = a.data ->> 'tag' AND o.digest = unhex(substr(a.data ->> 'digest', 8)) AND o.received_at >= a.at - ${LOG_SKEW_MS}
        AND o.origin <> ${originCode('baseline')} AND coalesce(o.attribution ->> 'by', '') <> 'audit-log' ORDER BY o.seq LIMIT 1)
    LEFT JOIN repositories r ON r.id = p.repository_id LEFT JOIN credentials ac ON ac.id = p.actor_id
  WHERE a.source_id = ?1 AND a.open = 1 ORDER BY a.at, a.key LIMIT ?2`;

interface OpenSql extends Omit<PushRow, 'repository' | 'seq'> {
  at: number;
  key: Blob;
  seenAt: number;
  actor: string;
  credential: number | null;
  kind: CredentialKind | null;
  watched: number;
  tag: string | null;
  digest: string | null;
  repository: number | null;
  seq: number | null;
}

function openRowOf(source: number, row: OpenSql): OpenRow {
  const { repository, seq } = row;
  const isKnown = repository !== null && seq !== null;
  return {
    source,
    at: row.at,
    key: hexOf(row.key),
    seenAt: row.seenAt,
    actor: row.actor,
    credential: row.credential,
    isToken: row.kind !== null && isToken(row.kind),
    repository: row.watched,
    tag: row.tag ?? '',
    digest: row.digest as OpenRow['digest'], // only rows with a digest are opened
    push: isKnown ? pushOf({ ...row, repository, seq }) : null,
  };
}

// Reads the account's own sightings since a time, and their pushes by key.
const RECENT = `SELECT ${PUSH} FROM credentials c JOIN sightings s ON s.credential_id = c.id AND s.at >= ?3 AND s.action = ${sightingActionCode('push')}
    JOIN repositories r ON r.id = s.repository_id AND r.registry = 'docker.io'
    JOIN pushes p ON p.repository_id = s.repository_id AND p.seq = s.seq LEFT JOIN credentials ac ON ac.id = p.actor_id
  WHERE c.team_id = ?1 AND c.kind = 'dockerhub-account' AND c.external_id IN (SELECT value FROM json_each(?2))
  ORDER BY s.at DESC LIMIT ?4`;

// Reads the tokens of the accounts, and of each its uses since a time.
const TOKENS = `SELECT c.id, c.kind, c.account, c.created_at AS createdAt, c.expires_at AS expiresAt, c.gone_at AS goneAt, c.scopes, c.resources,
    c.creator_ip AS creatorIp, c.created_by AS createdBy,
    (SELECT json_group_array(json_object('at', s.at, 'since', s.since)) FROM sightings s
      WHERE s.credential_id = c.id AND s.at >= ?3 AND s.action = ${sightingActionCode('use')}) AS uses
  FROM credentials c WHERE c.team_id = ?1 AND c.account IN (SELECT value FROM json_each(?2)) ORDER BY c.id LIMIT 2000`;

type TokenRow = Omit<AttributableToken, 'scopes' | 'resources' | 'uses'> & {
  scopes: string | null;
  resources: string | null;
  uses: string;
};

const tokenOf = (row: TokenRow): AttributableToken => ({
  ...row,
  scopes: row.scopes === null ? null : (JSON.parse(row.scopes) as string[]),
  resources: row.resources === null ? null : (JSON.parse(row.resources) as Resource[]),
  uses: JSON.parse(row.uses) as AttributableToken['uses'],
});

/** A push is judged again when it becomes known who made it: whoever judges it at this moment saves nothing. */
const ATTRIBUTE = `UPDATE pushes SET attribution = j.value ->> 'attribution', next_at = iif(verdict IS NULL, next_at, ?2), rev = rev + 1
  FROM json_each(?1) j WHERE pushes.repository_id = j.value ->> 'repository' AND pushes.seq = j.value ->> 'seq'
    AND pushes.attribution IS NOT j.value ->> 'attribution'`;

const CLOSE = `UPDATE audit_rows SET open = NULL, seq = j.value ->> 'seq' FROM json_each(?1) j
  WHERE audit_rows.source_id = j.value ->> 'source' AND audit_rows.at = j.value ->> 'at' AND audit_rows.key = unhex(j.value ->> 'key')`;

/** Who pushed what, as far as logs and lists of tokens tell. */
export function createAttributionStore(db: D1Database): AttributionStore {
  return {
    async openRows(source, limit) {
      const rows = await db.prepare(OPEN).bind(source.id, limit).all<OpenSql>();
      return rows.results.map((row) => openRowOf(source.id, row));
    },
    async recentPushes(teamId, accounts, since, limit) {
      const rows = await db.prepare(RECENT).bind(teamId, JSON.stringify(accounts), since, limit).all<PushRow>();
      return rows.results.map(pushOf);
    },
    async tokens(teamId, accounts, since) {
      const rows = await db.prepare(TOKENS).bind(teamId, JSON.stringify(accounts), since).all<TokenRow>();
      return rows.results.map(tokenOf);
    },
    async usedBefore(asked) {
      if (asked.length === 0) return [];
      const rows = await db
        .prepare(
          `SELECT (SELECT s.at FROM sightings s WHERE s.credential_id = j.value ->> 0 AND s.at < j.value ->> 1 ORDER BY s.at DESC LIMIT 1) AS at
           FROM json_each(?1) j ORDER BY j.key`,
        )
        .bind(JSON.stringify(asked.map(({ credential, before }) => [credential, before])))
        .all<{ at: number | null }>();
      return rows.results.map(({ at }) => at);
    },
    async save(attributions, now) {
      if (attributions.length === 0) return;
      const set = attributions.map(({ push: { key }, attribution }) => ({
        ...key,
        attribution: attribution === null ? null : JSON.stringify(attribution),
      }));
      const closed = attributions.flatMap(({ push, closes }) =>
        closes === null ? [] : [{ ...closes, seq: push.key.seq }],
      );
      await db.batch([
        db.prepare(ATTRIBUTE).bind(JSON.stringify(set), now),
        ...removeSightings(db, attributions.flatMap(withdrawn)),
        ...addSightings(db, attributions.flatMap(attributedUses), now),
        ...(closed.length === 0 ? [] : [db.prepare(CLOSE).bind(JSON.stringify(closed))]),
      ]);
    },
    async closeRow(row, now) {
      const { source, at, key, credential, repository, tag, digest } = row;
      const detail = { event: 'repo.tag.push', tag, digest };
      const what = { since: null, source: 'audit-log', action: 'push', strength: 'named', seq: null, detail } as const;
      const sightings = credential === null ? [] : [{ credential, at, key: `l${key}`, repository, ...what }];
      await db.batch([
        ...addSightings(db, sightings, now),
        db.prepare(CLOSE).bind(JSON.stringify([{ source, at, key, seq: null }])),
      ]);
    },
    recordSeen: (seen, now) => recordSeen(db, seen, now),
  };
}

const pushKeyOf = ({ key }: RecentPush): string => `p${key.repository}-${key.seq}`;

function withdrawn({ push }: NewAttribution): Pick<NewSighting, 'credential' | 'at' | 'key'>[] {
  const { attribution } = push;
  // What a log says of an account stays true when its token becomes known.
  if (attribution === null || (attribution.by === 'audit-log' && attribution.account !== null)) return [];
  return attribution.uses.map(({ credential }) => ({ credential, at: push.receivedAt, key: pushKeyOf(push) }));
}

function attributedUses({ push, attribution }: NewAttribution): NewSighting[] {
  if (attribution === null) return [];
  const { repository, seq } = push.key;
  const { strength, by: source } = attribution;
  const what = { since: null, source, action: 'push', strength, repository, seq, detail: null } as const;
  return attribution.uses.map(({ credential }) => ({ credential, at: push.receivedAt, key: pushKeyOf(push), ...what }));
}
