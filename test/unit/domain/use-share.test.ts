import { describe, expect, it } from 'vitest';
import type { KeptAttribution } from '../../../src/domain/attribution.ts';
import { type SeenUse, type SharingCredential, shareUses } from '../../../src/domain/use-share.ts';

const TOKEN = 1;
const ACCOUNT = 2;
const AT = 1_000_000_000;
const DIGEST = `sha256:${'a'.repeat(64)}` as const;

const token: SharingCredential = {
  id: TOKEN,
  createdAt: null,
  expiresAt: null,
  goneAt: null,
  scopes: null,
  resources: null,
};

/** A push as the account's webhook tells it. */
const webhook = (more: Partial<SeenUse> = {}, attribution: KeptAttribution | null = null): SeenUse => ({
  credential: ACCOUNT,
  at: AT,
  key: 'p7-1',
  since: null,
  source: 'webhook',
  action: 'push',
  strength: 'named',
  repository: 7,
  seq: 1,
  detail: null,
  path: 'acme/app',
  push: { tag: '1.0', digest: DIGEST, notBefore: AT, attribution },
  ...more,
});
/** A row of a log, without a push of ours. */
const row = (more: Partial<SeenUse> = {}): SeenUse =>
  webhook({
    credential: TOKEN,
    key: 'lff',
    at: AT - 60_000,
    source: 'audit-log',
    seq: null,
    push: null,
    detail: { tag: '1.0', digest: DIGEST },
    ...more,
  });

const uses = [{ credential: 9, usedBefore: null, newCreator: false }];
const by = (strength: KeptAttribution['strength']): KeptAttribution => ({
  strength,
  by: 'token-list',
  account: null,
  uses,
});

const share = (credential: SharingCredential, ...seen: SeenUse[]) => {
  const { shared, others } = shareUses(credential, seen);
  return [shared.map(({ use, certainty, strength }) => [use.key, certainty, strength]), others];
};

describe('a push', () => {
  it('is the token’s as surely as its sighting says, and counts once', () => {
    const own = webhook({ credential: TOKEN, source: 'token-list', strength: 'deduced' });
    expect(share(token, own, webhook({}, by('deduced')))).toEqual([[['p7-1', 'attributed', 'deduced']], 0]);
  });

  it('is possibly the token’s if others fit', () => {
    const own = webhook({ credential: TOKEN, strength: 'ambiguous' });
    expect(share(token, own)).toEqual([[['p7-1', 'possible', 'ambiguous']], 0]);
  });

  it('of the account is unknown if nobody says with what', () => {
    expect(share(token, webhook())).toEqual([[['p7-1', 'unknown', 'unknown']], 0]);
  });

  it('of the account is unknown though a log names the account', () => {
    const kept = { strength: 'named', by: 'audit-log', account: 'acme', uses } as const;
    expect(share(token, webhook({}, kept))).toEqual([[['p7-1', 'unknown', 'unknown']], 0]);
  });

  it.each([by('named'), by('deduced'), by('ambiguous'), { ...by('named'), by: 'audit-log' as const }])(
    'is another’s if others are named or are all that fit: %j',
    (kept) => {
      expect(share(token, webhook({}, kept))).toEqual([[], 1]);
    },
  );

  it.each([
    ['before the token was made', { createdAt: AT + 3_600_000 }],
    ['after it was gone', { goneAt: AT - 3_600_000 }],
    ['after it had expired', { expiresAt: AT - 3_600_000 }],
    ['where it may not push', { scopes: ['repo:read'] }],
  ])('is another’s %s', (_, more) => {
    expect(share({ ...token, ...more }, webhook())).toEqual([[], 1]);
  });

  it('that a log names is one with the webhook’s of the same tag and digest', () => {
    expect(share(token, webhook(), row())).toEqual([[['p7-1', 'attributed', 'named']], 0]);
    expect(share(token, webhook(), row({ credential: ACCOUNT }))).toEqual([[['p7-1', 'unknown', 'unknown']], 0]);
  });

  it.each([
    ['another tag', { detail: { tag: '2.0', digest: DIGEST } }],
    ['another digest', { detail: { tag: '1.0', digest: `sha256:${'b'.repeat(64)}` } }],
    ['another image', { repository: 8 }],
    ['another time', { at: AT - 86_400_000 }],
    ['an image that nobody watches', { repository: null }],
  ])('that a log names stands for itself with %s', (_, more) => {
    expect(share(token, webhook(), row(more))).toEqual([
      [
        ['p7-1', 'unknown', 'unknown'],
        ['lff', 'attributed', 'named'],
      ],
      0,
    ]);
  });
});
