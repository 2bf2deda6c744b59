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
  const { repositories, alerts, closed, others } = figures;
  const left = repositories.slice(LISTED);
  const size = [
    ...(repositories.length === 0
      ? []
      : [`${count(figures.tags, 'tag')} in ${count(repositories.length, 'repository')}`]),
    ...(others === 0 ? [] : [count(others, 'credential or setting')]),
  ].join(' and ');
  return {
    over: closed === alerts,
    title: size,
    pusher: figures.pusher,
    what: `${count(alerts, 'alert')} within minutes. Treat what pushed them as taken over.`,
    repositories: [
      ...repositories.slice(0, LISTED).map(({ image, tag, tags, open }) => ({
        name: tag === null || tags > 1 ? image : `${image}:${tag}`,
        tags: count(tags, 'tag'),
        closed: !open,
      })),
      ...(others === 0
        ? []
        : [{ name: 'credentials and settings', tags: count(others, 'alert'), closed: !figures.othersOpen }]),
    ],
    more:
      left.length + burst.more === 0
        ? null
        : `… and ${count(left.reduce((sum, { tags }) => sum + tags, 0) + burst.more, 'tag')} in ${left.length} more`,
    firstAt: figures.firstAt,
    lastAt: figures.lastAt,
    facts: [
      ...(repositories.length === 0
        ? []
        : [{ label: 'Safe digest known', value: `for ${figures.safeKnown} of ${alerts - others}` }]),
      { label: 'Closed', value: `${closed} of ${alerts}` },
    ],
  };
}

const PLURALS: Readonly<Record<string, string>> = {
  repository: 'repositories',
  push: 'pushes',
  'credential or setting': 'credentials or settings',
};

/** `1 tag`, `63 tags`. */
export function count(n: number, noun: string): string {
  return `${n} ${n === 1 ? noun : (PLURALS[noun] ?? `${noun}s`)}`;
}
