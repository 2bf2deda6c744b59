import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import type { ImageContents, KnownContents } from '../domain/image-contents.ts';
import type { ContentsStore, WantedContents } from '../usecases/contents-store.ts';
import type { PushKey } from '../usecases/stores.ts';
import { auditEntry } from './audit.ts';
import { type Blob, digestOf, hexParam } from './codec.ts';
import { comparedWith } from './compared.ts';

/** A burst of rogue pushes must not use up what a registry lets us read: beyond that, people ask for what they want. */
const MOST_WAITING = 100;

const ASKED = 'SELECT value ->> 0 AS repository_id, value ->> 1 AS seq, value ->> 2 AS rev FROM json_each(?1)';
/** An attacker may delete what was pushed, so that goes first; what was there before can wait for a burst to pass. */
const DIGESTS = 'SELECT r, own AS digest, 0 AS later FROM asked UNION ALL SELECT r, digest, 1 FROM compared';

// Writes 2 rows per digest (its index), where it is not there yet.
const WANT = `WITH RECURSIVE ${comparedWith(ASKED)}
  INSERT INTO image_contents (repository_id, digest, next_at, later)
  SELECT r, digest, ?2, min(later) FROM (${DIGESTS}) WHERE (SELECT count(*) FROM (SELECT 1 FROM image_contents WHERE next_at IS NOT NULL LIMIT ${MOST_WAITING})) < ${MOST_WAITING}
  GROUP BY r, digest ON CONFLICT (repository_id, digest) DO NOTHING`;

// A person asks: what was tried in vain is tried again.
const ASK = `WITH RECURSIVE ${comparedWith(ASKED)}
  INSERT INTO image_contents (repository_id, digest, next_at, later) SELECT r, digest, ?2, min(later) FROM (${DIGESTS}) WHERE true
  GROUP BY r, digest ON CONFLICT (repository_id, digest) DO UPDATE SET next_at = excluded.next_at, later = excluded.later, attempts = 0
  WHERE contents IS NULL OR problem IS NOT NULL`;

const TAKEN = `RETURNING repository_id, digest, attempts, later, (SELECT registry FROM repositories WHERE id = repository_id) AS registry,
    (SELECT path FROM repositories WHERE id = repository_id) AS path`;
// Reads what is due, of which there is little: see above.
const TAKE = `UPDATE image_contents SET next_at = ?1 + ?2, attempts = attempts + 1
  WHERE (repository_id, digest) IN (SELECT repository_id, digest FROM image_contents INDEXED BY image_contents_due WHERE next_at <= ?1 ORDER BY later, next_at LIMIT ?3)
  ${TAKEN}`;
/** The digests themselves, and what an index among them lists, as far as that is to be read. */
const OF_PUSH = `SELECT i.repository_id, i.digest FROM (SELECT r, own AS digest FROM asked UNION SELECT r, digest FROM compared) d
    JOIN image_contents i ON i.repository_id = d.r AND i.digest = d.digest
  UNION SELECT c.repository_id, c.digest FROM (SELECT r, own AS digest FROM asked UNION SELECT r, digest FROM compared) d
    JOIN image_contents i ON i.repository_id = d.r AND i.digest = d.digest
    CROSS JOIN json_each(i.contents, '$.platforms') e JOIN image_contents c ON c.repository_id = d.r AND c.digest = unhex(substr(e.value ->> 'digest', 8))`;
const TAKE_OF = `WITH RECURSIVE ${comparedWith(ASKED)}
  UPDATE image_contents SET next_at = ?2 + ?3, attempts = attempts + 1
  WHERE next_at <= ?2 AND (repository_id, digest) IN (SELECT o.repository_id, o.digest FROM (${OF_PUSH}) o
    JOIN image_contents w ON w.repository_id = o.repository_id AND w.digest = o.digest WHERE w.next_at <= ?2 ORDER BY w.later, w.next_at LIMIT ?4)
  ${TAKEN}`;

interface TakenRow {
  repository_id: number;
  digest: Blob;
  attempts: number;
  later: number;
  registry: string | null;
  path: string | null;
}

/** Statements for the batch that saves what an alert is about: `revs` are those that this save wrote. */
export function wantContents(
  db: D1Database,
  pushes: readonly (readonly [repository: number, seq: number, rev: number])[],
  now: number,
): D1PreparedStatement {
  return db.prepare(WANT).bind(JSON.stringify(pushes), now);
}

/** What is known of the contents of images; see the port. */
export function createContentsStore(db: D1Database): ContentsStore {
  const keyed = (sql: string, { repository, digest }: WantedContents, ...values: unknown[]): D1PreparedStatement =>
    db.prepare(`${sql} WHERE repository_id = ?1 AND digest = unhex(?2)`).bind(repository, hexParam(digest), ...values);
  return {
    async take(now, leaseMs, limit) {
      const rows = await db.prepare(TAKE).bind(now, leaseMs, limit).all<TakenRow>();
      return inTurn(rows.results);
    },
    async takeOf(push, now, leaseMs, limit) {
      const rows = await db.prepare(TAKE_OF).bind(keysOf(push), now, leaseMs, limit).all<TakenRow>();
      return inTurn(rows.results);
    },
    async save(wanted, contents, { digests, againAt }, now) {
      const problem =
        contents.kind === 'image' && contents.config.state === 'unavailable' ? contents.config.reason : null;
      const save = keyed(
        'UPDATE image_contents SET contents = ?3, read_at = ?4, tried_at = ?4, problem = ?5, next_at = ?6',
        wanted,
        JSON.stringify(contents),
        now,
        problem,
        againAt,
      );
      const children = db
        .prepare(
          `INSERT INTO image_contents (repository_id, digest, next_at, later) SELECT ?1, unhex(j.value), ?3,
             (SELECT later FROM image_contents WHERE repository_id = ?1 AND digest = unhex(?4)) FROM json_each(?2) j WHERE true
           ON CONFLICT (repository_id, digest) DO NOTHING`,
        )
        .bind(wanted.repository, JSON.stringify(digests.map(hexParam)), now, hexParam(wanted.digest));
      await db.batch(digests.length === 0 ? [save] : [save, children]);
    },
    async fail(wanted, reason, nextAt, now) {
      await keyed(
        'UPDATE image_contents SET problem = ?3, tried_at = ?4, next_at = ?5',
        wanted,
        reason,
        now,
        nextAt,
      ).run();
    },
    async putBack(wanted, nextAt) {
      await keyed('UPDATE image_contents SET next_at = ?3, attempts = max(0, attempts - 1)', wanted, nextAt).run();
    },
    async nextDue() {
      const row = await db
        .prepare(
          'SELECT min(next_at) AS at FROM image_contents INDEXED BY image_contents_due WHERE next_at IS NOT NULL',
        )
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
    async want(push, now, audit) {
      await db.batch([db.prepare(ASK).bind(keysOf(push), now), auditEntry(db, audit)]);
    },
  };
}

const keysOf = ({ repository, seq }: PushKey): string => JSON.stringify([[repository, seq]]);

/** RETURNING keeps no order. */
const inTurn = (rows: readonly TakenRow[]): WantedContents[] =>
  rows.toSorted((a, b) => a.later - b.later).flatMap(wantedOf);

/** Of an image that is watched no more there is nothing to read. */
function wantedOf({ repository_id, digest, attempts, registry, path }: TakenRow): WantedContents[] {
  const known = digestOf(digest);
  if (known === null || registry === null || path === null) return [];
  return [{ repository: repository_id, digest: known, attempts, image: { registry, path } }];
}

/** A row as it is read for people; of one that is not there, every column is null. */
export interface ContentsRow {
  digest: Blob;
  next_at: number | null;
  tried_at: number | null;
  problem: string | null;
  read_at: number | null;
  contents: string | null;
}

export const CONTENTS_COLUMNS = 'i.digest, i.next_at, i.tried_at, i.problem, i.read_at, i.contents';

export function knownOf(rows: readonly ContentsRow[]): ReadonlyMap<Digest, KnownContents> {
  return new Map(
    rows.flatMap((row) => {
      const digest = digestOf(row.digest);
      return digest === null ? [] : [[digest, known(row)] as const];
    }),
  );
}

function known({ contents, read_at, tried_at, problem, next_at }: ContentsRow): KnownContents {
  if (contents !== null) {
    // JSON is read back as the type that was written.
    return { state: 'present', contents: JSON.parse(contents) as ImageContents, readAt: read_at ?? 0 };
  }
  if (problem !== null) return { state: 'unavailable', reason: problem, triedAt: tried_at ?? 0, nextAt: next_at };
  return next_at === null ? { state: 'not-read' } : { state: 'waiting' };
}
