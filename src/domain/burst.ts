/** From this many alerts in one channel within `BURST_WINDOW_MS` on, they are one message. */
export const BURST_ALERTS = 5;
export const BURST_WINDOW_MS = 10 * 60_000;
/** A burst takes new alerts no longer than this, whatever comes: an endless one would hide what is new in it. */
export const BURST_LONGEST_MS = 60 * 60_000;

/** An alert in a burst, as its message lists it. */
export interface BurstAlert {
  readonly id: number;
  /** `null`: it is about a credential or a setting, and no push. */
  readonly image: string | null;
  /** The first tag; `null` for a manifest pushed by digest. */
  readonly tag: string | null;
  /** How many tags it is about. */
  readonly tags: number;
  readonly state: 'open' | 'acknowledged' | 'closed';
  /** The digest to go back to is known. */
  readonly hasSafe: boolean;
  readonly pusher: string | null;
  readonly openedAt: number;
}

/** A burst at one moment. Times are ms since the epoch. */
export interface Burst {
  readonly id: number;
  readonly openedAt: number;
  readonly acknowledged: { readonly by: string; readonly at: number } | null;
  /** All of them, oldest first, at most `BURST_LISTED`; `more` counts the rest. */
  readonly alerts: readonly BurstAlert[];
  readonly more: number;
}

export const BURST_LISTED = 500;

interface BurstRepository {
  readonly image: string;
  /** Where one alert is about it: its first tag. */
  readonly tag: string | null;
  readonly tags: number;
  readonly open: boolean;
}

/** What a burst comes to, for its headline. */
export interface BurstFigures {
  readonly alerts: number;
  readonly tags: number;
  readonly repositories: readonly BurstRepository[];
  /** Alerts about credentials and settings: in no repository, and there is no digest to go back to. */
  readonly others: number;
  readonly othersOpen: boolean;
  readonly safeKnown: number;
  readonly closed: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The account that all have in common, if one was named for each. */
  readonly pusher: string | null;
}

/** Counts a burst; repositories with most tags first. */
export function burstFigures({ alerts, more, openedAt }: Burst): BurstFigures {
  const others = alerts.filter(({ image }) => image === null);
  const images = Map.groupBy(
    alerts.flatMap((alert) => (alert.image === null ? [] : [{ ...alert, image: alert.image }])),
    ({ image }) => image,
  );
  const repositories = [...images].map(([image, each]) => ({
    image,
    tag: each.length === 1 ? (each[0]?.tag ?? null) : null,
    tags: each.reduce((sum, { tags }) => sum + Math.max(1, tags), 0),
    open: each.some(({ state }) => state !== 'closed'),
  }));
  const pushers = new Set(alerts.map(({ pusher }) => pusher));
  const [pusher = null] = pushers;
  const times = alerts.map((alert) => alert.openedAt);
  return {
    alerts: alerts.length + more,
    tags: repositories.reduce((sum, { tags }) => sum + tags, 0) + more,
    repositories: repositories.sort((a, b) => b.tags - a.tags),
    others: others.length,
    othersOpen: others.some(({ state }) => state !== 'closed'),
    safeKnown: alerts.filter(({ hasSafe }) => hasSafe).length,
    closed: alerts.filter(({ state }) => state === 'closed').length,
    firstAt: times.reduce((a, b) => Math.min(a, b), openedAt),
    lastAt: times.reduce((a, b) => Math.max(a, b), openedAt),
    pusher: pushers.size === 1 ? pusher : null,
  };
}
