import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Policy } from '../domain/policy.ts';
import type { AnnouncementStore, NewAnnouncement } from '../usecases/announcement-store.ts';
import { hexParam } from './codec.ts';

/** Genuine tokens of jobs that no policy names, kept per repository and day: anyone with a CI account can mint them. */
const MAX_STRANGERS = 20;
const DAY_MS = 86_400_000;

const ADD = `INSERT INTO announcements (team_id, repository_id, source, phase, digest, tags, allowed, run, claims, reason, at, expires_at)
  SELECT ?1, ?2, ?3, ?4, unhex(?5), ?6, ?7, ?8, ?9, ?10, ?11, ?12
  WHERE ?7 OR (SELECT count(*) FROM announcements WHERE repository_id = ?2 AND at > ?11 - ${DAY_MS} AND allowed = 0) < ${MAX_STRANGERS}`;

const CLOSE_WINDOWS = `UPDATE announcements SET closed_at = ?3
  WHERE repository_id = ?1 AND at > ?3 - ${DAY_MS} AND run = ?2 AND phase = 'started' AND closed_at IS NULL`;

/** What CI jobs and maintainers announced. A token and what it announces are written together or not at all. */
export function createAnnouncementStore(db: D1Database): AnnouncementStore {
  return {
    async targets(image) {
      const answer = await db
        .prepare('SELECT id, team_id, policy FROM repositories WHERE registry = ?1 AND path = ?2')
        .bind(image.registry, image.path)
        .all<{ id: number; team_id: number; policy: string }>();
      return answer.results.map((row) => ({
        repository: row.id,
        teamId: row.team_id,
        policy: JSON.parse(row.policy) as Policy, // checked before it was stored
      }));
    },

    async record(token, announcements) {
      const statements = announcements.flatMap((each) => add(db, each));
      if (token === null) {
        if (statements.length > 0) await db.batch(statements);
        return true;
      }
      const id = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token.id));
      const spend = db
        .prepare('INSERT INTO ci_token_uses (token, expires_at) VALUES (?1, ?2)')
        .bind(id, token.expiresAt);
      try {
        await db.batch([spend, ...statements]);
      } catch (error) {
        // The key refuses the second use, and the batch takes the rest back with it.
        if (error instanceof Error && error.message.includes('ci_token_uses.token')) return false;
        throw error;
      }
      return true;
    },
  };
}

function add(db: D1Database, each: NewAnnouncement): D1PreparedStatement[] {
  const { target, digest, tags, claims } = each;
  const row = db
    .prepare(ADD)
    .bind(
      target.teamId,
      target.repository,
      each.source,
      each.phase,
      hexParam(digest),
      JSON.stringify(tags),
      each.allowed ? 1 : 0,
      each.run,
      claims === null ? null : JSON.stringify(claims),
      each.reason,
      each.at,
      each.expiresAt,
    );
  return each.phase === 'finished'
    ? [row, db.prepare(CLOSE_WINDOWS).bind(target.repository, each.run, each.at)]
    : [row];
}
