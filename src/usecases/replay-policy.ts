import type { Digest } from '../domain/digest.ts';
import type { Finding } from '../domain/finding.ts';
import { expectsPusher, type Policy } from '../domain/policy.ts';
import { answerOf } from './policy-answer.ts';
import type { TagUpdate } from './propose-policy.ts';
import type { SeenTag } from './suggested-policy.ts';

/** What a policy would have said of a tag as it is now, as far as that can be told afterwards. */
export interface ReplayedTag {
  readonly tag: string;
  readonly digest: Digest;
  /** `not-asked`: the policy asks for nothing that could be told of a tag which is there already. */
  readonly says: 'passes' | 'alarms' | 'unknown' | 'not-asked';
  readonly findings: readonly Finding[];
  /** What speaks for it: `signature`, `ci`, `pusher`. */
  readonly passed: readonly Part[];
  /** What could not be told. `announcement`: CI may have announced it, which nobody kept. */
  readonly untold: readonly (Part | 'announcement')[];
}

type Part = 'signature' | 'ci' | 'pusher';

interface Replay {
  readonly findings: readonly Finding[];
  readonly passed: readonly Part[];
  readonly untold: readonly (Part | 'announcement')[];
}

const passed = (part: Part): Replay => ({ findings: [], passed: [part], untold: [] });
const untold = (part: Part | 'announcement'): Replay => ({ findings: [], passed: [], untold: [part] });
const found = (...findings: Finding[]): Replay => ({ findings, passed: [], untold: [] });
const NOT_ASKED: Replay = { findings: [], passed: [], untold: [] };

/**
 * Signatures and provenance stay with an image, so a policy can be held against them later. Who pushed is known only
 * where the registry tells; whether the tag moved, and what CI announced, nobody can tell afterwards.
 */
export function replayTag(
  policy: Policy,
  { tag, digest, signatures }: SeenTag,
  update: TagUpdate | null,
  now: number,
): ReplayedTag {
  const answer = answerOf(policy, digest, signatures, null, now);
  const parts = [pusherSays(policy, update), signatureSays(answer.signatures), ciSays(answer.ci)];
  const findings = parts.flatMap((part) => part.findings);
  const open = parts.flatMap((part) => part.untold);
  const done = parts.flatMap((part) => part.passed);
  const says = findings.length > 0 ? 'alarms' : open.length > 0 ? 'unknown' : done.length > 0 ? 'passes' : 'not-asked';
  return { tag, digest, says, findings, passed: done, untold: open };
}

function pusherSays(policy: Policy, update: TagUpdate | null): Replay {
  if (policy.pushers === null || update === null) return NOT_ASKED;
  const pusher = { name: update.account, id: null };
  if (expectsPusher(policy, pusher)) return passed('pusher');
  return found({ code: 'unexpected-pusher', pusher, expected: policy.pushers });
}

function signatureSays({ mode, verdict, findings }: ReturnType<typeof answerOf>['signatures']): Replay {
  if (mode !== 'require') return NOT_ASKED;
  if (verdict === 'satisfied') return passed('signature');
  return verdict === 'not-satisfied' ? found(...findings) : untold('signature');
}

function ciSays({ mode, provenance, found: mismatch }: ReturnType<typeof answerOf>['ci']): Replay {
  if (mode !== 'require') return NOT_ASKED;
  if (provenance === 'allowed') return passed('ci');
  if (provenance === 'mismatch' && mismatch !== null) return found({ code: 'ci-mismatch', found: mismatch });
  return untold(provenance === 'nothing' ? 'announcement' : 'ci');
}
