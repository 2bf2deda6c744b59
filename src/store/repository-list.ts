import type { D1Database } from '@cloudflare/workers-types';
import type { Verdict } from '../domain/finding.ts';
import { originCode, verdictOf } from './codec.ts';
import type { Provider } from './repositories.ts';

/** A watched image as a list shows it. */
export interface ListedImage {
  readonly id: number;
  readonly registry: string;
  readonly path: string;
  readonly provider: Provider;
  readonly baselineAt: number | null;
  readonly sweptAt: number | null;
  readonly sweepFailures: number;
  readonly missedWebhooks: number;
  /** Alerts that nobody has closed. */
  readonly alerts: number;
  /** Its last push that was judged; `null`: none among the last few. */
  readonly last: { readonly at: number; readonly verdict: Verdict } | null;
  /** Where this one stands in the list, for the page after it. */
  readonly place: ListPlace;
}

/** With an open alert, time of the last push, id: in this order. */
export interface ListPlace {
  readonly alarming: number;
  readonly at: number;
  readonly id: number;
}

/** Before every place. */
const START: ListPlace = { alarming: 2, at: 0, id: 0 };

/** The last pushes may be parts and signatures, which are not judged. */
const LOOKED_BACK = 20;

interface Row extends Omit<ListedImage, 'last' | 'place'> {
  alarming: number;
  place_at: number;
  judged: string | null;
}

// Worst first: reads a row of each image that matches, its last push and whether it has an alert, by key; and of those that
// are shown a few pushes more. No column keeps the order, as each push would have to write it.
const READ = `WITH found AS MATERIALIZED (SELECT r.id,
      coalesce((SELECT p.received_at FROM pushes p WHERE p.repository_id = r.id ORDER BY p.seq DESC LIMIT 1), 0) AS at,
      EXISTS (SELECT 1 FROM alerts a INDEXED BY alerts_live WHERE a.repository_id = r.id AND a.state <> 'closed') AS alarming
    FROM repositories r WHERE r.team_id = ?1 AND (?2 = '' OR instr(r.registry || '/' || r.path, ?2) > 0)),
  shown AS MATERIALIZED (SELECT * FROM found WHERE (alarming, at, id) < (?3, ?4, ?5) ORDER BY alarming DESC, at DESC, id DESC LIMIT ?6)
  SELECT r.id, r.registry, r.path, h.provider, r.baseline_at AS baselineAt, r.swept_at AS sweptAt, r.sweep_failures AS sweepFailures,
    r.missed_webhooks AS missedWebhooks, s.alarming, s.at AS place_at,
    (SELECT count(*) FROM alerts a INDEXED BY alerts_live WHERE a.repository_id = r.id AND a.state <> 'closed') AS alerts,
    (SELECT json_array(p.received_at, p.verdict) FROM pushes p WHERE p.repository_id = r.id
      AND p.seq > (SELECT seq FROM pushes WHERE repository_id = r.id ORDER BY seq DESC LIMIT 1) - ${LOOKED_BACK}
      AND p.verdict IS NOT NULL AND p.origin <> ${originCode('baseline')} ORDER BY p.seq DESC LIMIT 1) AS judged
  FROM shown s JOIN repositories r ON r.id = s.id JOIN hooks h ON h.id = r.hook_id ORDER BY s.alarming DESC, s.at DESC, s.id DESC`;

/** The watched images of a team. */
export function createRepositoryListStore(db: D1Database) {
  return {
    /** After a place (`null`: from the beginning), images with `text` in their name. */
    async list(teamId: number, text: string, after: ListPlace | null, limit: number): Promise<ListedImage[]> {
      const { alarming, at, id } = after ?? START;
      const rows = await db.prepare(READ).bind(teamId, text.toLowerCase(), alarming, at, id, limit).all<Row>();
      return rows.results.map(imageOf);
    },
  };
}

function imageOf({ alarming, place_at: at, judged, ...row }: Row): ListedImage {
  const last = judged === null ? null : (JSON.parse(judged) as [at: number, verdict: number]); // as READ builds it
  return {
    ...row,
    last: last === null ? null : { at: last[0], verdict: verdictOf(last[1]) },
    place: { alarming, at, id: row.id },
  };
}

export type RepositoryListStore = ReturnType<typeof createRepositoryListStore>;
