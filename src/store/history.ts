import type { D1Database } from '@cloudflare/workers-types';
import type { KeptAttribution } from '../domain/attribution.ts';
import type { Digest } from '../domain/digest.ts';
import type { PushKind, PushOrigin } from '../domain/evidence.ts';
import type { Finding, Verdict } from '../domain/finding.ts';
import { formatImageName } from '../domain/reference.ts';
import type { KeptEvidence } from '../usecases/stores.ts';
import {
  type Blob,
  dayOf,
  digestOf,
  hexOf,
  kindCode,
  kindOf,
  originOf,
  safeHowOf,
  verdictCode,
  verdictOf,
} from './codec.ts';
import { DELIVERY, type DeliveryRecord, type DeliveryRow, deliveryOf } from './delivery-rows.ts';

/** A push as the API shows it. */
export interface PushRecord {
  readonly repository: number;
  readonly seq: number;
  readonly image: string;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly kind: PushKind;
  readonly origin: PushOrigin;
  readonly receivedAt: number;
  readonly pushedAt: number | null;
  readonly confirmedAt: number | null;
  readonly pusher: { readonly name: string; readonly id: string | null } | null;
  readonly actorId: number | null;
  readonly attribution: KeptAttribution | null;
  readonly previousDigest: Digest | null;
  readonly foldedInto: Digest | null;
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  readonly evidence: KeptEvidence | null;
  readonly alertId: number | null;
  readonly nextCheckAt: number | null;
}

export interface PushRow {
  repository_id: number;
  seq: number;
  registry: string;
  path: string;
  tag: string;
  digest: Blob | null;
  kind: number;
  origin: number;
  received_at: number;
  pushed_at: number | null;
  confirmed_at: number | null;
  actor_name: string | null;
  actor_external: string | null;
  actor_id: number | null;
  attribution: string | null;
  previous_digest: Blob | null;
  subject: Blob | null;
  verdict: number | null;
  findings: string | null;
  evidence: string | null;
  alert_id: number | null;
  next_at: number | null;
}

export const PUSH_COLUMNS = `p.repository_id, p.seq, r.registry, r.path, p.tag, p.digest, p.kind, p.origin, p.received_at, p.pushed_at, p.confirmed_at,
  a.name AS actor_name, a.external_id AS actor_external, p.actor_id, p.attribution, b.digest AS previous_digest, p.subject, p.verdict, p.findings, p.evidence, p.alert_id, p.next_at`;
export const PUSH_JOINS = `JOIN repositories r ON r.id = p.repository_id LEFT JOIN credentials a ON a.id = p.actor_id
  LEFT JOIN pushes b ON b.repository_id = p.repository_id AND b.seq = p.previous`;
/** Parts of an index and signatures belong to another push. */
const FOLDED = `(${kindCode('artifact')}, ${kindCode('child')})`;

// JSON columns are read back as the types that were written; `as` says which.
export function pushOf(row: PushRow): PushRecord {
  return {
    repository: row.repository_id,
    seq: row.seq,
    image: formatImageName({ registry: row.registry, path: row.path }),
    tag: row.tag,
    digest: digestOf(row.digest),
    kind: kindOf(row.kind),
    origin: originOf(row.origin),
    receivedAt: row.received_at,
    pushedAt: row.pushed_at,
    confirmedAt: row.confirmed_at,
    pusher:
      row.actor_name === null
        ? null
        : { name: row.actor_name, id: row.actor_external === row.actor_name ? null : row.actor_external },
    actorId: row.actor_id,
    attribution: row.attribution === null ? null : (JSON.parse(row.attribution) as KeptAttribution),
    previousDigest: digestOf(row.previous_digest),
    foldedInto: digestOf(row.subject),
    verdict: row.verdict === null ? null : verdictOf(row.verdict),
    findings: row.findings === null ? [] : (JSON.parse(row.findings) as Finding[]),
    evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as KeptEvidence),
    alertId: row.alert_id,
    nextCheckAt: row.next_at,
  };
}

export interface TagRecord {
  readonly name: string;
  readonly digest: Digest | null;
  readonly changedAt: number;
  readonly safe: { readonly digest: Digest; readonly at: number; readonly how: 'trusted' | 'baseline' } | null;
  readonly deletedAt: number | null;
}

export interface TagRow {
  name: string;
  digest: Blob | null;
  changed_at: number;
  safe_digest: Blob | null;
  safe_at: number | null;
  safe_how: number | null;
  deleted_at: number | null;
}

export const TAG_SELECT =
  'SELECT t.name, t.digest, t.changed_at, t.safe_digest, t.safe_at, t.safe_how, t.deleted_at FROM tags t';

export function tagOf(row: TagRow): TagRecord {
  const safe = digestOf(row.safe_digest);
  return {
    name: row.name,
    digest: digestOf(row.digest),
    changedAt: row.changed_at,
    safe: safe === null ? null : { digest: safe, at: row.safe_at ?? 0, how: safeHowOf(row.safe_how ?? 0) },
    deletedAt: row.deleted_at,
  };
}

/** Reads for people: every query starts from a team and ends after a page. */
export function createHistoryStore(db: D1Database) {
  return {
    /** Newest first, before `cursor` (a `seq`). Reads as many rows as it shows, and those it passes over. */
    async pushes(
      teamId: number,
      repository: number,
      options: { cursor: number; limit: number; verdict: Verdict | null; folded: boolean },
    ): Promise<PushRecord[]> {
      const verdict = options.verdict === null ? '' : `AND p.verdict = ${verdictCode(options.verdict)}`;
      const folded = options.folded ? '' : `AND p.kind NOT IN ${FOLDED}`;
      const rows = await db
        .prepare(
          `SELECT ${PUSH_COLUMNS} FROM pushes p ${PUSH_JOINS} WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq < ?3 ${verdict} ${folded}
           ORDER BY p.seq DESC LIMIT ?4`,
        )
        .bind(teamId, repository, options.cursor, options.limit)
        .all<PushRow>();
      return rows.results.map(pushOf);
    },

    /** A push with the deliveries that told of it. */
    async push(
      teamId: number,
      repository: number,
      seq: number,
    ): Promise<{ push: PushRecord; deliveries: DeliveryRecord[] } | null> {
      const row = await db
        .prepare(
          `SELECT ${PUSH_COLUMNS}, p.delivery, r.hook_id FROM pushes p ${PUSH_JOINS} WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq = ?3`,
        )
        .bind(teamId, repository, seq)
        .first<PushRow & { delivery: Blob | null; hook_id: number }>();
      if (row === null) return null;
      const deliveries = await db
        .prepare(
          `SELECT ${DELIVERY} FROM deliveries d WHERE d.hook_id = ?1 AND d.day = ?2 AND d.key = unhex(?3)
           UNION ALL SELECT ${DELIVERY} FROM push_deliveries l JOIN deliveries d ON d.hook_id = ?1 AND d.day = l.day AND d.key = l.key
           WHERE l.repository_id = ?4 AND l.seq = ?5 LIMIT 50`,
        )
        .bind(row.hook_id, dayOf(row.received_at), row.delivery === null ? '' : hexOf(row.delivery), repository, seq)
        .all<DeliveryRow>();
      return { push: pushOf(row), deliveries: deliveries.results.map(deliveryOf) };
    },

    async tags(teamId: number, repository: number, after: string, limit: number): Promise<TagRecord[]> {
      const rows = await db
        .prepare(
          `${TAG_SELECT} JOIN repositories r ON r.id = t.repository_id WHERE r.team_id = ?1 AND t.repository_id = ?2 AND t.name > ?3 ORDER BY t.name LIMIT ?4`,
        )
        .bind(teamId, repository, after, limit)
        .all<TagRow>();
      return rows.results.map(tagOf);
    },

    /** The tag's pushes, newest first, along the chain of `previous`: rows read are the rows shown. */
    async tagHistory(
      teamId: number,
      repository: number,
      tag: string,
      cursor: number | null,
      limit: number,
    ): Promise<PushRecord[]> {
      const rows = await db
        .prepare(
          `WITH RECURSIVE chain (seq, n) AS (
             SELECT coalesce(?4, t.push_seq), 1 FROM tags t JOIN repositories r ON r.id = t.repository_id
               WHERE r.team_id = ?1 AND t.repository_id = ?2 AND t.name = ?3
             UNION ALL SELECT p.previous, chain.n + 1 FROM chain JOIN pushes p ON p.repository_id = ?2 AND p.seq = chain.seq
               WHERE p.previous IS NOT NULL AND chain.n < ?5)
           SELECT ${PUSH_COLUMNS} FROM chain JOIN pushes p ON p.repository_id = ?2 AND p.seq = chain.seq AND p.tag = ?3 ${PUSH_JOINS} ORDER BY chain.n`,
        )
        .bind(teamId, repository, tag, cursor, limit)
        .all<PushRow>();
      return rows.results.map(pushOf);
    },
  };
}

export type HistoryStore = ReturnType<typeof createHistoryStore>;
