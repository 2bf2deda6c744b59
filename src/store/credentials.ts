import type { D1Database } from '@cloudflare/workers-types';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import type { Sighting } from '../domain/sighting.ts';
import type { Resource } from '../domain/token-reach.ts';
import { type AuditEntry, auditEntry } from './audit.ts';
import { DAY_MS, sightingActionOf, sightingSourceOf, strengthOf } from './codec.ts';

/** A credential as the API shows it. Times are ms since the epoch. */
export interface CredentialRecord {
  readonly id: number;
  readonly kind: CredentialKind;
  /** The registry's id: a token's, or the account's stable one. */
  readonly externalId: string;
  readonly name: string;
  readonly account: string | null;
  readonly source: number | null;
  readonly createdBy: string | null;
  readonly createdAt: number | null;
  readonly creatorIp: string | null;
  readonly expiresAt: number | null;
  readonly scopes: readonly string[] | null;
  readonly resources: readonly Resource[] | null;
  readonly active: boolean | null;
  /** Last use, as the registry tells. */
  readonly usedAt: number | null;
  readonly goneAt: number | null;
  readonly firstSeenAt: number;
  /** Last sighting of ours. */
  readonly lastSeenAt: number | null;
  readonly mark: CredentialMark;
  readonly expectedOn: readonly number[] | null;
  readonly ciOnly: boolean;
  readonly note: string | null;
  readonly markedAt: number | null;
  readonly markedBy: string | null;
}

export const CREDENTIAL_COLUMNS = `c.id, c.kind, c.external_id AS externalId, c.name, c.account, c.source_id AS source, c.created_by AS createdBy,
  c.created_at AS createdAt, c.creator_ip AS creatorIp, c.expires_at AS expiresAt, c.scopes, c.resources, c.active, c.used_at AS usedAt,
  c.gone_at AS goneAt, c.first_seen_at AS firstSeenAt,
  (SELECT s.at FROM sightings s WHERE s.credential_id = c.id ORDER BY s.at DESC LIMIT 1) AS lastSeenAt,
  c.mark, c.expected_on AS expectedOn, c.ci_only AS ciOnly, c.note, c.marked_at AS markedAt, c.marked_by AS markedBy`;

export type CredentialRow = Omit<CredentialRecord, 'scopes' | 'resources' | 'active' | 'expectedOn' | 'ciOnly'> & {
  scopes: string | null;
  resources: string | null;
  active: number | null;
  expectedOn: string | null;
  ciOnly: number;
};

// JSON columns are read back as the types that were written; `as` says which.
export function credentialOf(row: CredentialRow): CredentialRecord {
  return {
    ...row,
    scopes: row.scopes === null ? null : (JSON.parse(row.scopes) as string[]),
    resources: row.resources === null ? null : (JSON.parse(row.resources) as Resource[]),
    active: row.active === null ? null : row.active === 1,
    expectedOn: row.expectedOn === null ? null : (JSON.parse(row.expectedOn) as number[]),
    ciOnly: row.ciOnly === 1,
  };
}

/** A sighting as the API shows it. */
export interface SightingRecord extends Sighting {
  readonly credential: number;
  readonly key: string;
  readonly seenAt: number;
  readonly image: string | null;
}

export const SIGHTING_COLUMNS = `s.credential_id AS credential, s.key, s.at, s.since, s.seen_at AS seenAt, s.source, s.action, s.strength,
  s.repository_id AS repository, s.seq, s.detail, r.registry || '/' || r.path AS image`;

export type SightingRow = Omit<SightingRecord, 'source' | 'action' | 'strength' | 'detail'> & {
  source: number;
  action: number;
  strength: number;
  detail: string | null;
};

export const sightingOf = (row: SightingRow): SightingRecord => ({
  ...row,
  source: sightingSourceOf(row.source),
  action: sightingActionOf(row.action),
  strength: strengthOf(row.strength),
  detail: row.detail === null ? null : (JSON.parse(row.detail) as SightingRecord['detail']),
});

/** How often a credential was seen on a day. */
export interface DayRecord {
  readonly credential: number;
  /** Days since the epoch. */
  readonly day: number;
  /** 0: no watched repository. */
  readonly repository: number;
  readonly pushes: number;
  readonly possible: number;
  readonly uses: number;
}

const DAY = 'd.credential_id AS credential, d.day, d.repository_id AS repository, d.pushes, d.possible, d.uses';

/** A place in a list of sightings: the next page begins before it. */
export interface SightingCursor {
  readonly at: number;
  readonly key: string;
}

export interface CredentialChange {
  readonly mark: CredentialMark;
  readonly expectedOn: readonly number[] | null;
  readonly ciOnly: boolean;
  readonly note: string | null;
}

/** Credentials and their uses for people: every query starts from a team and ends after a page. */
export function createCredentialStore(db: D1Database) {
  return {
    async list(
      teamId: number,
      after: number,
      limit: number,
      filter: { readonly kind: CredentialKind | null; readonly mark: CredentialMark | null },
    ): Promise<CredentialRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${CREDENTIAL_COLUMNS} FROM credentials c WHERE c.team_id = ?1 AND c.id > ?2 AND (?4 IS NULL OR c.kind = ?4) AND (?5 IS NULL OR c.mark = ?5)
           ORDER BY c.id LIMIT ?3`,
        )
        .bind(teamId, after, limit, filter.kind, filter.mark)
        .all<CredentialRow>();
      return rows.results.map(credentialOf);
    },

    async get(teamId: number, id: number): Promise<CredentialRecord | null> {
      const row = await db
        .prepare(`SELECT ${CREDENTIAL_COLUMNS} FROM credentials c WHERE c.team_id = ?1 AND c.id = ?2`)
        .bind(teamId, id)
        .first<CredentialRow>();
      return row === null ? null : credentialOf(row);
    },

    /** How many of these repositories are the team's. Reads each by its key. */
    async countTheirs(teamId: number, repositories: readonly number[]): Promise<number> {
      const row = await db
        .prepare(
          'SELECT count(*) AS n FROM json_each(?2) j CROSS JOIN repositories r ON r.id = j.value AND r.team_id = ?1',
        )
        .bind(teamId, JSON.stringify([...new Set(repositories)]))
        .first<{ n: number }>();
      return row?.n ?? 0;
    },

    /** What a maintainer says of it. Its pushes that are not decided, or rogue, are due again. */
    async mark(
      teamId: number,
      id: number,
      change: CredentialChange,
      by: string,
      now: number,
      audit: AuditEntry,
    ): Promise<void> {
      const { mark, expectedOn, ciOnly, note } = change;
      await db.batch([
        db
          .prepare(
            `UPDATE credentials SET mark = ?3, expected_on = ?4, ci_only = ?5, note = ?6, marked_at = ?7, marked_by = ?8,
               retired_at = CASE WHEN ?3 <> 'retired' THEN NULL WHEN mark = 'retired' THEN retired_at ELSE ?7 END,
               mark_before = CASE WHEN ?3 <> 'retired' THEN NULL WHEN mark = 'retired' THEN mark_before ELSE mark END
             WHERE team_id = ?1 AND id = ?2`,
          )
          .bind(
            teamId,
            id,
            mark,
            expectedOn === null ? null : JSON.stringify(expectedOn),
            ciOnly ? 1 : 0,
            note,
            now,
            by,
          ),
        auditEntry(db, audit),
      ]);
    },

    /** Pushes by the credential in the last days whose verdict its mark may change. Reads its own sightings. */
    async concerned(teamId: number, id: number, since: number): Promise<{ repository: number; seq: number }[]> {
      const rows = await db
        .prepare(
          `SELECT s.repository_id AS repository, s.seq FROM credentials c JOIN sightings s ON s.credential_id = c.id AND s.at >= ?3
             JOIN pushes p ON p.repository_id = s.repository_id AND p.seq = s.seq
           WHERE c.team_id = ?1 AND c.id = ?2 AND p.verdict IN (0, 2, 3) ORDER BY s.at DESC LIMIT 200`,
        )
        .bind(teamId, id, since)
        .all<{ repository: number; seq: number }>();
      return rows.results;
    },

    /** Newest first, in a span of time. Reads the rows that it shows. */
    async sightings(
      teamId: number,
      id: number,
      span: { readonly from: number; readonly to: number },
      before: SightingCursor | null,
      limit: number,
    ): Promise<SightingRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${SIGHTING_COLUMNS} FROM credentials c JOIN sightings s ON s.credential_id = c.id LEFT JOIN repositories r ON r.id = s.repository_id
           WHERE c.team_id = ?1 AND c.id = ?2 AND s.at >= ?3 AND s.at <= ?4 AND (s.at, s.key) < (?5, ?6) ORDER BY s.at DESC, s.key DESC LIMIT ?7`,
        )
        .bind(teamId, id, span.from, span.to, before?.at ?? span.to + 1, before?.key ?? '', limit)
        .all<SightingRow>();
      return rows.results.map(sightingOf);
    },

    /** By day and repository. Reads as many rows as there are such days, however many uses they had. */
    async days(teamId: number, id: number, span: { readonly from: number; readonly to: number }): Promise<DayRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${DAY} FROM credentials c JOIN credential_days d ON d.credential_id = c.id
           WHERE c.team_id = ?1 AND c.id = ?2 AND d.day BETWEEN ?3 AND ?4 ORDER BY d.day, d.repository_id LIMIT 20000`,
        )
        .bind(teamId, id, Math.floor(span.from / DAY_MS), Math.floor(span.to / DAY_MS))
        .all<DayRecord>();
      return rows.results;
    },

    /** Who pushed to a repository, by day. */
    async repositoryDays(
      teamId: number,
      repository: number,
      span: { readonly from: number; readonly to: number },
    ): Promise<DayRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${DAY} FROM repositories r JOIN credential_days d INDEXED BY credential_days_by_repository ON d.repository_id = r.id
           WHERE r.team_id = ?1 AND r.id = ?2 AND d.day BETWEEN ?3 AND ?4 ORDER BY d.day, d.credential_id LIMIT 20000`,
        )
        .bind(teamId, repository, Math.floor(span.from / DAY_MS), Math.floor(span.to / DAY_MS))
        .all<DayRecord>();
      return rows.results;
    },

    /** Sightings in a repository on a day, by the credentials that the day's count names. */
    async repositorySightings(
      teamId: number,
      repository: number,
      day: number,
      before: SightingCursor | null,
      limit: number,
    ): Promise<SightingRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${SIGHTING_COLUMNS} FROM repositories r JOIN credential_days d INDEXED BY credential_days_by_repository ON d.repository_id = r.id AND d.day = ?3
             JOIN sightings s ON s.credential_id = d.credential_id AND s.at >= ?3 * ${DAY_MS} AND s.at < (?3 + 1) * ${DAY_MS} AND s.repository_id = r.id
           WHERE r.team_id = ?1 AND r.id = ?2 AND (s.at, s.key) < (?5, ?6) ORDER BY s.at DESC, s.key DESC LIMIT ?4`,
        )
        .bind(teamId, repository, day, limit, before?.at ?? Number.MAX_SAFE_INTEGER, before?.key ?? '')
        .all<SightingRow>();
      return rows.results.map(sightingOf);
    },
  };
}

export type CredentialStore = ReturnType<typeof createCredentialStore>;
