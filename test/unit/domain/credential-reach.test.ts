import { describe, expect, it } from 'vitest';
import { type CredentialScope, reachOf, type SeenPushing } from '../../../src/domain/credential-reach.ts';

const image = (id: number, path: string, registry = 'docker.io') => ({
  id,
  image: { registry, path },
  createdAt: id,
});
const WATCHED = [image(1, 'acme/app'), image(2, 'acme/tools'), image(3, 'acmeother/app'), image(4, 'friend/app')];
const seenIn = (id: number, path: string, registry?: string, itself = true): SeenPushing => ({
  ...image(id, path, registry),
  itself,
  pushes: 1,
  possible: 0,
  lastDay: 0,
});
const PAT: CredentialScope = {
  kind: 'dockerhub-pat',
  name: 'ci',
  account: 'Acme',
  scopes: ['repo:write'],
  resources: null,
};
const OAT: CredentialScope = { ...PAT, kind: 'dockerhub-oat', account: 'acme', scopes: null, resources: [] };
const repository = (path: string, ...scopes: string[]) => ({ type: 'repository' as const, path, scopes });
const PUSH = 'scope-image-push';

type Case = [string, CredentialScope, SeenPushing[], [string, string[]][]];

const cases: Case[] = [
  [
    'a personal token reaches its account’s namespace, and no name that only begins like it',
    PAT,
    [],
    [
      ['acme/app', ['account']],
      ['acme/tools', ['account']],
    ],
  ],
  ['a personal token that may only read reaches nothing', { ...PAT, scopes: ['repo:read'] }, [], []],
  [
    'a personal token that may only read was seen pushing all the same',
    { ...PAT, scopes: ['repo:public_read'] },
    [seenIn(1, 'acme/app')],
    [['acme/app', ['seen']]],
  ],
  [
    'a personal token reaches where it was seen, in any namespace',
    PAT,
    [seenIn(4, 'friend/app', 'docker.io', false)],
    [
      ['acme/app', ['account']],
      ['acme/tools', ['account']],
      ['friend/app', ['seen']],
    ],
  ],
  [
    'an organization’s token reaches what is granted',
    { ...OAT, resources: [repository('acme/app', PUSH), repository('acme/tools', 'scope-image-pull')] },
    [],
    [['acme/app', ['granted']]],
  ],
  [
    'a pattern grants what it matches',
    { ...OAT, resources: [repository('ACME/*', PUSH)] },
    [seenIn(1, 'acme/app')],
    [
      ['acme/app', ['granted', 'seen']],
      ['acme/tools', ['granted']],
    ],
  ],
  [
    'an organization grants all of its repositories',
    { ...OAT, resources: [{ type: 'organization', path: 'acme', scopes: [PUSH] }] },
    [],
    [
      ['acme/app', ['granted']],
      ['acme/tools', ['granted']],
    ],
  ],
  ['a token that is granted nothing reaches nothing', OAT, [], []],
  [
    'an organization’s token of which nobody read what it may reach is taken to reach all',
    { ...OAT, resources: null },
    [],
    [
      ['acme/app', ['account']],
      ['acme/tools', ['account']],
    ],
  ],
  [
    'an account reaches its namespace',
    { kind: 'dockerhub-account', name: 'Friend', account: null, scopes: null, resources: null },
    [],
    [['friend/app', ['account']]],
  ],
  [
    'a GitHub sender reaches where it was seen',
    { kind: 'github-sender', name: 'acme', account: null, scopes: null, resources: null },
    [seenIn(9, 'acme/app', 'ghcr.io')],
    [['acme/app', ['seen']]],
  ],
  [
    'a Distribution actor reaches where it was seen',
    { kind: 'distribution-actor', name: 'acme', account: null, scopes: null, resources: null },
    [],
    [],
  ],
];

describe('reach', () => {
  it.each(cases)('%s', (_, credential, seen, expected) => {
    const { repositories } = reachOf(credential, WATCHED, seen);
    expect(repositories.map(({ image: { path }, why }) => [path, why])).toEqual(expected);
  });

  it('is of Docker Hub’s images alone for Docker Hub’s tokens', () => {
    expect(reachOf(PAT, [image(1, 'acme/app', 'ghcr.io')], []).repositories).toEqual([]);
  });

  it('tells grants apart that nobody watches, and those that nobody can tell the end of', () => {
    const resources = [
      repository('acme/app', PUSH),
      repository('acme/secret', PUSH),
      repository('acme/readable', 'scope-image-pull'),
      repository('acme/x-*', PUSH),
      { type: 'organization' as const, path: 'acme', scopes: [PUSH] },
    ];
    expect(reachOf({ ...OAT, resources }, WATCHED, []).open).toEqual([
      { type: 'repository', path: 'acme/secret' },
      { type: 'pattern', path: 'acme/x-*' },
      { type: 'organization', path: 'acme' },
    ]);
    expect(reachOf({ ...OAT, scopes: ['image-pull'], resources }, WATCHED, []).open).toEqual([]);
  });

  it.each([
    [PAT, true],
    [{ ...PAT, scopes: ['repo:read'] }, false],
    [{ ...PAT, scopes: null }, null],
    [{ ...OAT, resources: [] }, false],
    [{ ...OAT, resources: [repository('acme/app', 'repo-pull')] }, false],
    [{ ...OAT, resources: [repository('acme/app', PUSH)] }, true],
    [{ ...OAT, resources: null }, null],
  ] satisfies [CredentialScope, boolean | null][])('says of %j whether it may push: %s', (credential, expected) => {
    expect(reachOf(credential, WATCHED, []).mayPush).toBe(expected);
  });
});
