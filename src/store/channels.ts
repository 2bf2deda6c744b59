import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Severity } from '../domain/severity.ts';
import type { ChannelKind } from '../usecases/ports.ts';
import { type AuditEntry, auditEntry, auditIfChanged } from './audit.ts';

/** A channel as the API shows it: what it is called and whether it works, never its address. */
export interface ChannelSummary {
  readonly id: number;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly forAlerts: boolean;
  readonly forHealth: boolean;
  readonly refused: string | null;
  readonly createdAt: number;
  readonly minSeverity: Severity;
  /** Its Slack app has a signing secret of its own. */
  readonly signed: boolean;
  readonly anyoneMayAcknowledge: boolean;
}

interface Row {
  id: number;
  name: string;
  kind: ChannelKind;
  for_alerts: number;
  for_health: number;
  refused: string | null;
  created_at: number;
  min_severity: Severity;
  signed: number;
  anyone_may_acknowledge: number;
}

const COLUMNS = `id, name, kind, for_alerts, for_health, refused, created_at, min_severity, signing IS NOT NULL AS signed,
  anyone_may_acknowledge`;

const summaryOf = (row: Row): ChannelSummary => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  forAlerts: row.for_alerts === 1,
  forHealth: row.for_health === 1,
  refused: row.refused,
  createdAt: row.created_at,
  minSeverity: row.min_severity,
  signed: row.signed === 1,
  anyoneMayAcknowledge: row.anyone_may_acknowledge === 1,
});

export interface ChannelChange {
  readonly kind: ChannelKind;
  readonly sealed: string;
  readonly forAlerts: boolean;
  readonly forHealth: boolean;
  readonly minSeverity: Severity;
  /** The sealed signing secret of its Slack app; `null`: none of its own. */
  readonly signing: string | null;
  readonly anyoneMayAcknowledge: boolean;
}

export interface ChannelImage {
  readonly id: number;
  readonly registry: string;
  readonly path: string;
}

/** Messages that failed for good in the last week are sent after all once their channel has been mended. */
const RESEND_MS = 7 * 86_400_000;

/** Where messages go. Addresses and tokens are encrypted. */
export function createChannelStore(db: D1Database) {
  const only = (teamId: number, column: 'for_alerts' | 'for_health', name: string): D1PreparedStatement =>
    db.prepare(`UPDATE channels SET ${column} = 0 WHERE team_id = ?1 AND name <> ?2`).bind(teamId, name);
  const wakeUnsent = (teamId: number, now: number): D1PreparedStatement =>
    db
      .prepare(
        `UPDATE notifications SET next_at = ?2, failed = NULL, attempts = 0
         WHERE team_id = ?1 AND sent_at IS NULL AND created_at > ?2 - ${RESEND_MS} AND (failed IS NOT NULL OR next_at > ?2)`,
      )
      .bind(teamId, now);

  return {
    async list(teamId: number): Promise<ChannelSummary[]> {
      const rows = await db
        .prepare(`SELECT ${COLUMNS} FROM channels WHERE team_id = ?1 ORDER BY id LIMIT 200`)
        .bind(teamId)
        .all<Row>();
      return rows.results.map(summaryOf);
    },

    async byName(teamId: number, name: string): Promise<number | null> {
      const row = await db
        .prepare('SELECT id FROM channels WHERE team_id = ?1 AND name = ?2')
        .bind(teamId, name)
        .first<{ id: number }>();
      return row?.id ?? null;
    },

    /** Answers with the id, or `null` if the name is taken. Whatever waits for a channel is sent. */
    async add(
      teamId: number,
      name: string,
      channel: ChannelChange,
      now: number,
      audit: AuditEntry,
    ): Promise<number | null> {
      try {
        const results = await db.batch<{ id: number }>([
          db
            .prepare(
              `INSERT INTO channels (team_id, name, kind, sealed, for_alerts, for_health, min_severity, signing, anyone_may_acknowledge, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id`,
            )
            .bind(teamId, name, ...valuesOf(channel), now),
          ...(channel.forAlerts ? [only(teamId, 'for_alerts', name)] : []),
          ...(channel.forHealth ? [only(teamId, 'for_health', name)] : []),
          wakeUnsent(teamId, now),
          auditEntry(db, audit),
        ]);
        return results[0]?.results[0]?.id ?? null;
      } catch (error) {
        if (isTaken(error)) return null;
        throw error;
      }
    },

    async get(teamId: number, id: number): Promise<SealedChannel | null> {
      const row = await db
        .prepare(`SELECT ${COLUMNS}, sealed, signing FROM channels WHERE team_id = ?1 AND id = ?2`)
        .bind(teamId, id)
        .first<Row & { sealed: string; signing: string | null }>();
      return row === null ? null : { ...summaryOf(row), sealed: row.sealed, signing: row.signing };
    },

    /** The team and the sealed signing secret of the Slack app that a channel was given. */
    async slackApp(id: number): Promise<{ teamId: number; signing: string } | null> {
      return db
        .prepare('SELECT team_id AS teamId, signing FROM channels WHERE id = ?1 AND signing IS NOT NULL')
        .bind(id)
        .first<{ teamId: number; signing: string }>();
    },

    /** Changes a channel, forgets that it refused messages, and sends what it had refused. `false`: the name is taken. */
    async change(
      teamId: number,
      id: number,
      name: string,
      channel: ChannelChange,
      now: number,
      audit: AuditEntry,
    ): Promise<boolean> {
      try {
        await db.batch([
          db
            .prepare(
              `UPDATE channels SET kind = ?3, sealed = ?4, for_alerts = ?5, for_health = ?6, min_severity = ?7, signing = ?8,
                 anyone_may_acknowledge = ?9, refused = NULL, name = ?10 WHERE team_id = ?1 AND id = ?2`,
            )
            .bind(teamId, id, ...valuesOf(channel), name),
          ...(channel.forAlerts ? [only(teamId, 'for_alerts', name)] : []),
          ...(channel.forHealth ? [only(teamId, 'for_health', name)] : []),
          wakeUnsent(teamId, now),
          auditEntry(db, audit),
        ]);
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        throw error;
      }
    },

    /** A test reached it: what it had refused before is sent again. The test is written down as sent. */
    async tested(
      teamId: number,
      id: number,
      test: { readonly event: string; readonly content: unknown; readonly now: number },
      audit: AuditEntry,
    ): Promise<void> {
      const { event, content, now } = test;
      await db.batch([
        db
          .prepare(
            `INSERT INTO notifications (team_id, event, route, channel_id, content, created_at, sent_at)
             VALUES (?1, ?2, 'alerts', ?3, ?4, ?5, ?5)`,
          )
          .bind(teamId, event, id, JSON.stringify(content), now),
        db.prepare('UPDATE teams SET tested_at = ?2 WHERE id = ?1').bind(teamId, now),
        db.prepare('UPDATE channels SET refused = NULL WHERE team_id = ?1 AND id = ?2').bind(teamId, id),
        wakeUnsent(teamId, now),
        auditEntry(db, audit),
      ]);
    },

    /** A channel, with images whose alerts go to it by name: after an id, in the order of their ids. */
    async withImages(
      teamId: number,
      id: number,
      after: number,
      limit: number,
    ): Promise<{ channel: ChannelSummary; images: ChannelImage[] } | null> {
      const [found, images] = await db.batch([
        db.prepare(`SELECT ${COLUMNS} FROM channels WHERE team_id = ?1 AND id = ?2`).bind(teamId, id),
        db
          .prepare(
            `SELECT id, registry, path FROM repositories INDEXED BY repositories_by_channel
             WHERE channel_id = ?2 AND team_id = ?1 AND id > ?3 ORDER BY id LIMIT ?4`,
          )
          .bind(teamId, id, after, limit),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const row = found?.results[0] as Row | undefined;
      return row === undefined ? null : { channel: summaryOf(row), images: (images?.results ?? []) as ChannelImage[] };
    },

    /** Sends an image's alerts to a channel (`null`: the default one); answers whether there is such an image. */
    async assign(teamId: number, repository: number, channel: number | null, audit: AuditEntry): Promise<boolean> {
      const results = await db.batch([
        db
          .prepare('UPDATE repositories SET channel_id = ?3 WHERE team_id = ?1 AND id = ?2')
          .bind(teamId, repository, channel),
        auditIfChanged(db, audit),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },

    async remove(teamId: number, id: number, audit: AuditEntry): Promise<boolean> {
      const results = await db.batch([
        db
          .prepare(
            'UPDATE notifications SET channel_id = NULL WHERE team_id = ?1 AND channel_id = ?2 AND sent_at IS NULL',
          )
          .bind(teamId, id),
        db.prepare('DELETE FROM channels WHERE team_id = ?1 AND id = ?2').bind(teamId, id),
        auditEntry(db, audit),
      ]);
      return (results[1]?.meta.changes ?? 0) > 0;
    },
  };
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('UNIQUE constraint failed: channels');

const valuesOf = ({ kind, sealed, forAlerts, forHealth, minSeverity, signing, anyoneMayAcknowledge }: ChannelChange) =>
  [kind, sealed, forAlerts ? 1 : 0, forHealth ? 1 : 0, minSeverity, signing, anyoneMayAcknowledge ? 1 : 0] as const;

export type SealedChannel = ChannelSummary & { readonly sealed: string; readonly signing: string | null };

export type ChannelStore = ReturnType<typeof createChannelStore>;
