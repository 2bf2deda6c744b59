import type { D1Database } from '@cloudflare/workers-types';
import type { ChannelKind } from '../usecases/ports.ts';
import { DELIVERY, type DeliveryRecord, type DeliveryRow, deliveryOf } from './delivery-rows.ts';
import { REPOSITORY_SELECT, type RepositoryRecord, type RepositoryRow, repositoryOf } from './repositories.ts';

/** How far a newly watched image has come. */
export interface FirstSteps {
  readonly image: RepositoryRecord;
  /** The latest of its hook's, or one of the latest day where there are many. */
  readonly delivery: DeliveryRecord | null;
  /** Where its alerts go; `null`: nowhere. */
  readonly channel: { readonly name: string; readonly kind: ChannelKind; readonly refused: string | null } | null;
  /** The test that was asked for. */
  readonly test: { readonly sentAt: number | null; readonly failed: string | null } | null;
}

// Reads at most 20 of the hook's deliveries, by the key.
const LATEST = `SELECT * FROM (SELECT ${DELIVERY} FROM deliveries d
    WHERE d.hook_id = (SELECT hook_id FROM repositories WHERE id = ?2 AND team_id = ?1) ORDER BY d.day DESC, d.key DESC LIMIT 20)
  ORDER BY received_at DESC LIMIT 1`;

const CHANNEL = `SELECT c.name, c.kind, c.refused FROM repositories r JOIN channels c ON c.team_id = r.team_id
    AND iif(r.channel_id IS NULL, c.for_alerts = 1, c.id = r.channel_id)
  WHERE r.id = ?2 AND r.team_id = ?1 LIMIT 1`;

/** What the first pages about an image show. */
export function createFirstStepStore(db: D1Database) {
  return {
    /** One round trip. `event`: of a test; only the team's own is told of. */
    async read(teamId: number, repository: number, event: string | null): Promise<FirstSteps | null> {
      const own = (sql: string) => db.prepare(sql).bind(teamId, repository);
      const [images, deliveries, channels, tests] = await db.batch([
        own(`${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.id = ?2`),
        own(LATEST),
        own(CHANNEL),
        db
          .prepare('SELECT sent_at AS sentAt, failed FROM notifications WHERE event = ?2 AND team_id = ?1')
          .bind(teamId, event),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const image = images?.results[0] as RepositoryRow | undefined;
      if (image === undefined) return null;
      const delivery = deliveries?.results[0] as DeliveryRow | undefined;
      return {
        image: repositoryOf(image, null),
        delivery: delivery === undefined ? null : deliveryOf(delivery),
        channel: (channels?.results[0] as FirstSteps['channel'] | undefined) ?? null,
        test: (tests?.results[0] as FirstSteps['test'] | undefined) ?? null,
      };
    },
  };
}
