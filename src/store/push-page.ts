import type { D1Database } from '@cloudflare/workers-types';
import type { Comparison } from '../domain/comparison.ts';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import type { Digest } from '../domain/digest.ts';
import type { Announcement } from '../domain/evidence.ts';
import type { Verdict } from '../domain/finding.ts';
import type { Policy } from '../domain/policy.ts';
import type { PushKey } from '../usecases/stores.ts';
import { type Blob, DAY_MS, digestOf, safeHowOf, verdictOf } from './codec.ts';
import { comparisonOf, comparisonStatements } from './comparisons.ts';
import { DELIVERY, type DeliveryRecord, type DeliveryRow, deliveryOf } from './delivery-rows.ts';
import { PUSH_COLUMNS, PUSH_JOINS, type PushRecord, type PushRow, pushOf } from './history.ts';
import { ALERT_COLUMNS, type AlertRecord, type AlertRow, alertOf } from './inbox.ts';
import { type AnnouncementRow, announcementOf } from './rows.ts';

/** Another push, in a line. */
export interface PushBrief {
  readonly seq: number;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly verdict: Verdict | null;
  readonly receivedAt: number;
}

/** A credential that the push is, or may be, by. */
export interface NamedCredential {
  readonly id: number;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly account: string | null;
  readonly mark: CredentialMark;
}

/** The push's tag as it is now. */
export interface TagNow {
  readonly digest: Digest | null;
  readonly pushSeq: number;
  readonly changedAt: number;
  readonly safe: { readonly digest: Digest; readonly how: 'trusted' | 'baseline' } | null;
  readonly deletedAt: number | null;
}

/** All that there is to see of a push. */
export interface PushPage {
  readonly push: PushRecord;
  readonly policy: Policy;
  readonly deliveries: readonly DeliveryRecord[];
  readonly alert: AlertRecord | null;
  readonly tag: TagNow | null;
  readonly previous: PushBrief | null;
  /** The tag's push after it, if it is one of its latest 50. */
  readonly next: PushBrief | null;
  /** Other pushes of the same digest to this image, at most 21. */
  readonly sameDigest: readonly PushBrief[];
  /** At most 51. */
  readonly credentials: readonly NamedCredential[];
  /** What was announced around it, newest first, at most 6; the one that vouches for it is among them. */
  readonly announcements: readonly Announcement[];
  /** `null`: nothing that could be compared. */
  readonly comparison: Comparison | null;
}

const OWN = `o AS MATERIALIZED (SELECT p.*, r.hook_id, r.team_id FROM pushes p JOIN repositories r ON r.id = p.repository_id
    WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq = ?3)`;
const BRIEF = 's.seq, s.tag, s.digest, s.verdict, s.received_at';
const NEXT_WITHIN = 50;
/** As in checks: windows last at most a day. */
const ANNOUNCED_BEFORE_MS = DAY_MS;
const ANNOUNCED_AFTER_MS = 2 * DAY_MS;

/** Each by keys and indexes of the one push; the comments say how many rows that is. */
const STATEMENTS = [
  `SELECT ${PUSH_COLUMNS}, r.policy FROM pushes p ${PUSH_JOINS} WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq = ?3`,
  `WITH ${OWN} SELECT ${DELIVERY} FROM o CROSS JOIN deliveries d ON d.hook_id = o.hook_id AND d.day = o.received_at / ${DAY_MS} AND d.key = o.delivery
   UNION ALL SELECT ${DELIVERY} FROM o CROSS JOIN push_deliveries l ON l.repository_id = o.repository_id AND l.seq = o.seq
     CROSS JOIN deliveries d ON d.hook_id = o.hook_id AND d.day = l.day AND d.key = l.key LIMIT 20`,
  `SELECT ${ALERT_COLUMNS} FROM alerts WHERE team_id = ?1 AND id = (SELECT alert_id FROM pushes WHERE repository_id = ?2 AND seq = ?3)`,
  `WITH ${OWN} SELECT t.digest, t.push_seq, t.changed_at, t.safe_digest, t.safe_how, t.deleted_at FROM o
     CROSS JOIN tags t ON t.repository_id = o.repository_id AND t.name = o.tag`,
  `WITH ${OWN} SELECT ${BRIEF} FROM o CROSS JOIN pushes s ON s.repository_id = o.repository_id AND s.seq = o.previous`,
  // Pushes lead back only: at most 50 rows from where the tag is now.
  `WITH RECURSIVE ${OWN}, chain (seq, previous, n) AS (
     SELECT s.seq, s.previous, 1 FROM o CROSS JOIN tags t ON t.repository_id = o.repository_id AND t.name = o.tag
       CROSS JOIN pushes s ON s.repository_id = t.repository_id AND s.seq = t.push_seq
     UNION ALL SELECT s.seq, s.previous, c.n + 1 FROM chain c CROSS JOIN pushes s ON s.repository_id = ?2 AND s.seq = c.previous
       WHERE c.n < ${NEXT_WITHIN} AND c.previous > ?3)
   SELECT ${BRIEF} FROM chain c CROSS JOIN pushes s ON s.repository_id = ?2 AND s.seq = c.seq WHERE c.previous = ?3`,
  `WITH ${OWN} SELECT ${BRIEF} FROM o CROSS JOIN pushes s INDEXED BY pushes_by_digest ON s.repository_id = o.repository_id AND s.digest IS NOT NULL
     AND substr(s.digest, 1, 8) = substr(o.digest, 1, 8) AND s.digest = o.digest AND s.seq <> o.seq LIMIT 21`,
  `WITH ${OWN} SELECT k.id, k.kind, k.name, k.account, k.mark FROM (SELECT actor_id AS id FROM o WHERE actor_id IS NOT NULL
       UNION SELECT u.value ->> 'credential' FROM o CROSS JOIN json_each(o.attribution, '$.uses') u) c
     CROSS JOIN credentials k ON k.id = c.id AND k.team_id = ?1 LIMIT 51`,
  `WITH ${OWN} SELECT n.* FROM o CROSS JOIN announcements n ON n.id = o.evidence ->> '$.announcement' AND n.repository_id = o.repository_id
   UNION SELECT * FROM (SELECT n.* FROM o CROSS JOIN announcements n ON n.repository_id = o.repository_id
     AND n.at BETWEEN coalesce(o.not_before, o.received_at) - ${ANNOUNCED_BEFORE_MS} AND o.received_at + ${ANNOUNCED_AFTER_MS} ORDER BY n.at DESC LIMIT 6)
   ORDER BY at DESC`,
] as const;

interface BriefRow {
  seq: number;
  tag: string;
  digest: Blob | null;
  verdict: number | null;
  received_at: number;
}

const briefOf = (row: BriefRow): PushBrief => ({
  seq: row.seq,
  tag: row.tag,
  digest: digestOf(row.digest),
  verdict: row.verdict === null ? null : verdictOf(row.verdict),
  receivedAt: row.received_at,
});

interface TagRow {
  digest: Blob | null;
  push_seq: number;
  changed_at: number;
  safe_digest: Blob | null;
  safe_how: number | null;
  deleted_at: number | null;
}

function tagOf(row: TagRow): TagNow {
  const safe = digestOf(row.safe_digest);
  return {
    digest: digestOf(row.digest),
    pushSeq: row.push_seq,
    changedAt: row.changed_at,
    safe: safe === null ? null : { digest: safe, how: safeHowOf(row.safe_how ?? 0) },
    deletedAt: row.deleted_at,
  };
}

/** What a push's page shows, in one round trip. */
export function createPushPageStore(db: D1Database) {
  return {
    async read(teamId: number, key: PushKey): Promise<PushPage | null> {
      const results = await db.batch([
        ...STATEMENTS.map((sql) => db.prepare(sql).bind(teamId, key.repository, key.seq)),
        ...comparisonStatements(db, teamId, key),
      ]);
      // Each answer has the columns that its statement names.
      const rows = <T>(n: number): T[] => (results[n]?.results ?? []) as T[];
      const [row] = rows<PushRow & { policy: string }>(0);
      if (row === undefined) return null;
      return {
        push: pushOf(row),
        policy: JSON.parse(row.policy) as Policy, // checked before it was stored
        deliveries: rows<DeliveryRow>(1).map(deliveryOf),
        alert: rows<AlertRow>(2).map(alertOf)[0] ?? null,
        tag: rows<TagRow>(3).map(tagOf)[0] ?? null,
        previous: rows<BriefRow>(4).map(briefOf)[0] ?? null,
        next: rows<BriefRow>(5).map(briefOf)[0] ?? null,
        sameDigest: rows<BriefRow>(6).map(briefOf),
        credentials: rows<NamedCredential>(7),
        announcements: rows<AnnouncementRow>(8).map(announcementOf),
        comparison: comparisonOf(results.slice(STATEMENTS.length)),
      };
    },
  };
}

export type PushPageStore = ReturnType<typeof createPushPageStore>;
