import { describe, expect, test } from 'vitest';
import * as rules from '../../../src/domain/rules.ts';
import {
  ask,
  DEADLINE,
  expected,
  type Given,
  history,
  MINUTE,
  OLD,
  OTHER,
  policy,
  pushed,
  SETTLED,
  stranger,
  T,
  told,
} from './cases.ts';

describe('the registry has it', () => {
  const absent: Given = { evidence: { readBack: { state: 'absent' } } };
  const down: Given = { evidence: { readBack: { state: 'unavailable', reason: '429' } } };
  const broken: Given = { evidence: { readBack: { state: 'invalid', reason: 'other bytes' } } };

  test.each<[string, Given, string]>([
    ['when read back', {}, 'satisfied'],
    ['absent, at once', absent, 'waits digest 2'],
    ['absent, before things settle', { ...absent, now: SETTLED - 1 }, 'waits digest 2'],
    ['absent, settled', { ...absent, now: SETTLED }, 'forged-delivery'],
    ['unreadable, before the deadline', { ...down, now: DEADLINE - 1 }, 'waits digest 30'],
    ['unreadable, at the deadline', { ...down, now: DEADLINE }, 'lacks digest'],
    ['unreadable, for ever', { ...down, now: DEADLINE * 2 }, 'lacks digest'],
    ['unlike its digest, at the deadline', { ...broken, now: DEADLINE }, 'lacks digest'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.registryHasIt, given)).toBe(answer);
  });
});

describe('the pusher is expected', () => {
  const strict = policy({ pushers: ['acmebot'] });
  const evil = { pusher: { name: 'evil', id: null } };
  const unnamed = { pusher: null };

  test.each<[string, Given, string]>([
    ['anyone, without a list', { push: evil }, 'satisfied'],
    ['an account of the list', { policy: strict }, 'satisfied'],
    ['another, at once', { policy: strict, push: evil }, 'unexpected-pusher'],
    [
      'another, announced by CI all the same',
      { policy: strict, push: evil, evidence: told(pushed()) },
      'unexpected-pusher',
    ],
    ['another, expected by a maintainer', { policy: strict, push: evil, evidence: told(expected()) }, 'satisfied'],
    ['another, an untagged manifest', { policy: strict, push: { ...evil, tag: '' } }, 'waits digest 2'],
    [
      'another, an untagged manifest, settled',
      { policy: strict, push: { ...evil, tag: '' }, now: SETTLED },
      'unexpected-pusher',
    ],
    ['unnamed', { policy: strict, push: unnamed }, 'waits pusher 30'],
    ['unnamed, at the deadline', { policy: strict, push: unnamed, now: DEADLINE }, 'lacks pusher'],
    ['unnamed, announced', { policy: strict, push: unnamed, evidence: told(pushed()) }, 'satisfied'],
    [
      'unnamed, announced by a stranger',
      { policy: strict, push: unnamed, evidence: told(stranger) },
      'waits pusher 30',
    ],
    ['unnamed, seen by a sweep', { policy: strict, push: { ...unnamed, origin: 'sweep' } }, 'satisfied'],
    ['unnamed, seen by a read-back', { policy: strict, push: { ...unnamed, origin: 'read-back' } }, 'satisfied'],
    ['nobody at all', { policy: policy({ pushers: [] }) }, 'unexpected-pusher'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.pusherIsExpected, given)).toBe(answer);
  });
});

describe('an immutable tag stays', () => {
  const tag = { tag: '1.2.3' };
  const of123 = { tags: ['1.2.3'] };

  test.each<[string, Given, string]>([
    ['moved, at once', { push: tag }, 'tag-moved'],
    ['moved, though CI announced it', { push: tag, evidence: told(pushed(of123)) }, 'tag-moved'],
    ['moved, as a maintainer expects', { push: tag, evidence: told(expected(of123)) }, 'satisfied'],
    [
      'moved, where a maintainer expects another digest',
      { push: tag, evidence: told(expected({ ...of123, digest: OTHER })) },
      'tag-moved',
    ],
    ['new', { push: tag, evidence: { history: history({ previous: null }) } }, 'satisfied'],
    ['pushed again as it was', { push: { ...tag, digest: OLD } }, 'satisfied'],
    ['unchanged', { push: tag, evidence: { history: history({ unchanged: true }) } }, 'satisfied'],
    ['not resolved yet', { push: { ...tag, digest: null } }, 'satisfied'],
    ['mutable', { push: { tag: 'latest' } }, 'satisfied'],
    ['untagged', { push: { tag: '' }, policy: policy({ immutableTags: ['*'] }) }, 'satisfied'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.immutableTagStays, given)).toBe(answer);
  });
});

describe('a tag does not roll back', () => {
  const left = T - 10 * MINUTE;
  const back = { history: history({ leftAt: left }) };

  test.each<[string, Given, string]>([
    ['to a digest it never had', {}, 'satisfied'],
    ['to one it had', { evidence: back }, 'waits ci 2'],
    ['to one it had, before things settle', { evidence: back, now: SETTLED - 1 }, 'waits ci 2'],
    ['to one it had, settled', { evidence: back, now: SETTLED }, 'tag-rolled-back'],
    [
      'with an old announcement',
      { evidence: { ...back, ...told(pushed({ at: left - 1 })) }, now: SETTLED },
      'tag-rolled-back',
    ],
    [
      'with an announcement since it left',
      { evidence: { ...back, ...told(pushed({ at: left })) }, now: SETTLED },
      'satisfied',
    ],
    ['with one that comes later', { evidence: { ...back, ...told(pushed()) }, now: SETTLED }, 'satisfied'],
    ["with a stranger's", { evidence: { ...back, ...told(stranger) }, now: SETTLED }, 'tag-rolled-back'],
    [
      'for another tag',
      { evidence: { ...back, ...told(pushed({ tags: ['edge'] })) }, now: SETTLED },
      'tag-rolled-back',
    ],
    ['as a maintainer expects', { evidence: { ...back, ...told(expected()) }, now: SETTLED }, 'satisfied'],
    ['where that is allowed', { evidence: back, now: SETTLED, policy: policy({ rollbacks: 'allow' }) }, 'satisfied'],
    ['unchanged', { evidence: { history: history({ leftAt: left, unchanged: true }) }, now: SETTLED }, 'satisfied'],
    ['not resolved yet', { evidence: back, push: { digest: null }, now: SETTLED }, 'satisfied'],
    ['immutable, which is tag-moved', { evidence: back, push: { tag: '1.2.3' }, now: SETTLED }, 'satisfied'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.tagDoesNotRollBack, given)).toBe(answer);
  });
});
