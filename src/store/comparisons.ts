import type { D1Database, D1PreparedStatement, D1Result } from '@cloudflare/workers-types';
import type { Comparison } from '../domain/comparison.ts';
import type { PushKey } from '../usecases/stores.ts';
import { type Blob, digestOf, verdictOf } from './codec.ts';
import { comparedWith } from './compared.ts';
import { CONTENTS_COLUMNS, type ContentsRow, knownOf } from './image-contents.ts';

const ASKED = `SELECT p.repository_id, p.seq, NULL AS rev FROM pushes p JOIN repositories r ON r.id = p.repository_id
    WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq = ?3`;
const BOTH = 'SELECT r, own AS digest FROM asked UNION SELECT r, digest FROM compared';

const AGAINST = `WITH RECURSIVE ${comparedWith(ASKED)}
  SELECT a.own, c.base AS seq, c.digest, c.back, p.verdict, p.received_at FROM asked a LEFT JOIN compared c ON c.r = a.r AND c.s = a.s
    LEFT JOIN pushes p ON p.repository_id = c.r AND p.seq = c.base`;
// Reads a row per digest, by key: two, and those that an index among them lists.
const CONTENTS = `WITH RECURSIVE ${comparedWith(ASKED)}, tops AS MATERIALIZED (SELECT d.r, d.digest, i.contents FROM (${BOTH}) d
      CROSS JOIN image_contents i ON i.repository_id = d.r AND i.digest = d.digest)
  SELECT ${CONTENTS_COLUMNS} FROM (SELECT r, digest FROM tops
      UNION SELECT t.r, unhex(substr(e.value ->> 'digest', 8)) FROM tops t CROSS JOIN json_each(t.contents, '$.platforms') e) d
    CROSS JOIN image_contents i ON i.repository_id = d.r AND i.digest = d.digest LIMIT 200`;

interface AgainstRow {
  own: Blob;
  seq: number | null;
  digest: Blob | null;
  back: number | null;
  verdict: number | null;
  received_at: number | null;
}

/** For a batch; `comparisonOf` reads the answers. */
export const comparisonStatements = (
  db: D1Database,
  teamId: number,
  { repository, seq }: PushKey,
): D1PreparedStatement[] => [AGAINST, CONTENTS].map((sql) => db.prepare(sql).bind(teamId, repository, seq));

/** `null`: there is no such push, or nothing of it that could be compared. */
export function comparisonOf([against, contents]: readonly D1Result[]): Comparison | null {
  // Each answer has the columns that its statement names.
  const row = against?.results[0] as AgainstRow | undefined;
  const digest = digestOf(row?.own ?? null);
  if (row === undefined || digest === null) return null;
  const before = digestOf(row.digest);
  return {
    digest,
    against:
      before === null || row.seq === null
        ? null
        : {
            seq: row.seq,
            digest: before,
            verdict: row.verdict === null ? null : verdictOf(row.verdict),
            receivedAt: row.received_at ?? 0,
            back: row.back ?? 1,
          },
    contents: knownOf((contents?.results ?? []) as unknown as ContentsRow[]),
  };
}

export function createComparisonStore(db: D1Database) {
  return {
    async read(teamId: number, push: PushKey): Promise<Comparison | null> {
      return comparisonOf(await db.batch(comparisonStatements(db, teamId, push)));
    },
  };
}

export type ComparisonStore = ReturnType<typeof createComparisonStore>;
