import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Identity, IdentityProvider, Role } from '../domain/person.ts';
import { type AuditEntry, auditEntry } from './audit.ts';

export interface MemberRecord {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  /** How they sign in; empty: by links that an owner gives them. */
  readonly identities: readonly { readonly provider: IdentityProvider; readonly login: string }[];
}

export interface InvitationRecord {
  readonly id: number;
  readonly provider: IdentityProvider;
  readonly login: string;
  readonly role: Role;
  /** Bound to the account that has the login now, whoever has it later. */
  readonly isBound: boolean;
  readonly expiresAt: number;
}

export interface NewInvitation {
  readonly teamId: number;
  readonly role: Role;
  readonly provider: IdentityProvider;
  readonly login: string;
  readonly externalId: string | null;
  readonly expiresAt: number;
  readonly by: string;
  readonly now: number;
}

export interface SignedInPerson {
  readonly personId: number;
  readonly identityId: number;
  readonly teamId: number;
}

/** A team of more is no team. */
export const MOST_MEMBERS = 200;

const MEMBER = `SELECT p.id, p.name, m.role, m.created_at AS createdAt,
    (SELECT json_group_array(json_object('provider', i.provider, 'login', i.login)) FROM identities i WHERE i.person_id = p.id) AS identities
  FROM memberships m JOIN people p ON p.id = m.person_id WHERE m.team_id = ?1`;

type MemberRow = Omit<MemberRecord, 'identities'> & { readonly identities: string };

const memberOf = (row: MemberRow): MemberRecord => ({
  ...row,
  identities: JSON.parse(row.identities) as MemberRecord['identities'], // as the query builds it
});

/** An owner who is not the only one, or somebody else: a team is never left without. */
const NOT_LAST_OWNER = `(role <> 'owner' OR (SELECT count(*) FROM memberships o WHERE o.team_id = ?1 AND o.role = 'owner') > 1)`;

/** Members of teams, who may become one, and the identities by which they sign in. */
export function createPeopleStore(db: D1Database) {
  const endSessions = (teamId: number, personId: number): D1PreparedStatement =>
    db.prepare('DELETE FROM sessions WHERE team_id = ?1 AND person_id = ?2').bind(teamId, personId);

  return {
    /** Members, and who has been invited to be one. */
    async team(teamId: number, now: number): Promise<{ members: MemberRecord[]; invitations: InvitationRecord[] }> {
      const [members, invitations] = await db.batch<Record<string, unknown>>([
        db.prepare(`${MEMBER} ORDER BY p.id LIMIT ${MOST_MEMBERS}`).bind(teamId),
        db
          .prepare(
            `SELECT id, provider, login, role, external_id IS NOT NULL AS bound, expires_at AS expiresAt FROM invitations
             WHERE team_id = ?1 AND expires_at > ?2 ORDER BY id LIMIT ${MOST_MEMBERS}`,
          )
          .bind(teamId, now),
      ]);
      // As the statements above name their columns.
      const invited = (invitations?.results ?? []) as unknown as (Omit<InvitationRecord, 'isBound'> & {
        bound: number;
      })[];
      return {
        members: ((members?.results ?? []) as unknown as MemberRow[]).map(memberOf),
        invitations: invited.map(({ bound, ...row }) => ({ ...row, isBound: bound === 1 })),
      };
    },

    async member(teamId: number, personId: number): Promise<MemberRecord | null> {
      const row = await db.prepare(`${MEMBER} AND m.person_id = ?2`).bind(teamId, personId).first<MemberRow>();
      return row === null ? null : memberOf(row);
    },

    /** Teams of a person, for going from one to another. */
    async teamsOf(personId: number): Promise<{ id: number; name: string; role: Role }[]> {
      const rows = await db
        .prepare(
          'SELECT t.id, t.name, m.role FROM memberships m JOIN teams t ON t.id = m.team_id WHERE m.person_id = ?1 ORDER BY t.id LIMIT 100',
        )
        .bind(personId)
        .all<{ id: number; name: string; role: Role }>();
      return rows.results;
    },

    /** Writes an invitation, or renews it with another role. */
    async invite(invitation: NewInvitation, audit: AuditEntry): Promise<void> {
      const { teamId, role, provider, login, externalId, expiresAt, by, now } = invitation;
      await db.batch([
        db
          .prepare(
            `INSERT INTO invitations (team_id, role, provider, login, external_id, expires_at, created_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (team_id, provider, login) DO UPDATE SET role = excluded.role, external_id = excluded.external_id,
               expires_at = excluded.expires_at, created_at = excluded.created_at, created_by = excluded.created_by`,
          )
          .bind(teamId, role, provider, login.toLowerCase(), externalId, expiresAt, now, by),
        auditEntry(db, audit),
      ]);
    },

    async withdraw(teamId: number, id: number, audit: AuditEntry): Promise<boolean> {
      const gone = await db
        .prepare('DELETE FROM invitations WHERE team_id = ?1 AND id = ?2 RETURNING id')
        .bind(teamId, id)
        .first();
      if (gone === null) return false;
      await auditEntry(db, audit).run();
      return true;
    },

    /** Makes a member who signs in by links alone. `null`: the team has a member of that name, or no room. */
    async addMember(
      member: { readonly teamId: number; readonly name: string; readonly role: Role; readonly now: number },
      audit: AuditEntry,
    ): Promise<number | null> {
      const { teamId, name, role, now } = member;
      const person = await db
        .prepare(
          `INSERT INTO people (name, created_at) SELECT ?2, ?3 WHERE (SELECT count(*) FROM memberships WHERE team_id = ?1) < ${MOST_MEMBERS}
             AND NOT EXISTS (SELECT 1 FROM memberships m JOIN people p ON p.id = m.person_id WHERE m.team_id = ?1 AND lower(p.name) = lower(?2))
           RETURNING id`,
        )
        .bind(teamId, name, now)
        .first<{ id: number }>();
      if (person === null) return null;
      await db.batch([
        db
          .prepare(
            'INSERT INTO memberships (team_id, person_id, role, created_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5)',
          )
          .bind(teamId, person.id, role, now, audit.actor),
        auditEntry(db, audit),
      ]);
      return person.id;
    },

    /**
     * Changes a role and ends the member's sessions in this team: rights that change want a new sign-in. `false`: no
     * such member, or the team would be left without an owner.
     */
    async changeRole(teamId: number, personId: number, role: Role, audit: AuditEntry): Promise<boolean> {
      const changed = await db
        .prepare(
          `UPDATE memberships SET role = ?3 WHERE team_id = ?1 AND person_id = ?2 AND (?3 = 'owner' OR ${NOT_LAST_OWNER}) RETURNING person_id`,
        )
        .bind(teamId, personId, role)
        .first();
      if (changed === null) return false;
      await db.batch([endSessions(teamId, personId), auditEntry(db, audit)]);
      return true;
    },

    /** Ends a membership with its sessions and links. `false` as for `changeRole`. */
    async removeMember(teamId: number, personId: number, audit: AuditEntry): Promise<boolean> {
      const removed = await db
        .prepare(
          `DELETE FROM memberships WHERE team_id = ?1 AND person_id = ?2 AND ${NOT_LAST_OWNER} RETURNING person_id`,
        )
        .bind(teamId, personId)
        .first();
      if (removed === null) return false;
      await db.batch([
        endSessions(teamId, personId),
        db.prepare('DELETE FROM sign_in_links WHERE team_id = ?1 AND person_id = ?2').bind(teamId, personId),
        auditEntry(db, audit),
      ]);
      return true;
    },

    /**
     * Lets in whom a provider vouches for: a member of some team, or somebody invited. An invitation that is bound to an
     * account opens to that account only; another one to whoever has the login now, until it expires. `null`: nobody
     * asked them in.
     */
    async signIn(identity: Identity, now: number): Promise<SignedInPerson | null> {
      const { provider, externalId } = identity;
      const login = identity.login.toLowerCase();
      const invited = `provider = ?1 AND expires_at > ?4 AND (external_id = ?2 OR (external_id IS NULL AND login = ?3))`;
      const [known, waiting] = await db.batch<{ id: number }>([
        db
          .prepare('SELECT person_id AS id FROM identities WHERE provider = ?1 AND external_id = ?2')
          .bind(provider, externalId),
        db.prepare(`SELECT id FROM invitations WHERE ${invited} LIMIT 1`).bind(provider, externalId, login, now),
      ]);
      let person = known?.results[0]?.id ?? null;
      const isInvited = (waiting?.results.length ?? 0) > 0;
      if (person === null) {
        if (!isInvited) return null;
        person = await firstSignIn(db, identity, now);
      }
      await db.batch([
        db
          .prepare('UPDATE identities SET login = ?3 WHERE provider = ?1 AND external_id = ?2 AND login <> ?3')
          .bind(provider, externalId, login),
        db
          .prepare(
            `INSERT INTO memberships (team_id, person_id, role, created_at, created_by)
             SELECT team_id, ?5, role, ?4, created_by FROM invitations WHERE ${invited} ON CONFLICT DO NOTHING`,
          )
          .bind(provider, externalId, login, now, person),
        db
          .prepare(
            `INSERT INTO audit_log (team_id, at, actor, action, target, detail)
             SELECT team_id, ?4, created_by, 'member.joined', ?3, json_object('role', role, 'provider', ?1, 'id', ?2) FROM invitations WHERE ${invited}`,
          )
          .bind(provider, externalId, login, now),
        db.prepare(`DELETE FROM invitations WHERE ${invited}`).bind(provider, externalId, login, now),
      ]);
      return firstTeam(db, identity);
    },
  };
}

export type PeopleStore = ReturnType<typeof createPeopleStore>;

/** The person of an identity that is seen for the first time. Two at once make one: the identity is unique. */
async function firstSignIn(db: D1Database, identity: Identity, now: number): Promise<number | null> {
  const { provider, externalId, login } = identity;
  const [, , found] = await db.batch<{ id: number }>([
    db
      .prepare(
        'INSERT INTO people (name, created_at) SELECT ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM identities WHERE provider = ?1 AND external_id = ?2)',
      )
      .bind(provider, externalId, login, now),
    db
      .prepare(
        `INSERT INTO identities (person_id, provider, external_id, login, created_at)
         SELECT last_insert_rowid(), ?1, ?2, lower(?3), ?4 WHERE changes() > 0`,
      )
      .bind(provider, externalId, login, now),
    db
      .prepare('SELECT person_id AS id FROM identities WHERE provider = ?1 AND external_id = ?2')
      .bind(provider, externalId),
  ]);
  return found?.results[0]?.id ?? null;
}

async function firstTeam(db: D1Database, { provider, externalId }: Identity): Promise<SignedInPerson | null> {
  return db
    .prepare(
      `SELECT i.person_id AS personId, i.id AS identityId, m.team_id AS teamId FROM identities i JOIN memberships m ON m.person_id = i.person_id
       WHERE i.provider = ?1 AND i.external_id = ?2 ORDER BY m.created_at DESC, m.team_id LIMIT 1`,
    )
    .bind(provider, externalId)
    .first<SignedInPerson>();
}
