import { describe, expect, test } from 'vitest';
import { policyInput } from '../../../src/http/schemas/policy.ts';
import {
  chosenPolicy,
  DEFAULT_CHOICES,
  NO_OFFER,
  offerOf,
  seenAccounts,
  suggestedChoices,
} from '../../../src/usecases/policy-choices.ts';
import type { FirstLook, TagUpdate } from '../../../src/usecases/propose-policy.ts';
import { replayTag } from '../../../src/usecases/replay-policy.ts';
import { suggestedPolicy } from '../../../src/usecases/suggested-policy.ts';
import { NEW, OLD, policy, releaseWorkflow, signature, signatures, T } from '../domain/cases.ts';

const DAY = 86_400_000;

const seen = [
  { tag: '1.1.0', digest: NEW, signatures: signatures(signature()) },
  { tag: '1.0.0', digest: OLD, signatures: signatures(signature({ about: OLD })) },
];

function look(updates: readonly TagUpdate[], tags = seen): FirstLook {
  const suggestion = suggestedPolicy(tags, { keys: [] }, T);
  return {
    suggested: { ...suggestion, unread: [], order: 'version' },
    updates: { state: 'present', value: updates },
  };
}

const update = (tag: string, account: string, daysAgo: number): TagUpdate => ({ tag, account, at: T - daysAgo * DAY });

describe('accounts that pushed', () => {
  test('are counted without case, and one that has long slept is not chosen', () => {
    const updates = [update('1.1.0', 'Bot', 1), update('1.0.0', 'bot', 2), update('0.9', 'old', 300)];
    const first = look(updates);
    expect(seenAccounts(first.updates, T).map(({ name, tags, isActive }) => [name, tags, isActive])).toEqual([
      ['Bot', 2, true],
      ['old', 1, false],
    ]);
    expect(offerOf(first, T).pushers).toEqual(['Bot', 'old']);
    expect(suggestedChoices(first, T).pushers).toEqual([0]);
  });

  test('are nobody where the registry does not tell', () => {
    expect(seenAccounts({ state: 'unavailable', reason: 'x' }, T)).toEqual([]);
  });
});

describe('the policy that is chosen', () => {
  test('as suggested it is what was suggested, and the API takes it', () => {
    const first = look([update('1.1.0', 'bot', 1)]);
    const chosen = chosenPolicy(offerOf(first, T), suggestedChoices(first, T));
    const parsed = policyInput.parse(chosen);
    expect(parsed.pushers).toEqual(['bot']);
    expect(parsed.immutableTags).toEqual(first.suggested.policy.immutableTags);
    expect(parsed.ci.identities).toEqual(first.suggested.policy.ci.identities);
    expect(parsed.signatures).toEqual({ ...first.suggested.policy.signatures, repository: undefined });
  });

  test('without an offer it asks for nothing that an honest push could lack', () => {
    expect(policyInput.parse(chosenPolicy(NO_OFFER, DEFAULT_CHOICES))).toMatchObject({
      pushers: null,
      immutableTags: ['*.*.*'],
      ci: { mode: 'off' },
      signatures: { mode: 'off', authorities: [] },
    });
  });

  test('takes what was typed, each once, and lets two signers stand for each other', () => {
    const first = look([update('1.1.0', 'bot', 1)]);
    const offer = offerOf(first, T);
    const [signer] = offer.signers;
    const two = {
      ...offer,
      signers: signer === undefined ? [] : [signer, { keyless: { ...signer.keyless, ref: 'refs/heads/main' } }],
    };
    const choices = {
      ...suggestedChoices(first, T),
      otherPushers: ' alice,bot\n  carol',
      otherTags: 'lts stable-*',
      signers: [0, 1],
    };
    const each = policyInput.parse(chosenPolicy(two, choices));
    expect(each.pushers).toEqual(['bot', 'alice', 'carol']);
    expect(each.immutableTags).toEqual(['*.*.*', 'lts', 'stable-*']);
    expect(each.signatures.authorities.map((list) => list.length)).toEqual([1, 1]);
    const one = policyInput.parse(chosenPolicy(two, { ...choices, sign: 'one' }));
    expect(one.signatures.authorities.map((list) => list.length)).toEqual([2]);
  });

  test('offers no more signers than a form can carry, whatever they call themselves', () => {
    const long = Array.from({ length: 10 }, (_, n) =>
      signature(
        { about: NEW },
        { subject: `https://github.com/o/r/.github/workflows/${n}${'x'.repeat(900)}.yml@refs/heads/main` },
      ),
    );
    const first = look([], [{ tag: '1.0.0', digest: NEW, signatures: signatures(...long) }]);
    expect(first.suggested.signers.length).toBe(10);
    expect(JSON.stringify(offerOf(first, T).signers).length).toBeLessThan(5000);
    for (const place of suggestedChoices(first, T).signers) expect(offerOf(first, T).signers[place]).toBeDefined();
  });
});

describe('held against a tag that is there', () => {
  const wants = policy({ pushers: ['bot'], signatures: { mode: 'require', authorities: [[releaseWorkflow]] } });
  const [newest] = seen;
  if (newest === undefined) throw new Error('there is a tag');

  test('a policy says what signatures and the last pusher tell', () => {
    expect(replayTag(wants, newest, update('1.1.0', 'bot', 1), T)).toMatchObject({
      says: 'passes',
      passed: ['pusher', 'signature'],
    });
    expect(replayTag(wants, newest, update('1.1.0', 'thief', 1), T)).toMatchObject({
      says: 'alarms',
      findings: [{ code: 'unexpected-pusher' }],
    });
    expect(replayTag(wants, { ...newest, signatures: signatures() }, null, T)).toMatchObject({
      says: 'alarms',
      findings: [{ code: 'unsigned' }],
    });
  });

  test('it does not claim to know what nobody kept', () => {
    const ci = policy({ ci: { mode: 'require' } });
    expect(replayTag(ci, { ...newest, signatures: signatures() }, null, T)).toMatchObject({
      says: 'unknown',
      untold: ['announcement'],
    });
    expect(replayTag(policy(), newest, null, T).says).toBe('not-asked');
    const places = [{ place: 'sig-tag', state: 'unavailable', detail: '503' }] as const;
    expect(replayTag(wants, { ...newest, signatures: { ...signatures(), places } }, null, T)).toMatchObject({
      says: 'unknown',
      untold: ['signature'],
    });
  });
});
