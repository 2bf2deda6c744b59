import type * as z from 'zod';
import { type Comparison, compare } from '../domain/comparison.ts';
import type { KnownContents } from '../domain/image-contents.ts';
import type { PushKey } from '../usecases/stores.ts';
import type { changesAnswer } from './schemas/changes.ts';
import { iso } from './schemas/common.ts';

type Answer = z.input<typeof changesAnswer>;

/** What changed in an image, as the API writes it. */
export function changesView({ repository, seq }: PushKey, comparison: Comparison): Answer {
  const { after, before, change } = compare(comparison);
  const { digest, against } = comparison;
  return {
    push: `${repository}-${seq}`,
    digest,
    against:
      against === null
        ? null
        : {
            push: `${repository}-${against.seq}`,
            digest: against.digest,
            verdict: against.verdict,
            receivedAt: iso(against.receivedAt),
            pushesBack: against.back,
          },
    after: knownView(after),
    before: before === null ? null : knownView(before),
    change,
  };
}

function knownView(known: KnownContents): Answer['after'] {
  const isThere = known.state === 'present';
  return {
    state: known.state,
    reason: known.state === 'unavailable' ? known.reason : null,
    readAt: isThere ? iso(known.readAt) : null,
    contents: isThere ? known.contents : null,
  };
}
