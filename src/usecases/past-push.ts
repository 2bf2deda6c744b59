import type { TagHistory } from '../domain/evidence.ts';
import { evidenceOf, factsOf } from './judge.ts';
import { known } from './observe.ts';
import type { PastPush } from './rules.ts';
import type { DigestPast, PushToCheck } from './stores.ts';

/**
 * A push as it can be judged again from what was kept of it; `null` where its digest is not known. What the tag was
 * before is kept while a push is not trusted; of a trusted one it is told by the push before it.
 */
export function pastPush(push: PushToCheck, previous: TagHistory['previous'], past: DigestPast): PastPush | null {
  if (push.digest === null || push.kind === 'unresolved') return null;
  const observed = known(push);
  const unchanged = previous?.digest === push.digest;
  const history = push.evidence?.history ?? {
    previous,
    leftAt: past.hadBefore && !unchanged ? (previous?.at ?? null) : null,
    unchanged,
  };
  return { push: factsOf(observed), evidence: evidenceOf(observed, past, history) };
}
