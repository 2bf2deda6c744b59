import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Verdict } from '../domain/finding.ts';
import { MONDAY_MS, pushWeekOf, WEEK_MS, WEEKS_SHOWN } from '../domain/push-week.ts';
import type { CheckedPush, KeptEvidence } from '../usecases/stores.ts';
import { verdictCode } from './codec.ts';

/**
 * Counted is a push that was looked at and has a verdict: `attempts > 0 AND verdict IS NOT NULL`. Parts of an index,
 * signatures, deletions and what was there at registration have none. Charts cannot count pushes themselves: an index by
 * repository and time would have to be read over all pushes of 13 weeks, as many as somebody cares to make, and would
 * cost another row and its bytes with each push, where this is one row for all pushes of a check that change a verdict.
 */
export const COUNTED_PUSH = 'pushes.attempts > 0 AND pushes.verdict IS NOT NULL';

const COUNTS = ['pending', 'trusted', 'rogue', 'undetermined', 'signed', 'unsigned'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

const names = COUNTS.join(', ');

// Writes 1 row per repository and week in which a count changes. Before the save, in its batch, and only if that will
// happen: a batch that is sent twice counts once.
const COUNT = `WITH c AS MATERIALIZED (SELECT value ->> 'r' AS r, value ->> 's' AS s, value ->> 'rev' AS rev, value ->> 'week' AS week,
    ${COUNTS.map((name) => `value ->> '${name}' AS ${name}`).join(', ')} FROM json_each(?1))
  INSERT INTO push_weeks (repository_id, week, ${names}) SELECT c.r, c.week, ${COUNTS.map((name) => `sum(c.${name})`).join(', ')} FROM c
  WHERE EXISTS (SELECT 1 FROM pushes p WHERE p.repository_id = c.r AND p.seq = c.s AND p.rev = c.rev) GROUP BY 1, 2
  ON CONFLICT (repository_id, week) DO UPDATE SET ${COUNTS.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`;

/** The statement that counts what saves change, for their batch; `null`: nothing. */
export function countPushes(db: D1Database, checked: readonly CheckedPush[]): D1PreparedStatement | null {
  const changes = checked.flatMap(changeOf);
  return changes.length === 0 ? null : db.prepare(COUNT).bind(JSON.stringify(changes));
}

/** What was loaded is what the row says as long as nobody else saves it: then this save, and its count, does not happen. */
function changeOf({ push, verdict, evidence }: CheckedPush): Record<string, number>[] {
  const before = countsOf(push.attempts === 0 ? null : push.verdict, push.evidence);
  const after = countsOf(verdict, evidence);
  const change = Object.fromEntries(COUNTS.map((name) => [name, after[name] - before[name]]));
  if (COUNTS.every((name) => change[name] === 0)) return [];
  const { repository: r, seq: s } = push.key;
  return [{ r, s, rev: push.rev, week: pushWeekOf(push.receivedAt), ...change }];
}

function countsOf(verdict: Verdict | null, evidence: KeptEvidence | null): Counts {
  const counts = { pending: 0, trusted: 0, rogue: 0, undetermined: 0, signed: 0, unsigned: 0 };
  if (verdict === null) return counts;
  const signed = isSigned(evidence);
  return { ...counts, [verdict]: 1, signed: signed === true ? 1 : 0, unsigned: signed === false ? 1 : 0 };
}

/** `null`: not looked for, or it could not be found out. */
function isSigned(evidence: KeptEvidence | null): boolean | null {
  const found = evidence?.signatures?.found;
  const places = evidence?.signatures?.places;
  // Rows written before signatures were verified hold another shape.
  if (!Array.isArray(found) || !Array.isArray(places)) return null;
  if (found.some(({ state }) => state === 'valid')) return true;
  return [...found, ...places].some(({ state }) => state === 'unavailable') ? null : false;
}

const SIGNATURES = `'$.signatures.found'`;
const PLACES = `'$.signatures.places'`;
// Asked by its path: `->>` of an entry that is no object would be an error.
const someOf = (path: string, state: string): string =>
  `EXISTS (SELECT 1 FROM json_each(pushes.evidence, ${path}) e WHERE json_extract(pushes.evidence, e.fullkey || '.state') = '${state}')`;
/** As `isSigned`, in SQL. */
const SEARCHED = `(json_type(pushes.evidence, ${SIGNATURES}) = 'array' AND json_type(pushes.evidence, ${PLACES}) = 'array')`;
const VALID = someOf(SIGNATURES, 'valid');
const UNKNOWN = `(${someOf(SIGNATURES, 'unavailable')} OR ${someOf(PLACES, 'unavailable')})`;

const ADDS: Readonly<Record<keyof Counts, string>> = {
  pending: `pushes.verdict = ${verdictCode('pending')}`,
  trusted: `pushes.verdict = ${verdictCode('trusted')}`,
  rogue: `pushes.verdict = ${verdictCode('rogue')}`,
  undetermined: `pushes.verdict = ${verdictCode('undetermined')}`,
  signed: `coalesce(${SEARCHED}, 0) AND ${VALID}`,
  unsigned: `coalesce(${SEARCHED}, 0) AND NOT ${VALID} AND NOT ${UNKNOWN}`,
};

/** SQL that counts what is in `pushes` anew: what the table must say. */
export const countAnew = (from: string): string =>
  `SELECT pushes.repository_id AS repository_id, (pushes.received_at + ${MONDAY_MS}) / ${WEEK_MS} AS week,
    ${COUNTS.map((name) => `sum(${ADDS[name]}) AS ${name}`).join(', ')} FROM ${from} GROUP BY 1, 2`;

/**
 * SQL that takes pushes out of the counts, in the batch that deletes them or lets them count no longer, before it does.
 * `from`: the table `pushes`, what narrows it down, and `COUNTED_PUSH`.
 */
export const uncountPushes = (
  from: string,
): string => `UPDATE push_weeks SET ${COUNTS.map((name) => `${name} = push_weeks.${name} - g.${name}`).join(', ')}
  FROM (${countAnew(from)}) g WHERE push_weeks.repository_id = g.repository_id AND push_weeks.week = g.week`;

const READ = `SELECT w.week, ${COUNTS.map((name) => `sum(w.${name}) AS ${name}`).join(', ')}`;

/** The last 13 weeks of a team: reads 13 rows of each of its images. ?1 the team, ?2 the first week. */
export const WEEKS_OF_TEAM = `${READ} FROM repositories r JOIN push_weeks w ON w.repository_id = r.id AND w.week >= ?2
  WHERE r.team_id = ?1 GROUP BY 1`;

/** The same by image, as far as signatures go. */
export const SIGNED_BY_IMAGE = `SELECT w.repository_id AS repository, sum(w.signed) AS signed, sum(w.unsigned) AS unsigned
  FROM repositories r JOIN push_weeks w ON w.repository_id = r.id AND w.week >= ?2 WHERE r.team_id = ?1 GROUP BY 1`;

/** Of one repository. `id`: SQL that gives it; ?4 the first week. */
export const WEEKS_OF_REPOSITORY = (id: string): string =>
  `SELECT week, ${names} FROM push_weeks WHERE repository_id = ${id} AND week >= ?4`;

export const firstWeekShown = (now: number): number => pushWeekOf(now) - WEEKS_SHOWN + 1;
