import type { D1Database } from '@cloudflare/workers-types';
import type { KeptAttribution } from '../domain/attribution.ts';
import type { SeenPushing, WatchedImage } from '../domain/credential-reach.ts';
import type { Finding } from '../domain/finding.ts';
import type { HealthFact } from '../domain/health.ts';
import type { SightingDetail } from '../domain/sighting.ts';
import type {
  AccountToken,
  BlastRadiusStore,
  PushDetail,
  ReadSource,
  ReportCredential,
  ReportFacts,
  ScannedUse,
  Span,
} from '../usecases/blast-radius-report.ts';
import type { KeptEvidence } from '../usecases/stores.ts';
import {
  type Blob,
  DAY_MS,
  digestOf,
  kindOf,
  originCode,
  sightingActionOf,
  sightingSourceOf,
  strengthOf,
  verdictCode,
  verdictOf,
} from './codec.ts';
import { CREDENTIAL_COLUMNS, type CredentialRow, credentialOf } from './credentials.ts';
import { statusOf } from './sources.ts';

const MOST_TOKENS = 200;
const MOST_SOURCES = 200;
/** Days of use that tell where it was seen pushing, the latest first. */
const MOST_DAYS = 5000;
/** Rows of a source's log that are counted. */
const MOST_OPEN_ROWS = 1000;
/** Troubles that are over are looked for among so many, the latest. */
const PAST_TROUBLES = 500;
/** How far back a digest to go back to is looked for. */
const BEFORE_PUSHES = 50;

const OWN = `SELECT ${CREDENTIAL_COLUMNS} FROM credentials c WHERE c.team_id = ?1 AND c.id = ?2`;

/** A token has an account, whose uses may be its own: webhooks and logs tell of it. */
const ACCOUNT = `(SELECT a.id FROM credentials c JOIN credentials a ON a.team_id = ?1 AND a.kind = 'dockerhub-account' AND a.external_id = c.account
  WHERE c.team_id = ?1 AND c.id = ?2 AND c.kind IN ('dockerhub-pat', 'dockerhub-oat', 'dockerhub-oidc'))`;

// An account has tokens.
const TOKENS = `SELECT t.id, t.kind, t.name, t.used_at AS usedAt, t.gone_at AS goneAt FROM credentials c JOIN credentials t ON t.team_id = ?1 AND t.account = c.external_id
  WHERE c.team_id = ?1 AND c.id = ?2 AND c.kind = 'dockerhub-account' ORDER BY t.id LIMIT ${MOST_TOKENS}`;

// Reads the team's sources, and of each the rows of its log that wait.
const SOURCES = `SELECT s.id, s.account, s.organization, s.created_at, s.status, (SELECT count(*) FROM (SELECT 1 FROM audit_rows a
    INDEXED BY audit_rows_open WHERE a.source_id = s.id AND a.open = 1 AND a.at BETWEEN ?2 AND ?3 LIMIT ${MOST_OPEN_ROWS})) AS openRows
  FROM sources s WHERE s.team_id = ?1 ORDER BY s.id LIMIT ${MOST_SOURCES}`;

const OURS = `team_id = ?1 AND kind IN ('audit-log-gap', 'source-blind')`;
// Those that last, by their index. Those that are over have none: of all there were, the last ${PAST_TROUBLES} are looked at.
const TROUBLES = `SELECT * FROM (SELECT 1 AS ours, fact, opened_at AS openedAt, closed_at AS closedAt FROM health_alerts INDEXED BY health_alerts_live
    WHERE closed_at IS NULL AND ${OURS} LIMIT ${PAST_TROUBLES})
  UNION ALL SELECT * FROM (SELECT ${OURS} AND closed_at IS NOT NULL AS ours, fact, opened_at AS openedAt, coalesce(closed_at, 0) AS closedAt
    FROM health_alerts ORDER BY id DESC LIMIT ${PAST_TROUBLES})`;

// Of other registries' credentials nothing is asked.
const WATCHED = `SELECT r.id, r.registry, r.path, r.created_at AS createdAt FROM credentials c CROSS JOIN repositories r ON r.team_id = ?1 AND r.registry = 'docker.io'
  WHERE c.team_id = ?1 AND c.id = ?2 AND c.kind LIKE 'dockerhub-%' ORDER BY r.path LIMIT ?3`;

const days = (whose: string): string =>
  `SELECT * FROM (SELECT * FROM credential_days WHERE credential_id = ${whose} ORDER BY day DESC LIMIT ${MOST_DAYS})`;
const SEEN = `SELECT r.id, r.registry, r.path, r.created_at AS createdAt, d.credential_id = ?2 AS itself, sum(d.pushes) AS pushes,
    sum(d.possible) AS possible, max(d.day) AS day
  FROM (${days('?2')} UNION ALL ${days(ACCOUNT)}) d JOIN repositories r ON r.id = d.repository_id AND r.team_id = ?1
  WHERE d.pushes > 0 OR d.possible > 0 GROUP BY r.id, d.credential_id`;

// Reads the rows it answers with, and for each its image and push.
const uses = (
  whose: string,
): string => `SELECT s.credential_id AS credential, s.at, s.key, s.since, s.source, s.action, s.strength,
    s.repository_id AS repository, s.seq, s.detail, r.path, r.registry || '/' || r.path AS image, p.tag, p.digest, p.verdict,
    p.not_before AS notBefore, p.attribution, p.seq AS known
  FROM sightings s LEFT JOIN repositories r ON r.id = s.repository_id AND r.team_id = ?1
    LEFT JOIN pushes p ON p.repository_id = r.id AND p.seq = s.seq
  WHERE s.credential_id = ${whose} AND s.at >= ?3 AND (s.at, s.key) < (?4, ?5) ORDER BY s.at DESC, s.key DESC LIMIT ?6`;
const OWN_USES = uses('?2');
const ACCOUNT_USES = uses(ACCOUNT);

/** A digest that one can go back to from another. */
const IS_SAFE = `(o.digest IS NOT NULL AND o.digest IS NOT p.digest
      AND (o.verdict IS ${verdictCode('trusted')} OR o.origin = ${originCode('baseline')}))`;
/** The credential made it itself, since the beginning of the span. */
const BY_SAME = `EXISTS (SELECT 1 FROM sightings x WHERE x.credential_id = ?3 AND x.at = o.received_at
      AND x.key = 'p' || o.repository_id || '-' || o.seq AND x.at >= ?4)`;
// CROSS JOIN: from each link to its push, by key. Left to itself SQLite reads all pushes of the repository first.
const CHAINED = 'chain CROSS JOIN pushes o ON o.repository_id = q.repository AND o.seq = chain.seq';

// Of a push three rows by key; of its tag's chain as many as it takes to a digest to go back to, at most ${BEFORE_PUSHES}.
const DETAILS = `WITH q AS MATERIALIZED (SELECT key AS i, value ->> 0 AS repository, value ->> 1 AS seq FROM json_each(?1))
  SELECT q.i, p.kind, p.findings, p.evidence, p.alert_id AS alertId, iif(t.digest IS NULL, NULL, t.deleted_at IS NULL AND t.digest IS p.digest) AS current,
    (WITH RECURSIVE chain (seq, n) AS (SELECT p.previous, 1
       UNION ALL SELECT o.previous, chain.n + 1 FROM ${CHAINED} WHERE chain.n < ${BEFORE_PUSHES} AND NOT (${IS_SAFE} AND NOT ${BY_SAME}))
     SELECT json_group_array(json_array(lower(hex(o.digest)), o.received_at, o.verdict IS ${verdictCode('trusted')}, ${BY_SAME}) ORDER BY chain.n)
     FROM ${CHAINED} WHERE ${IS_SAFE}) AS before
  FROM q JOIN pushes p ON p.repository_id = q.repository AND p.seq = q.seq JOIN repositories r ON r.id = p.repository_id AND r.team_id = ?2
    LEFT JOIN tags t ON t.repository_id = p.repository_id AND t.name = p.tag`;

interface UseRow {
  credential: number;
  at: number;
  key: string;
  since: number | null;
  source: number;
  action: number;
  strength: number;
  repository: number | null;
  seq: number | null;
  detail: string | null;
  path: string | null;
  image: string | null;
  tag: string | null;
  digest: Blob | null;
  verdict: number | null;
  notBefore: number | null;
  attribution: string | null;
  known: number | null;
}

// JSON columns are read back as the types that were written; `as` says which.
function useOf({ tag, digest, verdict, notBefore, attribution, known, ...row }: UseRow): ScannedUse {
  return {
    ...row,
    source: sightingSourceOf(row.source),
    action: sightingActionOf(row.action),
    strength: strengthOf(row.strength),
    detail: row.detail === null ? null : (JSON.parse(row.detail) as SightingDetail),
    push:
      known === null
        ? null
        : {
            tag: tag ?? '',
            digest: digestOf(digest),
            verdict: verdict === null ? null : verdictOf(verdict),
            notBefore: notBefore ?? row.at,
            attribution: attribution === null ? null : (JSON.parse(attribution) as KeptAttribution),
          },
  };
}

interface TroubleRow {
  ours: number;
  fact: string;
  openedAt: number;
  closedAt: number | null;
}

/** What lasts has no end; of what is over, the oldest that was looked at tells how far back that was. */
function troublesOf(rows: readonly TroubleRow[]): Pick<ReportFacts, 'troubles' | 'troublesSince'> {
  const past = rows.filter(({ closedAt }) => closedAt !== null);
  return {
    troubles: rows
      .filter(({ ours }) => ours === 1)
      .map(({ fact, openedAt, closedAt }) => ({ fact: JSON.parse(fact) as HealthFact, openedAt, closedAt })),
    troublesSince: past.length < PAST_TROUBLES ? null : (past.at(-1)?.openedAt ?? null),
  };
}

interface ImageRow {
  id: number;
  registry: string;
  path: string;
  createdAt: number;
}

type SeenRow = ImageRow & { itself: number; pushes: number; possible: number; day: number };

const watchedOf = ({ id, registry, path, createdAt }: ImageRow): WatchedImage => ({
  id,
  image: { registry, path },
  createdAt,
});

const seenOf = ({ id, registry, path, createdAt, itself, pushes, possible, day }: SeenRow): SeenPushing => ({
  id,
  image: { registry, path },
  createdAt,
  itself: itself === 1,
  pushes,
  possible,
  lastDay: day * DAY_MS,
});

type SourceRow = Omit<ReadSource, 'createdAt' | 'status'> & { created_at: number; status: string };

const sourceOf = ({ id, account, organization, openRows, ...row }: SourceRow): ReadSource => ({
  id,
  account,
  organization,
  openRows,
  createdAt: row.created_at,
  status: statusOf(row),
});

interface DetailRow {
  i: number;
  kind: number;
  findings: string | null;
  evidence: string | null;
  alertId: number | null;
  current: number | null;
  before: string;
}

type Before = readonly [digest: string, at: number, trusted: number, bySame: number];

const detailOf = ({ kind, findings, evidence, alertId, current, before }: DetailRow): PushDetail => ({
  kind: kindOf(kind),
  findings: findings === null ? [] : (JSON.parse(findings) as Finding[]),
  evidence: evidence === null ? null : (JSON.parse(evidence) as KeptEvidence),
  alertId,
  current: current === null ? null : current === 1,
  trustedBefore: (JSON.parse(before) as Before[]).map(([digest, at, trusted, bySame]) => ({
    digest: `sha256:${digest}`,
    at,
    how: trusted === 1 ? 'trusted' : 'baseline',
    bySame: bySame === 1,
  })),
});

/** What a report about a credential is made of. Everything by key: nothing grows with what others did. */
export function createBlastRadiusStore(db: D1Database): BlastRadiusStore {
  return {
    async read(teamId, id, span, before, limits) {
      const place = [span.from, before.at, before.key, limits.uses] as const;
      const [found, sources, troubles, watched, seen, own, ofAccount, tokens] = await db.batch([
        db.prepare(OWN).bind(teamId, id),
        db.prepare(SOURCES).bind(teamId, span.from, span.to),
        db.prepare(TROUBLES).bind(teamId),
        db.prepare(WATCHED).bind(teamId, id, limits.images),
        db.prepare(SEEN).bind(teamId, id),
        db.prepare(OWN_USES).bind(teamId, id, ...place),
        db.prepare(ACCOUNT_USES).bind(teamId, id, ...place),
        db.prepare(TOKENS).bind(teamId, id),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const rows = <T>(result: { readonly results: unknown[] } | undefined): T[] => (result?.results ?? []) as T[];
      const [credential] = rows<CredentialRow>(found).map(credentialOf);
      if (credential === undefined) return null;
      return {
        credential,
        ...troublesOf(rows<TroubleRow>(troubles)),
        sources: rows<SourceRow>(sources).map(sourceOf),
        watched: rows<ImageRow>(watched).map(watchedOf),
        seen: rows<SeenRow>(seen).map(seenOf),
        own: rows<UseRow>(own).map(useOf),
        ofAccount: rows<UseRow>(ofAccount).map(useOf),
        tokens: rows<AccountToken>(tokens),
      };
    },

    async details(teamId, credential: ReportCredential, span: Span, keys) {
      const param = JSON.stringify(keys.map(({ repository, seq }) => [repository, seq]));
      const answer = await db.prepare(DETAILS).bind(param, teamId, credential.id, span.from).all<DetailRow>();
      const byIndex = new Map(answer.results.map((row) => [row.i, detailOf(row)]));
      return keys.map((_, n) => byIndex.get(n) ?? null);
    },
  };
}
