import type { D1Database } from '@cloudflare/workers-types';
import type { WebhookOrigin } from '../domain/evidence.ts';
import type { Policy } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import type { NewImage } from '../usecases/register-image.ts';
import { type AuditEntry, auditEntry, auditIfChanged } from './audit.ts';
import { DAY_MS } from './codec.ts';

export type Provider = WebhookOrigin;

/** A watched repository as the API shows it. */
export interface RepositoryRecord {
  readonly id: number;
  readonly image: ImageName;
  readonly policy: Policy;
  readonly provider: Provider;
  readonly hook: { readonly id: number; readonly publicId: string };
  readonly channel: string | null;
  readonly createdAt: number;
  readonly baselineAt: number | null;
  readonly sweptAt: number | null;
  readonly sweepFailures: number;
  readonly missedWebhooks: number;
  readonly tags: number | null;
}

/** A row of `REPOSITORY_SELECT`. */
export interface RepositoryRow {
  id: number;
  registry: string;
  path: string;
  policy: string;
  provider: Provider;
  hook_id: number;
  public_id: string;
  channel: string | null;
  created_at: number;
  baseline_at: number | null;
  swept_at: number | null;
  sweep_failures: number;
  missed_webhooks: number;
}

export const REPOSITORY_SELECT = `SELECT r.id, r.registry, r.path, r.policy, h.provider, h.id AS hook_id, h.public_id, c.name AS channel, r.created_at,
    r.baseline_at, r.swept_at, r.sweep_failures, r.missed_webhooks
  FROM repositories r JOIN hooks h ON h.id = r.hook_id LEFT JOIN channels c ON c.id = r.channel_id`;

export function repositoryOf(row: RepositoryRow, tags: number | null): RepositoryRecord {
  return {
    id: row.id,
    image: { registry: row.registry, path: row.path },
    policy: JSON.parse(row.policy) as Policy, // checked before it was stored
    provider: row.provider,
    hook: { id: row.hook_id, publicId: row.public_id },
    channel: row.channel,
    createdAt: row.created_at,
    baselineAt: row.baseline_at,
    sweptAt: row.swept_at,
    sweepFailures: row.sweep_failures,
    missedWebhooks: row.missed_webhooks,
    tags,
  };
}

const USES_OF = `SELECT s.credential_id, s.at, s.key FROM credential_days d INDEXED BY credential_days_by_repository
  JOIN sightings s ON s.credential_id = d.credential_id AND s.at >= d.day * ${DAY_MS} AND s.at < (d.day + 1) * ${DAY_MS}
    AND s.repository_id = d.repository_id WHERE d.repository_id =`;

/** Watched repositories and the hooks that tell of them. Every query is scoped by team. */
export function createRepositoryStore(db: D1Database) {
  return {
    /** Answers with the new repository's id, or `null` if the team watches the image already. */
    async add(repository: NewImage, audit: AuditEntry): Promise<number | null> {
      const { teamId, image, hook, now } = repository;
      const own = 'publicId' in hook ? hook : null;
      const hookRows =
        own === null
          ? []
          : [
              db
                .prepare(
                  'INSERT INTO hooks (team_id, public_id, provider, registry, created_at) VALUES (?1, ?2, ?3, ?4, ?5)',
                )
                .bind(teamId, own.publicId, own.provider, image.registry, now),
              db
                .prepare(
                  'INSERT INTO hook_secrets (hook_id, hash, sealed, created_at) SELECT id, ?2, ?3, ?4 FROM hooks WHERE public_id = ?1',
                )
                .bind(own.publicId, own.secret.hash, own.secret.sealed, now),
            ];
      const hookId =
        own === null
          ? 'SELECT id FROM hooks WHERE id = ?2 AND team_id = ?1'
          : 'SELECT id FROM hooks WHERE public_id = ?2 AND team_id = ?1';
      const row = db
        .prepare(
          `INSERT INTO repositories (team_id, hook_id, registry, path, policy, channel_id, created_at, next_sweep_at)
           VALUES (?1, (${hookId}), ?3, ?4, ?5, ?6, ?7, ?7) RETURNING id`,
        )
        .bind(
          teamId,
          'existing' in hook ? hook.existing : hook.publicId,
          image.registry,
          image.path,
          JSON.stringify(repository.policy),
          repository.channelId,
          now,
        );
      try {
        const results = await db.batch<{ id: number }>([...hookRows, row, auditEntry(db, audit)]);
        return results[hookRows.length]?.results[0]?.id ?? null;
      } catch (error) {
        if (error instanceof Error && error.message.includes('UNIQUE constraint failed: repositories')) return null;
        throw error;
      }
    },

    async list(teamId: number, after: number, limit: number): Promise<RepositoryRecord[]> {
      const rows = await db
        .prepare(`${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3`)
        .bind(teamId, after, limit)
        .all<RepositoryRow>();
      return rows.results.map((row) => repositoryOf(row, null));
    },

    async get(teamId: number, id: number): Promise<RepositoryRecord | null> {
      const [row, tags] = await db.batch([
        db.prepare(`${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.id = ?2`).bind(teamId, id),
        db
          .prepare(
            'SELECT count(*) AS tags FROM tags WHERE repository_id = ?1 AND deleted_at IS NULL AND digest IS NOT NULL',
          )
          .bind(id),
      ]);
      const found = row?.results[0] as RepositoryRow | undefined; // the columns of REPOSITORY_SELECT
      return found === undefined
        ? null
        : repositoryOf(found, (tags?.results[0] as { tags: number } | undefined)?.tags ?? 0);
    },

    /** The team's record of an image, by the key of images; without the number of its tags. */
    async byImage(teamId: number, image: ImageName): Promise<RepositoryRecord | null> {
      const row = await db
        .prepare(`${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.registry = ?2 AND r.path = ?3`)
        .bind(teamId, image.registry, image.path)
        .first<RepositoryRow>();
      return row === null ? null : repositoryOf(row, null);
    },

    /** `false`: `ifPolicy` (the stored text) is not its policy any more, and nothing was changed. */
    async change(
      teamId: number,
      id: number,
      policy: Policy,
      channelId: number | null,
      audit: AuditEntry,
      ifPolicy?: string,
    ): Promise<boolean> {
      const [changed] = await db.batch([
        db
          .prepare(
            'UPDATE repositories SET policy = ?3, channel_id = ?4 WHERE id = ?2 AND team_id = ?1 AND (?5 IS NULL OR policy = ?5)',
          )
          .bind(teamId, id, JSON.stringify(policy), channelId, ifPolicy ?? null),
        auditIfChanged(db, audit),
      ]);
      return (changed?.meta.changes ?? 0) > 0;
    },

    /** Deletes a repository with all that was recorded of it, and its hook if no other repository uses it. */
    async remove(teamId: number, id: number, audit: AuditEntry): Promise<void> {
      const own = 'SELECT id FROM repositories WHERE id = ?2 AND team_id = ?1';
      const tables = [
        'pushes',
        'push_weeks',
        'tags',
        'push_deliveries',
        'announcements',
        'alerts',
        'notifications',
        'image_contents',
      ];
      await db.batch([
        // Uses are kept as long as the pushes they made. The days on which there were some lead to them.
        db.prepare(`DELETE FROM sightings WHERE (credential_id, at, key) IN (${USES_OF} (${own}))`).bind(teamId, id),
        db.prepare(`DELETE FROM credential_days WHERE repository_id = (${own})`).bind(teamId, id),
        db.prepare(`UPDATE audit_rows SET open = NULL WHERE open = 1 AND repository_id = (${own})`).bind(teamId, id),
        ...tables.map((table) => db.prepare(`DELETE FROM ${table} WHERE repository_id = (${own})`).bind(teamId, id)),
        db.prepare('DELETE FROM repositories WHERE id = ?2 AND team_id = ?1').bind(teamId, id),
        db
          .prepare(
            'DELETE FROM deliveries WHERE hook_id IN (SELECT id FROM hooks WHERE team_id = ?1 AND id NOT IN (SELECT hook_id FROM repositories))',
          )
          .bind(teamId),
        db
          .prepare('DELETE FROM hooks WHERE team_id = ?1 AND id NOT IN (SELECT hook_id FROM repositories)')
          .bind(teamId),
        auditEntry(db, audit),
      ]);
    },
  };
}

export type RepositoryStore = ReturnType<typeof createRepositoryStore>;
