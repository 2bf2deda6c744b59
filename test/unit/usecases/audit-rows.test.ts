import { describe, expect, test } from 'vitest';
import { disarmedBy, readRows } from '../../../src/usecases/audit-rows.ts';
import type { KnownToken, Source, SourceStore } from '../../../src/usecases/credential-stores.ts';
import type { AuditRow } from '../../../src/usecases/registry-accounts.ts';
import { NEW, T } from '../domain/cases.ts';

const token = (credential: number, id: string, name: string): KnownToken => ({
  credential,
  kind: 'dockerhub-oat',
  id,
  name,
  account: 'acme',
  mark: 'none',
  resourcesAt: null,
  gone: false,
});

const row = (differs: Partial<AuditRow> = {}): AuditRow => ({
  account: 'acme',
  action: 'repo.tag.push',
  name: 'acme/app',
  actor: 'alice',
  data: { tag: '1.0.0', digest: NEW },
  at: T,
  description: '',
  ...differs,
});

const source = { id: 1, teamId: 1, account: 'alice', organization: 'acme' } as Partial<Source> as Source;

function storeOf(tokens: readonly KnownToken[]): SourceStore {
  const store: Partial<SourceStore> = {
    tokens: () => Promise.resolve(tokens),
    ids: (_, { accounts, paths }) =>
      Promise.resolve({
        accounts: new Map(accounts.map((name) => [name, 100 + name.length])),
        repositories: new Map(paths.filter((path) => path === 'acme/app').map((path) => [path, 7])),
      }),
  };
  return store as SourceStore;
}

const read = async (rows: readonly AuditRow[], tokens: readonly KnownToken[] = []) =>
  readRows(storeOf(tokens), source, rows, T);

describe('who a row is about', () => {
  const tokens = [
    token(1, 'uuid-1', 'release'),
    token(2, 'uuid-2', 'twin'),
    token(3, 'uuid-3', 'twin'),
    token(4, 'uuid-4', 'uuid-1'),
  ];
  test.each([
    ['an account', 'alice', [105]],
    ['a token by its id', 'uuid-1', [1]],
    ['a token by its label', 'release', [1]],
    ['several by their label', 'twin', [2, 3]],
  ])('%s', async (_, actor, credentials) => {
    expect((await read([row({ actor })], tokens))[0]?.credentials).toEqual(credentials);
  });
});

describe('what a row is about', () => {
  test.each([
    ['a push', row(), 'push', 7],
    ['a push of a repository without its namespace', row({ name: 'app' }), 'push', 7],
    ['a push elsewhere', row({ name: 'acme/other' }), 'push', null],
    ['a push without a digest', row({ data: { tag: '1' } }), 'other', 7],
    ['a push of something that is no digest', row({ data: { tag: '1', digest: 'sha256:abc' } }), 'other', 7],
    ['a deleted tag', row({ action: 'repo.tag.delete' }), 'tag-delete', 7],
    ['a token', row({ action: 'org.access_token.create', name: 'acme' }), 'token', null],
    ['a setting', row({ action: 'repo.change_privacy' }), 'settings', 7],
    ['what nobody knows', row({ action: 'billing.plan.upgrade', name: 'acme' }), 'other', null],
  ])('%s', async (_, given, is, repository) => {
    expect((await read([given]))[0]).toMatchObject({ is, repository });
  });

  test('is told apart by all that it says, and by nothing else', async () => {
    const same = [row(), row({ data: { digest: NEW, tag: '1.0.0' } })];
    const others = [
      row({ actor: 'bob' }),
      row({ at: T + 1 }),
      row({ data: { tag: '1.0.1', digest: NEW } }),
      row({ description: 'x' }),
    ];
    const keys = (await read([...same, ...others])).map(({ key }) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(5);
    expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
  });
});

test.each([
  ['repo.immutable.tags.updated', 'immutable-tags-changed'],
  ['oidc.connection.delete', 'oidc-connection-deleted'],
  ['repo.webhook.delete', 'webhook-deleted'],
  ['org.webhooks.pipeline.delete', 'webhook-deleted'],
  ['oidc.connection.create', null],
  ['repo.tag.delete', null],
  ['repo.delete', null],
])('%s takes away: %s', (action, change) => {
  expect(disarmedBy(action)).toBe(change);
});
