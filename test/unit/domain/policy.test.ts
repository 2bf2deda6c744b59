import { describe, expect, test } from 'vitest';
import { type CiClaims, type CiIdentity, ciMismatch } from '../../../src/domain/ci.ts';
import { allowsCi, expectsPusher, isImmutableTag } from '../../../src/domain/policy.ts';
import { claims, policy } from './cases.ts';

const identity: CiIdentity = { oidcIssuer: claims.oidcIssuer, repositoryId: '74' };
const full: CiIdentity = {
  ...identity,
  workflow: '.github/workflows/release.yml',
  refPattern: 'refs/tags/v*',
  environment: 'release',
  event: 'push',
};

describe('the expected pushers', () => {
  test.each([
    [null, { name: 'anyone', id: null }, true],
    [[], { name: 'anyone', id: null }, false],
    [['acmebot'], { name: 'acmebot', id: null }, true],
    [['acmebot'], { name: 'ACMEbot', id: '7' }, true],
    [['AcmeBot'], { name: 'acmebot', id: null }, true],
    [['acme'], { name: 'acmebot', id: null }, false],
    [['acme*'], { name: 'acmebot', id: null }, false],
    [['id:7'], { name: 'renamed', id: '7' }, true],
    [['id:7'], { name: 'id:7', id: null }, false],
    [['id:7'], { name: 'x', id: '77' }, false],
    [['7'], { name: 'x', id: '7' }, false],
    [['a', 'id:9', 'b'], { name: 'b', id: null }, true],
  ])('%j and %j: %s', (pushers, pusher, expected) => {
    expect(expectsPusher(policy({ pushers }), pusher)).toBe(expected);
  });
});

describe('immutable tags', () => {
  test.each([
    [['*.*.*'], '1.2.3', true],
    [['*.*.*'], 'latest', false],
    [['stable'], 'stable', true],
    [['stable'], 'stable2', false],
    [[], '1.2.3', false],
    [['x', '*'], 'anything', true],
  ])('%j and %s: %s', (immutableTags, tag, immutable) => {
    expect(isImmutableTag(policy({ immutableTags }), tag)).toBe(immutable);
  });
});

describe('a named CI identity', () => {
  test.each<[string, CiIdentity, Partial<CiClaims>, string | null]>([
    ['all it asks for', full, {}, null],
    ['only issuer and repository', identity, { workflow: null, ref: null, environment: null, event: null }, null],
    ['another issuer', identity, { oidcIssuer: `${claims.oidcIssuer}/` }, 'oidcIssuer'],
    ['another repository of the same name', identity, { repositoryId: '75' }, 'repositoryId'],
    ['another name of the same repository', identity, { repository: 'new/name' }, null],
    ['another workflow', full, { workflow: '.github/workflows/evil.yml' }, 'workflow'],
    ['a workflow of another repository', full, { workflow: 'x/y/.github/workflows/release.yml' }, 'workflow'],
    ['no workflow', full, { workflow: null }, 'workflow'],
    ['a ref outside the pattern', full, { ref: 'refs/heads/main' }, 'ref'],
    ['no ref', full, { ref: null }, 'ref'],
    ['another environment', full, { environment: 'staging' }, 'environment'],
    ['another event', full, { event: 'pull_request' }, 'event'],
    ['a ref that is not a pattern', { ...identity, ref: 'refs/tags/v*' }, {}, 'ref'],
    ['an exact ref', { ...identity, ref: 'refs/tags/v1.2.3' }, {}, null],
  ])('and a token with %s', (_, named, differs, claim) => {
    expect(ciMismatch(named, { ...claims, ...differs })?.claim ?? null).toBe(claim);
  });

  test('says what it found', () => {
    expect(ciMismatch(full, { ...claims, ref: 'refs/heads/x' })).toEqual({ claim: 'ref', found: 'refs/heads/x' });
  });

  test('is enough if it is one of several, and none is never enough', () => {
    const other: CiIdentity = { ...identity, repositoryId: '1' };
    expect(allowsCi(policy({ ci: { identities: [other, identity] } }), claims)).toBe(true);
    expect(allowsCi(policy({ ci: { identities: [other] } }), claims)).toBe(false);
    expect(allowsCi(policy({ ci: { identities: [] } }), claims)).toBe(false);
  });
});
