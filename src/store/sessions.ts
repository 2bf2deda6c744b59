import type { D1Database } from '@cloudflare/workers-types';
import { type IdentityProvider, type Role, SESSION_IDLE_MS, SESSION_LIFE_MS } from '../domain/person.ts';
import { type AuditEntry, auditEntry } from './audit.ts';

const SEEN_EVERY_MS = 60_000;
const LONGEST_USER_AGENT = 120;
/** No list of ours is longer: more is shown as "99+". */
const COUNTED = 100;

/** Who a browser is signed in as. */
export type SessionOwner =
  | { readonly personId: number; readonly identityId: number | null }
  /** As owner of the key's team. Ends when the key is revoked. */
  | { readonly keyId: number };

/** A live session, with what the frame of every page says of its team. */
export interface LiveSession {
  readonly id: number;
  readonly teamId: number;
  readonly team: string;
  /** `github:alex`, `access:alex@example.org`, `person:alex`, `key:laptop`: as it stands in the audit log. */
  readonly name: string;
  readonly role: Role;
  /** `null`: an API key's. */
  readonly personId: number | null;
  readonly owner: SessionOwner;
  readonly identity: { readonly provider: IdentityProvider; readonly externalId: string } | null;
  readonly createdAt: number;
  /** `seen_at` is older than a minute: touch it. */
  readonly stale: boolean;
  readonly frame: Frame;
}

/** At most 100 of each are counted. */
export interface Frame {
  readonly openAlerts: number;
  /** Kinds of the open health alerts. */
  readonly troubles: readonly string[];
  readonly watched: number;
  readonly sweptAt: number | null;
  readonly teams: number;
}

interface Row {
  id: number;
  team_id: number;
  team: string;
  person_id: number | null;
  person: string | null;
  role: Role | null;
  key_id: number | null;
  key_name: string | null;
  identity_id: number | null;
  provider: IdentityProvider | null;
  external_id: string | null;
  login: string | null;
  created_at: number;
  seen_at: number;
  open_alerts: number;
  troubles: string | null;
  watched: number;
  swept_at: number | null;
  teams: number;
}

// One round trip for every page: who it is, what they may do now, and the frame's figures. Each figure reads at most 100
// entries of an index, the sweep's time as many rows as the team watches images.
const LOAD = `SELECT s.id, s.team_id, t.name AS team, s.person_id, p.name AS person, m.role, s.key_id, k.name AS key_name, s.identity_id,
    i.provider, i.external_id, i.login, s.created_at, s.seen_at,
    (SELECT count(*) FROM (SELECT 1 FROM alerts a WHERE a.team_id = s.team_id AND a.state = 'open' LIMIT ${COUNTED})) AS open_alerts,
    (SELECT group_concat(kind) FROM (SELECT h.kind FROM health_alerts h WHERE h.team_id = s.team_id AND h.closed_at IS NULL LIMIT ${COUNTED})) AS troubles,
    (SELECT count(*) FROM repositories r WHERE r.team_id = s.team_id) AS watched,
    (SELECT max(r.swept_at) FROM repositories r WHERE r.team_id = s.team_id) AS swept_at,
    (SELECT count(*) FROM memberships o WHERE o.person_id = s.person_id) AS teams
  FROM sessions s JOIN teams t ON t.id = s.team_id
    LEFT JOIN people p ON p.id = s.person_id
    LEFT JOIN memberships m ON m.team_id = s.team_id AND m.person_id = s.person_id
    LEFT JOIN api_keys k ON k.id = s.key_id AND k.team_id = s.team_id AND k.scope = 'admin' AND k.revoked_at IS NULL
    LEFT JOIN identities i ON i.id = s.identity_id AND i.person_id = s.person_id
  WHERE s.hash = ?1 AND s.seen_at > ?2 AND s.created_at > ?3`;

function sessionOf(row: Row, now: number): LiveSession | null {
  const common = {
    id: row.id,
    teamId: row.team_id,
    team: row.team,
    createdAt: row.created_at,
    stale: Math.abs(now - row.seen_at) >= SEEN_EVERY_MS,
    frame: {
      openAlerts: row.open_alerts,
      troubles: row.troubles === null ? [] : row.troubles.split(','),
      watched: row.watched,
      sweptAt: row.swept_at,
      teams: row.teams,
    },
  };
  if (row.key_id !== null && row.key_name !== null) {
    const owner = { keyId: row.key_id };
    return { ...common, name: `key:${row.key_name}`, role: 'owner', personId: null, owner, identity: null };
  }
  if (row.person_id === null || row.person === null || row.role === null) return null;
  // A session that came by an identity which is gone is nobody's.
  if (row.identity_id !== null && row.provider === null) return null;
  const { provider, external_id: externalId } = row;
  return {
    ...common,
    name: provider === null ? `person:${row.person}` : `${provider}:${row.login}`,
    role: row.role,
    personId: row.person_id,
    owner: { personId: row.person_id, identityId: row.identity_id },
    identity: provider === null || externalId === null ? null : { provider, externalId },
  };
}

/** A session as a list shows it. */
export interface SessionRecord {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly userAgent: string;
}

/** Signed-in browsers. A session is found by the SHA-256 of its 256-bit token; who owns it is read anew each time. */
export function createSessionStore(db: D1Database) {
  return {
    async byHash(hash: Uint8Array, now: number): Promise<LiveSession | null> {
      const row = await db
        .prepare(LOAD)
        .bind(hash, now - SESSION_IDLE_MS, now - SESSION_LIFE_MS)
        .first<Row>();
      return row === null ? null : sessionOf(row, now);
    },

    async touch(id: number, now: number): Promise<void> {
      await db.prepare('UPDATE sessions SET seen_at = ?2 WHERE id = ?1').bind(id, now).run();
    },

    /** Signs a browser in. `replaces`: the session that it had, which ends; `since`: when its owner signed in. */
    async open(session: {
      readonly hash: Uint8Array;
      readonly teamId: number;
      readonly owner: SessionOwner;
      readonly since: number;
      readonly now: number;
      readonly userAgent: string;
      readonly replaces: number | null;
    }): Promise<void> {
      const { hash, teamId, owner, since, now, userAgent } = session;
      const [personId, keyId, identityId] =
        'keyId' in owner ? [null, owner.keyId, null] : [owner.personId, null, owner.identityId];
      await db.batch([
        db.prepare('DELETE FROM sessions WHERE id = ?1').bind(session.replaces),
        db
          .prepare(
            'INSERT INTO sessions (hash, team_id, person_id, key_id, identity_id, created_at, seen_at, user_agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)',
          )
          .bind(hash, teamId, personId, keyId, identityId, since, now, userAgent.slice(0, LONGEST_USER_AGENT)),
      ]);
    },

    async end(id: number): Promise<void> {
      await db.prepare('DELETE FROM sessions WHERE id = ?1').bind(id).run();
    },

    /** Sessions in a team, of one person or (`null`) of everybody, the latest used first. */
    async list(teamId: number, personId: number | null): Promise<SessionRecord[]> {
      const rows = await db
        .prepare(
          `SELECT s.id, CASE WHEN s.key_id IS NOT NULL THEN 'key:' || k.name WHEN i.id IS NULL THEN 'person:' || p.name
               ELSE i.provider || ':' || i.login END AS name, s.created_at AS createdAt, s.seen_at AS seenAt, s.user_agent AS userAgent
           FROM sessions s LEFT JOIN people p ON p.id = s.person_id LEFT JOIN identities i ON i.id = s.identity_id LEFT JOIN api_keys k ON k.id = s.key_id
           WHERE s.team_id = ?1 AND ${personId === null ? '?2 IS NULL' : 's.person_id = ?2'} ORDER BY s.seen_at DESC LIMIT 200`,
        )
        .bind(teamId, personId)
        .all<SessionRecord>();
      return rows.results;
    },

    /** Ends a session in a team, if it is this person's or (`null`) anybody's. */
    async revoke(teamId: number, personId: number | null, id: number, audit: AuditEntry): Promise<boolean> {
      const ended = await db
        .prepare('DELETE FROM sessions WHERE team_id = ?1 AND id = ?3 AND (?2 IS NULL OR person_id = ?2) RETURNING id')
        .bind(teamId, personId, id)
        .first();
      if (ended === null) return false;
      await auditEntry(db, audit).run();
      return true;
    },

    /** Drops sessions and links that are over. Both tables are small: a row per signed-in browser. */
    async expire(now: number): Promise<void> {
      await db.batch([
        db
          .prepare('DELETE FROM sessions WHERE seen_at <= ?1 OR created_at <= ?2')
          .bind(now - SESSION_IDLE_MS, now - SESSION_LIFE_MS),
        db.prepare('DELETE FROM sign_in_links WHERE expires_at <= ?1').bind(now),
        db.prepare('DELETE FROM invitations WHERE expires_at <= ?1').bind(now),
      ]);
    },
  };
}

export type SessionStore = ReturnType<typeof createSessionStore>;
