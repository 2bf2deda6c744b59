import type { D1Database } from '@cloudflare/workers-types';
import type { HealthFact } from '../domain/health.ts';
import type { Source } from '../usecases/credential-stores.ts';
import type { ChannelKind } from '../usecases/ports.ts';
import { DAY_MS, LAST_WEBHOOK_ORIGIN } from './codec.ts';
import type { Provider } from './repositories.ts';
import { sourceOf } from './sources.ts';

/** How we see an image. Times are ms since the epoch. */
export interface SeenImage {
  readonly id: number;
  readonly registry: string;
  readonly path: string;
  readonly provider: Provider;
  readonly createdAt: number;
  readonly baselineAt: number | null;
  readonly sweptAt: number | null;
  readonly sweepFailures: number;
  /** Pushes in a row that only the sweep saw. */
  readonly missedWebhooks: number;
  /** The last of the latest few pushes that a webhook told of. */
  readonly toldAt: number | null;
  /** The last day (its beginning) on which its hook had a delivery, about any image; deliveries are kept 30 days. */
  readonly deliveryDay: number | null;
}

export interface HealthPage {
  readonly images: readonly SeenImage[];
  /** Images whose last sweep failed, at most 100 counted. */
  readonly failing: number;
  /** At most 50. */
  readonly troubles: readonly { readonly fact: HealthFact; readonly openedAt: number }[];
  readonly sources: readonly Source[];
  readonly channels: readonly {
    readonly name: string;
    readonly kind: ChannelKind;
    readonly forAlerts: boolean;
    readonly forHealth: boolean;
    readonly refused: string | null;
  }[];
  readonly receivers: readonly {
    readonly name: string;
    readonly host: string;
    readonly disabledAt: number | null;
    readonly triedAt: number | null;
    readonly failingSince: number | null;
    readonly problem: string | null;
  }[];
}

const LIMIT = 50;
/** Pushes among which the last one that a webhook told of is looked for. */
const PUSHES = 5;

// Of each image its last pushes, and of its hook the end of its deliveries: by keys, however many there are.
const IMAGES = `SELECT r.id, r.registry, r.path, h.provider, r.created_at AS createdAt, r.baseline_at AS baselineAt, r.swept_at AS sweptAt,
    r.sweep_failures AS sweepFailures, r.missed_webhooks AS missedWebhooks,
    (SELECT max(received_at) FROM (SELECT received_at, origin FROM pushes WHERE repository_id = r.id ORDER BY seq DESC LIMIT ${PUSHES})
      WHERE origin <= ${LAST_WEBHOOK_ORIGIN}) AS toldAt,
    (SELECT max(day) FROM deliveries WHERE hook_id = r.hook_id) * ${DAY_MS} AS deliveryDay
  FROM repositories r JOIN hooks h ON h.id = r.hook_id WHERE r.team_id = ?1 AND (r.registry, r.path) > (?2, ?3)
  ORDER BY r.registry, r.path LIMIT ?4`;

/** What the page about ourselves shows, in one round trip. */
export function createHealthPageStore(db: D1Database) {
  return {
    /** @param after the image that the page before ended with; empty: the first page */
    async read(
      teamId: number,
      after: { readonly registry: string; readonly path: string },
      limit: number,
    ): Promise<HealthPage> {
      const [images, failing, troubles, sources, channels, receivers] = await db.batch([
        db.prepare(IMAGES).bind(teamId, after.registry, after.path, limit),
        db
          .prepare(
            'SELECT count(*) AS n FROM (SELECT 1 FROM repositories WHERE team_id = ?1 AND sweep_failures > 0 LIMIT 100)',
          )
          .bind(teamId),
        db
          .prepare(
            `SELECT fact, opened_at AS openedAt FROM health_alerts INDEXED BY health_alerts_live
             WHERE team_id = ?1 AND closed_at IS NULL LIMIT ${LIMIT}`,
          )
          .bind(teamId),
        db.prepare(`SELECT * FROM sources WHERE team_id = ?1 ORDER BY account LIMIT ${LIMIT}`).bind(teamId),
        db
          .prepare(
            `SELECT name, kind, for_alerts AS forAlerts, for_health AS forHealth, refused FROM channels WHERE team_id = ?1 ORDER BY name LIMIT ${LIMIT}`,
          )
          .bind(teamId),
        db
          .prepare(
            `SELECT name, host, disabled_at AS disabledAt, tried_at AS triedAt, failing_since AS failingSince, problem
             FROM event_subscriptions WHERE team_id = ?1 ORDER BY name LIMIT ${LIMIT}`,
          )
          .bind(teamId),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const rows = <T>(result: { readonly results: unknown[] } | undefined): T[] => (result?.results ?? []) as T[];
      type Channel = HealthPage['channels'][number];
      return {
        images: rows<SeenImage>(images),
        failing: rows<{ n: number }>(failing)[0]?.n ?? 0,
        troubles: rows<{ fact: string; openedAt: number }>(troubles).map(({ fact, openedAt }) => ({
          fact: JSON.parse(fact) as HealthFact, // as `raise` wrote it
          openedAt,
        })),
        sources: rows<Parameters<typeof sourceOf>[0]>(sources).map(sourceOf),
        channels: rows<Channel & { forAlerts: unknown; forHealth: unknown }>(channels).map((row) => ({
          ...row,
          forAlerts: Boolean(row.forAlerts),
          forHealth: Boolean(row.forHealth),
        })),
        receivers: rows<HealthPage['receivers'][number]>(receivers),
      };
    },
  };
}

export type HealthPageStore = ReturnType<typeof createHealthPageStore>;
