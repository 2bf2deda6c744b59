import type { D1Database } from '@cloudflare/workers-types';
import type { FindingCode, Verdict } from '../domain/finding.ts';
import type { HealthFact } from '../domain/health.ts';
import { firstDay, type UsedDay } from '../domain/use-calendar.ts';
import type { Source } from '../usecases/credential-stores.ts';
import { DAY_MS, strengthCode, verdictOf } from './codec.ts';
import {
  CREDENTIAL_COLUMNS,
  type CredentialRecord,
  type CredentialRow,
  credentialOf,
  SIGHTING_COLUMNS,
  type SightingCursor,
  type SightingRecord,
  type SightingRow,
  sightingOf,
} from './credentials.ts';
import { sourceOf } from './sources.ts';

/** A use with the push it made, if that is one of ours. */
export interface ShownSighting extends SightingRecord {
  readonly push: {
    readonly tag: string;
    readonly verdict: Verdict | null;
    /** Address of the CI run that vouches for it, as CI told. */
    readonly run: string | null;
  } | null;
}

/** An alert that speaks of a use. Closed as expected or cleared, it is not here. */
export interface CredentialAlarm {
  readonly alert: number;
  readonly at: number;
  readonly isOpen: boolean;
  readonly code: FindingCode | null;
}

export interface NamedImage {
  readonly id: number;
  readonly image: string;
}

export interface CredentialPage {
  readonly credential: CredentialRecord;
  /** Of a year, oldest first. */
  readonly days: readonly UsedDay[];
  /** Days before this one are not counted; `null`: all are. */
  readonly countedSince: number | null;
  readonly sightings: readonly ShownSighting[];
  /** Newest first. */
  readonly alarms: readonly CredentialAlarm[];
  /** Alerts opened before this (ms) were not looked through; `null`: all of the year's were. */
  readonly alarmsSince: number | null;
  /** The registry account that lists it; `null`: none that is connected. */
  readonly source: Source | null;
  /** Troubles with reading registry accounts since the calendar's first day. */
  readonly troubles: readonly {
    readonly fact: HealthFact;
    readonly openedAt: number;
    readonly closedAt: number | null;
  }[];
  /** Where it is expected, by name. */
  readonly expected: readonly NamedImage[];
  /** The team's images, at most 51. */
  readonly images: readonly NamedImage[];
}

/** Rows of the count by day that a calendar reads: a row per day and image. */
const MOST_DAY_ROWS = 5000;
const ALERTS = 200;
const TROUBLES = 200;
const IMAGES_OFFERED = 50;

const DAYS = `SELECT day, sum(pushes) AS pushes, sum(possible) AS possible, sum(uses) AS uses, count(*) AS n FROM (
    SELECT d.* FROM credentials c JOIN credential_days d ON d.credential_id = c.id
    WHERE c.team_id = ?1 AND c.id = ?2 AND d.day >= ?3 ORDER BY d.day DESC LIMIT ${MOST_DAY_ROWS}) GROUP BY day`;

// Reads the rows that it shows, and for each its image and push.
const SIGHTINGS = `SELECT ${SIGHTING_COLUMNS}, p.tag, p.verdict, p.evidence ->> '$.ci.run' AS run, p.seq AS known
  FROM credentials c JOIN sightings s ON s.credential_id = c.id LEFT JOIN repositories r ON r.id = s.repository_id AND r.team_id = ?1
    LEFT JOIN pushes p ON p.repository_id = r.id AND p.seq = s.seq
  WHERE c.team_id = ?1 AND c.id = ?2 AND s.at >= ?3 AND s.at <= ?4 AND (s.at, s.key) < (?5, ?6) ORDER BY s.at DESC, s.key DESC LIMIT ?7`;

// The team's alerts of a year, the latest first, and of each the one use by this credential that it may speak of, by key.
const ALARMS = `SELECT a.id AS alert, coalesce(s.at, a.facts ->> '$.at') AS at, a.state <> 'closed' AS isOpen, a.facts ->> '$.findings[0].code' AS code
  FROM (SELECT * FROM alerts INDEXED BY alerts_by_opening WHERE team_id = ?1 AND opened_at >= ?3 ORDER BY opened_at DESC LIMIT ${ALERTS}) a
    LEFT JOIN sightings s ON a.repository_id <> 0 AND s.credential_id = ?2 AND s.at = a.facts ->> '$.pushedAt' AND s.key = 'p' || (a.facts ->> '$.push')
      AND s.strength <> ${strengthCode('ambiguous')}
  WHERE (s.key IS NOT NULL OR a.repository_id = 0 AND a.facts ->> '$.credential.id' = ?2) AND coalesce(a.resolution, 'incident') = 'incident'`;

const ALERTS_LOOKED_AT = `SELECT count(*) AS n, min(opened_at) AS since FROM (SELECT opened_at FROM alerts INDEXED BY alerts_by_opening
    WHERE team_id = ?1 AND opened_at >= ?2 ORDER BY opened_at DESC LIMIT ${ALERTS})`;

const KINDS = `kind IN ('source-blind', 'audit-log-gap')`;
const BLIND = `SELECT * FROM (SELECT fact, opened_at AS openedAt, closed_at AS closedAt FROM health_alerts INDEXED BY health_alerts_live
    WHERE team_id = ?1 AND closed_at IS NULL AND ${KINDS} LIMIT ${TROUBLES})
  UNION ALL SELECT fact, opened_at, closed_at FROM (SELECT * FROM health_alerts INDEXED BY health_alerts_by_end
    WHERE team_id = ?1 AND closed_at >= ?2 ORDER BY closed_at DESC LIMIT ${TROUBLES}) WHERE ${KINDS}`;

const EXPECTED = `SELECT r.id, r.registry || '/' || r.path AS image FROM credentials c, json_each(c.expected_on) j
    CROSS JOIN repositories r ON r.id = j.value AND r.team_id = ?1 WHERE c.team_id = ?1 AND c.id = ?2`;
const IMAGES = `SELECT id, registry || '/' || path AS image FROM repositories WHERE team_id = ?1 ORDER BY registry, path LIMIT ${IMAGES_OFFERED + 1}`;

type ShownRow = SightingRow & {
  tag: string | null;
  verdict: number | null;
  run: string | null;
  known: number | null;
};

function shownOf({ tag, verdict, run, known, ...row }: ShownRow): ShownSighting {
  return {
    ...sightingOf(row),
    push:
      known === null
        ? null
        : {
            tag: tag ?? '',
            verdict: verdict === null ? null : verdictOf(verdict),
            run,
          },
  };
}

/** Everything that the page of a credential shows, in one round trip. */
export function createCredentialPageStore(db: D1Database) {
  return {
    /** `null`: not in this team. @param before where the page of uses before ended */
    async read(
      teamId: number,
      id: number,
      span: { readonly from: number; readonly to: number },
      before: SightingCursor | null,
      limit: number,
      now: number,
    ): Promise<CredentialPage | null> {
      const first = firstDay(now);
      const [own, days, sightings, alarms, lookedAt, source, troubles, expected, images] = await db.batch([
        db
          .prepare(`SELECT ${CREDENTIAL_COLUMNS} FROM credentials c WHERE c.team_id = ?1 AND c.id = ?2`)
          .bind(teamId, id),
        db.prepare(DAYS).bind(teamId, id, first),
        db.prepare(SIGHTINGS).bind(teamId, id, span.from, span.to, before?.at ?? span.to + 1, before?.key ?? '', limit),
        db.prepare(ALARMS).bind(teamId, id, first * DAY_MS),
        db.prepare(ALERTS_LOOKED_AT).bind(teamId, first * DAY_MS),
        db
          .prepare(
            'SELECT s.* FROM credentials c JOIN sources s ON s.id = c.source_id WHERE c.team_id = ?1 AND c.id = ?2',
          )
          .bind(teamId, id),
        db.prepare(BLIND).bind(teamId, first * DAY_MS),
        db.prepare(EXPECTED).bind(teamId, id),
        db.prepare(IMAGES).bind(teamId),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const rows = <T>(result: { readonly results: unknown[] } | undefined): T[] => (result?.results ?? []) as T[];
      const [credential] = rows<CredentialRow>(own).map(credentialOf);
      if (credential === undefined) return null;
      // Sorted here: workerd's SQLite gives the order of the inner query, whatever the outer one asks for.
      const counted = rows<UsedDay & { n: number }>(days).sort((a, b) => a.day - b.day);
      const [alerts] = rows<{ n: number; since: number | null }>(lookedAt);
      const read = counted.reduce((sum, { n }) => sum + n, 0);
      return {
        credential,
        days: counted.map(({ day, pushes, possible, uses }) => ({ day, pushes, possible, uses })),
        countedSince: read < MOST_DAY_ROWS ? null : (counted[0]?.day ?? null),
        sightings: rows<ShownRow>(sightings).map(shownOf),
        alarms: rows<Omit<CredentialAlarm, 'isOpen'> & { isOpen: number }>(alarms).map((row) => ({
          ...row,
          isOpen: row.isOpen === 1,
        })),
        alarmsSince: alerts === undefined || alerts.n < ALERTS ? null : alerts.since,
        source: rows<Parameters<typeof sourceOf>[0]>(source).map(sourceOf)[0] ?? null,
        troubles: rows<{ fact: string; openedAt: number; closedAt: number | null }>(troubles).map((row) => ({
          ...row,
          fact: JSON.parse(row.fact) as HealthFact, // as `raise` wrote it
        })),
        expected: rows<NamedImage>(expected),
        images: rows<NamedImage>(images),
      };
    },
  };
}

export type CredentialPageStore = ReturnType<typeof createCredentialPageStore>;
