import { type Burst, burstFigures } from '../domain/burst.ts';

/** What is said of a burst, as plain text with names as they came. */
export interface BurstWords {
  readonly over: boolean;
  readonly title: string;
  /** The account, if it was one and the same; it is not in `what`. */
  readonly pusher: string | null;
  readonly what: string;
  readonly repositories: readonly { readonly name: string; readonly tags: string; readonly closed: boolean }[];
  /** What is not listed. */
  readonly more: string | null;
  /** Ms since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

const LISTED = 10;

export function burstWords(burst: Burst): BurstWords {
  const figures = burstFigures(burst);
  const { repositories, alerts, closed } = figures;
  const left = repositories.slice(LISTED);
  const size = `${count(figures.tags, 'tag')} in ${count(repositories.length, 'repository')}`;
  return {
    over: closed === alerts,
    title: size,
    pusher: figures.pusher,
    what: `${count(alerts, 'alert')} within minutes. Treat what pushed them as taken over.`,
    repositories: repositories.slice(0, LISTED).map(({ image, tag, tags, open }) => ({
      name: tag === null || tags > 1 ? image : `${image}:${tag}`,
      tags: count(tags, 'tag'),
      closed: !open,
    })),
    more:
      left.length + burst.more === 0
        ? null
        : `… and ${count(left.reduce((sum, { tags }) => sum + tags, 0) + burst.more, 'tag')} in ${left.length} more`,
    firstAt: figures.firstAt,
    lastAt: figures.lastAt,
    facts: [
      { label: 'Safe digest known', value: `for ${figures.safeKnown} of ${alerts}` },
      { label: 'Closed', value: `${closed} of ${alerts}` },
    ],
  };
}

const PLURALS: Readonly<Record<string, string>> = { repository: 'repositories', push: 'pushes' };

/** `1 tag`, `63 tags`. */
export function count(n: number, noun: string): string {
  return `${n} ${n === 1 ? noun : (PLURALS[noun] ?? `${noun}s`)}`;
}
