import { describe, expect, test } from 'vitest';
import type { Policy } from '../../../src/domain/policy.ts';
import { check } from '../../../src/http/input.ts';
import { Problem } from '../../../src/http/problem.ts';
import { policyInput, policyWarnings } from '../../../src/http/schemas/policy.ts';
import { policy } from '../domain/cases.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'https://github.com/octo-org/app/.github/workflows/release.yml@refs/tags/v1.2.3';

const keyless = { oidcIssuer: GITHUB, identity: { subject: WORKFLOW } };
const key = { data: '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----' };

const read = (authorities: unknown, more: object = {}) =>
  check(policyInput, { signatures: { authorities, ...more } }, 'the body').signatures;

/** What a refused policy is told, field by field. */
function told(authorities: unknown): unknown {
  try {
    read(authorities);
  } catch (error) {
    if (error instanceof Problem) return error.detail;
    throw error;
  }
  return 'taken';
}

describe('who may sign', () => {
  test('a flat list is one list; lists of lists stay as they are', () => {
    expect(read([{ keyless }, { key }]).authorities).toEqual([
      [{ keyless }, { key: { ...key, transparencyLog: 'require' } }],
    ]);
    expect(read([[{ keyless }], [{ key }]]).authorities).toHaveLength(2);
    expect(read([], { mode: 'observe' }).authorities).toEqual([]);
  });

  test('is required as soon as somebody is named, unless the policy says otherwise', () => {
    expect(read([{ keyless }]).mode).toBe('require');
    expect(read([{ keyless }], { mode: 'observe' }).mode).toBe('observe');
    expect(check(policyInput, {}, 'the body').signatures).toEqual({ mode: 'off', authorities: [] });
  });

  test('is stored by what was asked for: a policy that was read can be written back', () => {
    const stored = { key: { ...key, transparencyLog: 'ignore', fingerprint: `sha256:${'0'.repeat(64)}` } };
    expect(read([[stored]]).authorities).toEqual([[{ key: { ...key, transparencyLog: 'ignore' } }]]);
  });

  const withMore = (more: object) => [{ keyless: { ...keyless, ...more } }];
  const accepted: [string, unknown][] = [
    ['a pattern', withMore({ identity: { subjectRegExp: '^https://github\\.com/octo-org/app/.+$' } })],
    [
      'an e-mail address',
      withMore({ oidcIssuer: 'https://accounts.google.com', identity: { subject: 'a@example.org' } }),
    ],
    [
      'an issuer that ends with a slash',
      withMore({ oidcIssuer: 'https://org.auth0.com/', identity: { subject: 'x' } }),
    ],
    [
      'all that a certificate tells',
      withMore({
        sourceRepository: 'https://github.com/octo-org/app',
        sourceRepositoryId: '42',
        refPattern: 'refs/tags/v*',
        workflow: '.github/workflows/release.yml',
        runnerEnvironment: 'github-hosted',
      }),
    ],
    ['an exact ref', withMore({ ref: 'refs/heads/main' })],
    [
      'a root and statements',
      [
        {
          keyless,
          name: 'release job',
          trustedRoot: 'our-sigstore',
          attestations: [{ predicateType: 'https://slsa.dev/provenance/v1' }],
        },
      ],
    ],
    ['a key without a log', [{ key: { ...key, transparencyLog: 'ignore' } }]],
  ];
  test.each(accepted)('may be told by %s', (_, authorities) => expect(told(authorities)).toBe('taken'));

  const refused: [string, unknown, RegExp][] = [
    ['no list', 'me', /^signatures\.authorities: expected array/],
    ['an empty list', [[]], /^signatures\.authorities\.0: an empty list names nobody/],
    [
      'lists and authorities mixed',
      [{ keyless }, [{ key }]],
      /^signatures\.authorities\.1: expected object, received array/,
    ],
    ['neither key nor identity', [{}], /^signatures\.authorities\.0: give keyless or key, one of both/],
    ['both', [{ keyless, key }], /^signatures\.authorities\.0: give keyless or key, one of both/],
    ['an unknown word', [{ keyles: keyless }], /^signatures\.authorities\.0: Unrecognized key: "keyles"/],
    [
      'an unknown word in a list of lists',
      [[{ keyless: { ...keyless, issuer: GITHUB } }]],
      /^signatures\.authorities\.0\.0\.keyless: Unrecognized key: "issuer"/,
    ],
    ['no issuer', [{ keyless: { identity: { subject: 'x' } } }], /^signatures\.authorities\.0\.keyless\.oidcIssuer: /],
    [
      'an issuer that is no address',
      withMore({ oidcIssuer: 'github' }),
      /oidcIssuer: expected the address of an OpenID/,
    ],
    [
      'an issuer with a slash too many',
      withMore({ oidcIssuer: `${GITHUB}/` }),
      /oidcIssuer: .*no slash at its end.*never match/,
    ],
    ['no identity', withMore({ identity: {} }), /identity: give subject \(exact\) or subjectRegExp, one of both/],
    ['two identities', withMore({ identity: { subject: WORKFLOW, subjectRegExp: '^x$' } }), /identity: give subject/],
    [
      'an identity that GitHub never gives',
      withMore({ identity: { subject: 'octo-org/app' } }),
      /identity\.subject: .*would never match/,
    ],
    [
      'a pattern without anchors',
      withMore({ identity: { subjectRegExp: 'octo-org' } }),
      /subjectRegExp: it is not anchored/,
    ],
    [
      'a pattern that is none',
      withMore({ identity: { subjectRegExp: '^(a$' } }),
      /subjectRegExp: it opens a group and does not close it/,
    ],
    [
      'a pattern that takes for ever',
      withMore({ identity: { subjectRegExp: '^(a+)+$' } }),
      /subjectRegExp: .*exponential time/,
    ],
    [
      'a pattern that looks around',
      withMore({ identity: { subjectRegExp: '^(?!evil).*$' } }),
      /subjectRegExp: .*no look-around/,
    ],
    [
      'a repository by name',
      withMore({ sourceRepository: 'octo-org/app' }),
      /sourceRepository: expected https:\/\/host\/owner\/name/,
    ],
    [
      'a repository with a slash at its end',
      withMore({ sourceRepository: 'https://github.com/o/r/' }),
      /sourceRepository: /,
    ],
    [
      'a repository as git writes it',
      withMore({ sourceRepository: 'https://github.com/o/r.git' }),
      /without \.git: it would never match/,
    ],
    ['a repository over http', withMore({ sourceRepository: 'http://github.com/o/r' }), /sourceRepository: /],
    ['a short ref', withMore({ ref: 'main' }), /ref: a ref is written in full/],
    ['a pattern as a ref', withMore({ ref: 'refs/tags/v*' }), /ref: .*patterns are refPattern/],
    ['two refs', withMore({ ref: 'refs/heads/main', refPattern: 'refs/*' }), /give ref or refPattern, not both/],
    ['a workflow by its address', withMore({ workflow: WORKFLOW }), /workflow: expected the path of the workflow file/],
    ['a workflow with a ref', withMore({ workflow: '.github/workflows/x.yml@refs/heads/main' }), /workflow: /],
    ['a workflow from the root', withMore({ workflow: '/.github/workflows/x.yml' }), /workflow: /],
    ['an unknown runner', withMore({ runnerEnvironment: 'mine' }), /runnerEnvironment: /],
    ['a key without data', [{ key: {} }], /^signatures\.authorities\.0\.key\.data: expected string/],
    [
      'a log that is neither required nor ignored',
      [{ key: { ...key, transparencyLog: 'maybe' } }],
      /transparencyLog: /,
    ],
    [
      'a root that is no name',
      [{ keyless, trustedRoot: 'Our Root' }],
      /trustedRoot: expected the name of a trusted root/,
    ],
    ['no statement', [{ keyless, attestations: [] }], /attestations: an empty list would let nothing count/],
    [
      'a statement by its short name',
      [{ keyless, attestations: [{ predicateType: 'slsaprovenance' }] }],
      /predicateType: expected .* URI/,
    ],
    ['too many', Array.from({ length: 21 }, () => ({ keyless })), /^signatures\.authorities: Too big/],
  ];
  test.each(refused)('is refused with the reason when it is %s', (_, authorities, reason) =>
    expect(told(authorities)).toMatch(reason),
  );

  test('has to be somebody where a signature is required', () => {
    for (const signatures of [{ mode: 'require' }, { mode: 'require', authorities: [] }])
      expect(() => check(policyInput, { signatures }, 'the body')).toThrow(
        'signatures.authorities: name at least one authority that may sign, or set signatures.mode to observe',
      );
  });
});

describe('the warnings about signatures', () => {
  const about = (signatures: Partial<Policy['signatures']>): string[] =>
    policyWarnings(policy({ signatures })).filter((warning) => warning.startsWith('signatures'));
  const named = (subjectRegExp: string, more: object = {}) =>
    about({
      mode: 'require',
      authorities: [[{ keyless: { oidcIssuer: GITHUB, identity: { subjectRegExp }, ...more } }]],
    });
  const fingerprint = `sha256:${'a'.repeat(64)}` as const;

  test('say that an unsigned image is accepted', () => {
    expect(about({ mode: 'off' })).toEqual(['signatures.mode is off: an image that nobody signed is accepted.']);
    expect(about({ mode: 'observe', authorities: [[{ keyless }]] })).toEqual([
      'signatures.mode is observe: an image that nobody signed is accepted.',
    ]);
  });

  test('say of a policy from before there were authorities that it decides nothing', () => {
    expect(about({ mode: 'require' })).toEqual([
      expect.stringMatching(/^signatures\.authorities names nobody: .*undetermined/),
    ]);
  });

  test.each([
    ['^.*$', 1],
    ['^https://github\\.com/.*$', 1],
    ['^https://github\\.com/octo-org.*$', 1],
    ['^https://github\\.com/[^/]+/app/.*$', 1],
    ['^https://github\\.com/octo-org/.*$', 0],
    ['^https://github.com/octo-org/app/.*$', 0],
  ])('say whether %s lets any owner sign', (pattern, warnings) => expect(named(pattern)).toHaveLength(warnings));

  test('do not where the source repository is named, or the issuer is not shared by everybody', () => {
    expect(named('^.*$', { sourceRepository: 'https://github.com/octo-org/app' })).toEqual([]);
    expect(named('^.*$', { oidcIssuer: 'https://login.example.org' })).toEqual([]);
  });

  test('say of a key without a log that nothing tells when it signed', () => {
    const keyed = (transparencyLog: 'require' | 'ignore') =>
      about({ mode: 'require', authorities: [[{ name: 'ours', key: { ...key, fingerprint, transparencyLog } }]] });
    expect(keyed('ignore')).toEqual([expect.stringMatching(/key ours .*nothing says when it signed/)]);
    expect(keyed('require')).toEqual([]);
  });
});

describe('which CI may release', () => {
  const identity = { oidcIssuer: GITHUB, repositoryId: '74' };
  const UUID = '76543210-ba98-4edc-8210-edcba0987654';
  const readCi = (ci: object) => check(policyInput, { ci }, 'the body').ci;
  const toldOf = (ci: object): unknown => {
    try {
      return readCi(ci);
    } catch (error) {
      if (error instanceof Problem) return error.detail;
      throw error;
    }
  };

  const CIRCLE = `https://oidc.circleci.com/org/${UUID}`;
  const BUILDKITE = 'https://agent.buildkite.com';
  const named = (oidcIssuer: string, repositoryId: string) => ({ identities: [{ oidcIssuer, repositoryId }] });

  test.each([
    [GITHUB, '74'],
    [`${GITHUB}/acme`, '1'.repeat(20)],
    ['https://gitlab.com', '74'],
    [CIRCLE, UUID],
    ['https://oidc.circleci.com', UUID],
    [BUILDKITE, UUID],
    [BUILDKITE, 'octo-inc/app-release'],
    [BUILDKITE, 'a/b'],
    ['https://ci.example', '74'],
    ['https://ci.example', UUID],
  ])('at %s is told by the id %s', (oidcIssuer, repositoryId) => {
    expect(readCi(named(oidcIssuer, repositoryId)).identities).toEqual([{ oidcIssuer, repositoryId }]);
  });

  test('is told in lower case, as ids are compared', () => {
    expect(readCi(named(CIRCLE, UUID.toUpperCase())).identities[0]?.repositoryId).toBe(UUID);
  });

  test.each<[string, readonly string[], RegExp]>([
    [GITHUB, ['octo/app', UUID, ''], /numeric repository id, as text \(GitHub: gh api .*id\)$/],
    ['https://token.actions.acme.ghe.com', ['octo/app', UUID], /numeric repository id/],
    ['https://git.example.org/_services/token', ['octo/app', UUID], /numeric repository id/],
    ['https://gitlab.com', ['group/app', UUID], /numeric repository id/],
    [CIRCLE, ['74', 'octo/app', `${UUID}0`, `x${UUID}`], /CircleCI's project id, a UUID/],
    [
      BUILDKITE,
      ['74', 'app', 'octo/app/web', '/app', 'octo/', '-a/b', 'a b/c', '*', 'octo_/app'],
      /organization\/pipeline/,
    ],
    ['https://ci.example', ['octo/app', '1'.repeat(21), '74\n', '*'], /numeric repository id.*, or a UUID$/],
  ])('at %s is not told by %j, which could never match', (oidcIssuer, ids, message) => {
    for (const id of ids) {
      const told = toldOf(named(oidcIssuer, id));
      expect(told).toMatch(/^ci\.identities\.0\.repositoryId: expected /);
      expect(told).toMatch(message);
    }
  });

  test('ignores runs in progress unless the policy accepts them', () => {
    expect(readCi({ identities: [identity] }).concurrentRuns).toBe('ignore');
    expect(readCi({ identities: [identity], concurrentRuns: 'accept' }).concurrentRuns).toBe('accept');
    expect(toldOf({ identities: [identity], concurrentRuns: 'yes' })).toMatch(/^ci\.concurrentRuns: /);
  });

  test('cannot accept runs in progress where CI announces first', () => {
    const both = { identities: [identity], announceFirst: true, concurrentRuns: 'accept' };
    expect(toldOf(both)).toMatch(/^ci\.concurrentRuns: a CI that announces first vouches for each digest/);
    expect(readCi({ ...both, concurrentRuns: 'ignore' }).announceFirst).toBe(true);
  });

  const warned = (ci: object): string => policyWarnings(policy({ ci: { mode: 'require', ...ci } })).join('\n');

  test('is warned of where evidence is weak', () => {
    expect(warned({})).not.toContain('concurrentRuns');
    expect(warned({ concurrentRuns: 'ignore' })).not.toContain('concurrentRuns');
    const weak = warned({ concurrentRuns: 'accept' });
    expect(weak).toMatch(/ci\.concurrentRuns is accept, which is weak: anyone who holds a token can push while/);
    expect(weak).not.toContain('no identity can ever match');
    const never = warned({ concurrentRuns: 'accept', identities: [{ ...identity, environment: 'release' }] });
    expect(never).toContain('no identity can ever match');
  });

  test('is warned of where somebody else can be the same', () => {
    expect(warned({ identities: [{ ...identity, repositoryId: 'octo/app' }] })).toMatch(
      /octo\/app is a name.*pipeline_id/,
    );
    const circle = { oidcIssuer: `https://oidc.circleci.com/org/${UUID}`, repositoryId: UUID };
    expect(warned({ identities: [circle] })).toMatch(/a fork's job is one of project .* Name repository/);
    expect(warned({ identities: [{ ...circle, repository: 'github.com/octo/app' }] })).not.toContain('fork');
    expect(warned({ identities: [{ ...identity, repositoryId: UUID }] })).not.toMatch(/fork|is a name/);
  });
});
