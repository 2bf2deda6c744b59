import type { Verdict } from '../domain/finding.ts';
import type { PushRecord } from '../store/history.ts';

/** Pushes of one digest to one image are one release, however many tags it has. */
export interface Release<P extends PushRecord = PushRecord> {
  /** The worst of them, else the last one. */
  readonly push: P;
  readonly tags: readonly string[];
}

/** Tags of a release are pushed one after the other; the same digest a day later is another one. */
const ONE_RELEASE_MS = 3_600_000;

const RANK: Readonly<Record<Verdict, number>> = { rogue: 0, undetermined: 1, pending: 2, trusted: 3 };

/** Worst first. */
export const rankOf = (verdict: Verdict | null): number => (verdict === null ? 4 : RANK[verdict]);

/** Newest first. */
export function releasesOf<P extends PushRecord>(pushes: readonly P[]): Release<P>[] {
  const groups = new Map<string, P[][]>();
  for (const push of pushes.toSorted((a, b) => b.receivedAt - a.receivedAt)) {
    const key = `${push.repository} ${push.digest ?? `push ${push.seq}`}`;
    const known = groups.get(key) ?? [];
    const last = known.at(-1)?.at(-1);
    if (last !== undefined && last.receivedAt - push.receivedAt <= ONE_RELEASE_MS) known.at(-1)?.push(push);
    else known.push([push]);
    groups.set(key, known);
  }
  const releases = [...groups.values()].flat().flatMap((group): Release<P>[] => {
    const [push] = group.toSorted((a, b) => rankOf(a.verdict) - rankOf(b.verdict) || b.receivedAt - a.receivedAt);
    const tags = [...new Set(group.map(({ tag }) => tag).filter((tag) => tag !== ''))];
    return push === undefined ? [] : [{ push, tags }];
  });
  return releases.sort((a, b) => b.push.receivedAt - a.push.receivedAt || b.push.seq - a.push.seq);
}
