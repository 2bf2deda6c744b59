import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Sighting } from '../domain/sighting.ts';
import { type PartStatus, SOURCE_PARTS, type SourceStatus } from '../domain/source.ts';
import type {
  KnownToken,
  LogCursor,
  NewSighting,
  PollProgress,
  ReadRow,
  Source,
  SourceSave,
  SourceStore,
} from '../usecases/credential-stores.ts';
import type { ListedToken } from '../usecases/registry-accounts.ts';
import { DAY_MS } from './codec.ts';
import { addSightings } from './sightings.ts';

const SELECT = `SELECT id, team_id, account, organization, sealed, created_at, next_poll_at, polled_at, progress, status, log_cursor,
  signed_in, reader_id, rev FROM sources`;

interface Row {
  id: number;
  team_id: number;
  account: string;
  organization: string;
  sealed: string;
  created_at: number;
  next_poll_at: number;
  polled_at: number | null;
  progress: string | null;
  status: string;
  log_cursor: string | null;
  signed_in: string;
  reader_id: number | null;
  rev: number;
}

// JSON columns are written by this store alone. A cursor is checked all the same: to begin anew in silence would hide what
// happened in between.
export function sourceOf(row: Row): Source {
  return {
    id: row.id,
    teamId: row.team_id,
    account: row.account,
    organization: row.organization,
    sealed: row.sealed,
    createdAt: row.created_at,
    nextPollAt: row.next_poll_at,
    polledAt: row.polled_at,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as PollProgress),
    status: statusOf(row),
    cursor: cursorOf(row),
    signedIn: JSON.parse(row.signed_in) as number[],
    reader: row.reader_id,
    rev: row.rev,
  };
}

export function statusOf(row: Pick<Row, 'status' | 'created_at'>): SourceStatus {
  const kept = JSON.parse(row.status) as Partial<SourceStatus>;
  const unread: PartStatus = {
    state: 'unread',
    since: row.created_at,
    askedAt: row.created_at,
    readAt: null,
    reason: null,
  };
  const parts = SOURCE_PARTS.map((part) => [part, kept[part] ?? unread] as const);
  return Object.fromEntries(parts) as Record<(typeof SOURCE_PARTS)[number], PartStatus>; // every part is in the list
}

function cursorOf(row: Row): Source['cursor'] {
  if (row.log_cursor === null) return statusOf(row)['audit-log'].readAt === null ? null : 'lost';
  try {
    const { at, key } = JSON.parse(row.log_cursor) as Partial<LogCursor>;
    return typeof at === 'number' && typeof key === 'string' ? { at, key } : 'lost';
  } catch {
    return 'lost';
  }
}

/** The save counts only if nobody saved the source since it was loaded. */
const SAVE = `UPDATE sources SET progress = ?3, status = ?4, next_poll_at = ?5, polled_at = ?6, log_cursor = ?7, rev = rev + 1
  WHERE id = ?1 AND rev = ?2`;

function saveStatement(db: D1Database, source: Source, save: SourceSave): D1PreparedStatement {
  const { progress, status, nextPollAt, polledAt, cursor } = save;
  return db
    .prepare(SAVE)
    .bind(
      source.id,
      source.rev,
      progress === null ? null : JSON.stringify(progress),
      JSON.stringify(status),
      nextPollAt,
      polledAt,
      cursor === null || cursor === 'lost' ? null : JSON.stringify(cursor),
    );
}

// Writes a row per token that is new or changed (and its indexes), none for the rest.
const UPSERT = `INSERT INTO credentials (team_id, kind, external_id, name, first_seen_at, account, source_id, created_by, created_at,
    creator_ip, expires_at, scopes, active, gone_at)
  SELECT ?2, value ->> 'kind', value ->> 'id', value ->> 'label', ?4, value ->> 'account', ?3, value ->> 'createdBy', value ->> 'createdAt',
    value ->> 'creatorIp', value ->> 'expiresAt', nullif(value -> 'scopes', 'null'), value ->> 'active', iif(value ->> 'active', NULL, ?4) FROM json_each(?1)
  WHERE true ON CONFLICT (team_id, kind, external_id) DO UPDATE SET name = excluded.name, account = excluded.account,
    source_id = excluded.source_id, created_by = excluded.created_by, created_at = excluded.created_at, creator_ip = excluded.creator_ip,
    expires_at = excluded.expires_at, scopes = excluded.scopes, active = excluded.active,
    gone_at = iif(excluded.active, NULL, coalesce(gone_at, excluded.gone_at))
  WHERE (name, account, source_id, created_by, created_at, creator_ip, expires_at, scopes, active, gone_at IS NULL) IS NOT
    (excluded.name, excluded.account, excluded.source_id, excluded.created_by, excluded.created_at, excluded.creator_ip,
     excluded.expires_at, excluded.scopes, excluded.active, excluded.active = 1)`;

const LISTED = `SELECT c.id AS credential, c.kind, c.external_id AS id, c.used_at AS usedAt, c.first_seen_at AS firstSeenAt FROM json_each(?1) j
  JOIN credentials c ON c.team_id = ?2 AND c.kind = j.value ->> 'kind' AND c.external_id = j.value ->> 'id'`;

interface Listed {
  credential: number;
  kind: string;
  id: string;
  usedAt: number | null;
  firstSeenAt: number;
}

const MOVE_USED = `UPDATE credentials SET used_at = j.value ->> 1 FROM json_each(?1) j
  WHERE credentials.id = j.value ->> 0 AND (used_at IS NULL OR used_at < j.value ->> 1)`;

const ADD_ROWS = `INSERT INTO audit_rows (source_id, at, key, seen_at, action, name, actor, data, credential_id, repository_id, open)
  SELECT ?2, value ->> 'at', unhex(value ->> 'key'), ?3, value ->> 'action', value ->> 'name', value ->> 'actor', value ->> 'data',
    value ->> 'credential', value ->> 'repository', value ->> 'open' FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;

/** Sources, what they list and what their logs say. */
export function createSourceStore(db: D1Database): SourceStore {
  const saved = async (statements: readonly D1PreparedStatement[], source: Source, save: SourceSave) => {
    const results = await db.batch([...statements, saveStatement(db, source, save)]);
    return (results.at(-1)?.meta.changes ?? 0) > 0;
  };

  return {
    async due(now, limit) {
      const rows = await db
        .prepare(`${SELECT} WHERE next_poll_at <= ?1 ORDER BY next_poll_at LIMIT ?2`)
        .bind(now, limit)
        .all<Row>();
      return rows.results.map(sourceOf);
    },
    async all() {
      return (await db.prepare(`${SELECT} ORDER BY id`).all<Row>()).results.map(sourceOf);
    },
    async get(teamId, id) {
      const row = await db.prepare(`${SELECT} WHERE team_id = ?1 AND id = ?2`).bind(teamId, id).first<Row>();
      return row === null ? null : sourceOf(row);
    },
    async nextDue() {
      const row = await db.prepare('SELECT min(next_poll_at) AS at FROM sources').first<{ at: number | null }>();
      return row?.at ?? null;
    },

    async saveTokens(source, tokens, save, now) {
      const json = JSON.stringify(tokens.map((token) => tokenParam(source, token)));
      const [, listed] = await db.batch([
        db.prepare(UPSERT).bind(json, source.teamId, source.id, now),
        db.prepare(LISTED).bind(json, source.teamId),
      ]);
      // The batch's answers are untyped; these are the columns that LISTED names.
      const moved = movedUses(source, tokens, (listed?.results ?? []) as Listed[], now);
      const reader = source.reader ?? readerAmong(source, moved);
      const uses = moved.filter((use) => use.credential !== reader || !isOurs(source, use));
      const times = moved.map(({ credential, at }) => [credential, at]);
      const move = times.length === 0 ? [] : [db.prepare(MOVE_USED).bind(JSON.stringify(times))];
      const known =
        reader === source.reader
          ? []
          : [db.prepare('UPDATE sources SET reader_id = ?2 WHERE id = ?1').bind(source.id, reader)];
      return saved([...addSightings(db, uses, now), ...move, ...known], source, save);
    },

    saveListEnd(source, kind, seen, save, now) {
      const gone = db
        .prepare(
          `UPDATE credentials SET gone_at = ?4 WHERE source_id = ?1 AND kind = ?2 AND gone_at IS NULL
           AND external_id NOT IN (SELECT value FROM json_each(?3))`,
        )
        .bind(source.id, kind, JSON.stringify(seen), now);
      return saved([gone], source, save);
    },

    saveResources(source, read, save, now) {
      if (read.length === 0) return saved([], source, save);
      const set = db
        .prepare(
          `UPDATE credentials SET resources = j.value -> 'resources', resources_at = ?2 FROM json_each(?1) j
           WHERE credentials.id = j.value ->> 'credential' AND source_id = ?3`,
        )
        .bind(JSON.stringify(read), now, source.id);
      return saved([set], source, save);
    },

    saveLog(source, rows, save, now) {
      const add = db.prepare(ADD_ROWS).bind(JSON.stringify(rows.map((row) => rowParam(source, row))), source.id, now);
      const sightings = rows.filter((row) => openAs(source, row) !== 1).flatMap(rowSightings);
      return saved([add, ...connections(db, source, rows), ...addSightings(db, sightings, now)], source, save);
    },

    save: (source, save) => saved([], source, save),

    async signedIn({ id }, times) {
      await db.prepare('UPDATE sources SET signed_in = ?2 WHERE id = ?1').bind(id, JSON.stringify(times)).run();
    },

    async tokens(source) {
      const rows = await db
        .prepare(
          `SELECT id AS credential, kind, external_id AS id, name, account, mark, resources_at AS resourcesAt, gone_at IS NOT NULL AS gone
           FROM credentials WHERE source_id = ?1 ORDER BY id LIMIT 5000`,
        )
        .bind(source.id)
        .all<Omit<KnownToken, 'gone'> & { gone: number }>();
      return rows.results.map((row) => ({ ...row, gone: row.gone === 1 }));
    },

    async ids(source, { accounts, paths }, now) {
      const names = JSON.stringify(accounts);
      const [, known, watched] = await db.batch<{ id: number; name: string }>([
        db
          .prepare(
            `INSERT INTO credentials (team_id, kind, external_id, name, first_seen_at)
             SELECT ?2, 'dockerhub-account', value, value, ?3 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
          )
          .bind(names, source.teamId, now),
        db
          .prepare(
            `SELECT id, external_id AS name FROM credentials
             WHERE team_id = ?2 AND kind = 'dockerhub-account' AND external_id IN (SELECT value FROM json_each(?1))`,
          )
          .bind(names, source.teamId),
        db
          .prepare(
            `SELECT id, path AS name FROM repositories WHERE team_id = ?2 AND registry = 'docker.io' AND path IN (SELECT value FROM json_each(?1))`,
          )
          .bind(JSON.stringify(paths), source.teamId),
      ]);
      const byName = (rows: readonly { id: number; name: string }[] = []) =>
        new Map(rows.map(({ id, name }) => [name, id]));
      return { accounts: byName(known?.results), repositories: byName(watched?.results) };
    },
  };
}

// In the order of the log: what was deleted is gone, unless it was made again later.
const CONNECTIONS = `INSERT INTO credentials (team_id, kind, external_id, name, first_seen_at, account, source_id, created_at, created_by, active, gone_at)
  SELECT ?2, 'dockerhub-oidc', value ->> 'id', value ->> 'name', value ->> 'at', ?4, ?3, iif(value ->> 'made', value ->> 'at', NULL),
    iif(value ->> 'made', value ->> 'actor', NULL), NOT value ->> 'deleted', iif(value ->> 'deleted', value ->> 'at', NULL) FROM json_each(?1)
  WHERE true ORDER BY key ON CONFLICT (team_id, kind, external_id) DO UPDATE SET name = excluded.name, active = excluded.active, gone_at = excluded.gone_at
  WHERE excluded.gone_at IS NOT NULL AND gone_at IS NULL OR excluded.gone_at IS NULL AND excluded.first_seen_at > gone_at
    OR excluded.gone_at IS NULL AND gone_at IS NULL AND name <> excluded.name`;

function connections(db: D1Database, source: Source, rows: readonly ReadRow[]): D1PreparedStatement[] {
  const told = rows
    .flatMap(({ row: { at, action, actor }, connection }) =>
      connection === null ? [] : [{ at, action, actor, connection }],
    )
    .sort((a, b) => a.at - b.at)
    .map(({ at, action, actor, connection: { id, name, isDeleted } }) => {
      const made = action === 'oidc.connection.create' ? 1 : 0;
      return { at, actor, id, name, made, deleted: isDeleted ? 1 : 0 };
    });
  if (told.length === 0) return [];
  return [db.prepare(CONNECTIONS).bind(JSON.stringify(told), source.teamId, source.id, source.organization)];
}

function tokenParam({ account, organization }: Source, token: ListedToken): Record<string, unknown> {
  const { active, ...rest } = token;
  return { ...rest, active: active ? 1 : 0, account: token.kind === 'dockerhub-pat' ? account : organization };
}

/** Times that lie in the future are nobody's last use. */
const FUTURE_MS = DAY_MS;

/** A last-used time that moved since the last poll: the token was used at that time, and perhaps before, since we looked. */
function movedUses(
  source: Source,
  tokens: readonly ListedToken[],
  listed: readonly Listed[],
  now: number,
): NewSighting[] {
  const known = new Map(listed.map((each) => [`${each.kind} ${each.id}`, each]));
  return tokens.flatMap(({ kind, id, usedAt }): NewSighting[] => {
    const before = known.get(`${kind} ${id}`);
    if (before === undefined || usedAt === null || usedAt > now + FUTURE_MS) return [];
    if (before.usedAt !== null && usedAt <= before.usedAt) return [];
    // Of a token that was listed from the beginning nobody knows how often it was used before.
    const looked = source.polledAt;
    const since = looked !== null && looked < usedAt ? looked : null;
    const what = { source: 'token-list', action: 'use', strength: 'named', repository: null, seq: null } as const;
    return [{ credential: before.credential, at: usedAt, since, key: 'u', detail: null, ...what }];
  });
}

/** By so much a registry's clock and ours may differ when both write down the same sign-in, in ms. */
const SAME_MOMENT_MS = 5_000;

/** We signed in at that moment ourselves. */
const isOurs = ({ signedIn }: Source, { at }: Pick<NewSighting, 'at'>): boolean =>
  signedIn.some((time) => Math.abs(time - at) <= SAME_MOMENT_MS);

/**
 * The token that we sign in with is the only one whose last use is our own sign-in. Its other uses are told like
 * anybody's; if several fit, none is taken for ours.
 */
function readerAmong(source: Source, moved: readonly NewSighting[]): number | null {
  const ours = moved.filter((use) => isOurs(source, use));
  return ours.length === 1 ? (ours[0]?.credential ?? null) : null;
}

/** 1: a push to be found among ours. 2: a change to be told. What was before us is history. */
function openAs({ createdAt }: Source, { row, is, disarms, repository }: ReadRow): 1 | 2 | null {
  if (row.at < createdAt) return null;
  if (is === 'push' && repository !== null) return 1;
  return disarms ? 2 : null;
}

function rowParam(source: Source, read: ReadRow): Record<string, unknown> {
  const { row, key, credentials, repository } = read;
  const { at, action, name, actor, data, description } = row;
  const [credential = null] = credentials.length === 1 ? credentials : [];
  const kept = JSON.stringify({ ...data, ...(description === '' ? {} : { description }) });
  return { at, key, action, name, actor, data: kept, credential, repository, open: openAs(source, read) };
}

function rowSightings({ row, key, credentials, is, repository }: ReadRow): NewSighting[] {
  const { tag, digest } = row.data;
  const detail: NonNullable<Sighting['detail']> = {
    event: row.action,
    target: row.name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
  const strength = credentials.length === 1 ? 'named' : 'ambiguous';
  const what = { at: row.at, since: null, source: 'audit-log', action: is, strength, detail } as const;
  return credentials.map((credential) => ({ credential, key: `l${key}`, repository, seq: null, ...what }));
}
