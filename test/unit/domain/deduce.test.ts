import { describe, expect, test } from 'vitest';
import { type CandidateToken, tokensThatFit } from '../../../src/domain/deduce.ts';
import { mayPush, reaches } from '../../../src/domain/token-reach.ts';
import { MINUTE, T } from './cases.ts';

const token = (differs: Partial<CandidateToken> = {}): CandidateToken => ({
  id: 1,
  createdAt: T - 1000 * MINUTE,
  expiresAt: null,
  goneAt: null,
  scopes: ['repo:write'],
  resources: null,
  uses: [{ at: T, since: null }],
  ...differs,
});

const fits = (differs: Partial<CandidateToken>, window = {}): boolean =>
  tokensThatFit({ path: 'acme/app', notBefore: T, receivedAt: T, ...window }, [token(differs)]).length === 1;

const used = (at: number, since: number | null = null) => ({ uses: [{ at, since }] });

describe('a token fits a push', () => {
  test.each([
    ['it was used at that moment', {}, true],
    ['it was never used', { uses: [] }, false],
    ['it signed in ten minutes before, and uploaded', used(T - 10 * MINUTE), true],
    ['it signed in longer ago', used(T - 10 * MINUTE - 1), false],
    ['the registry’s clock is two minutes ahead', used(T + 2 * MINUTE), true],
    ['it was used later', used(T + 2 * MINUTE + 1), false],
    ['it was used later, and perhaps since before', used(T + 60 * MINUTE, T - MINUTE), true],
    ['it was used later, and not before this', used(T + 60 * MINUTE, T + 2 * MINUTE + 1), false],
    [
      'it was used before and after',
      {
        uses: [
          { at: T - 60 * MINUTE, since: null },
          { at: T + 60 * MINUTE, since: T + 30 * MINUTE },
        ],
      },
      false,
    ],
    ['it was made afterwards', { createdAt: T + 2 * MINUTE + 1 }, false],
    ['it was made by a clock that is ahead', { createdAt: T + 2 * MINUTE }, true],
    ['nobody knows when it was made', { createdAt: null }, true],
    ['it had expired', { expiresAt: T - 10 * MINUTE - 1 }, false],
    ['it expired while it uploaded', { expiresAt: T - 10 * MINUTE }, true],
    ['it was gone', { goneAt: T - 10 * MINUTE - 1 }, false],
    ['it is gone since', { goneAt: T + MINUTE }, true],
    ['it may only read', { scopes: ['repo:read', 'repo:public_read'] }, false],
    [
      'it may push elsewhere',
      { resources: [{ type: 'repository', path: 'acme/other', scopes: ['scope-image-push'] }] },
      false,
    ],
  ] as const)('%s', (_, differs, answer) => {
    expect(fits(differs)).toBe(answer);
  });

  test('that happened between two looks, if it was used at any moment between them', () => {
    const window = { notBefore: T - 60 * MINUTE, receivedAt: T };
    expect(fits(used(T - 30 * MINUTE), window)).toBe(true);
    expect(fits(used(T - 71 * MINUTE), window)).toBe(false);
    expect(fits(used(T + 3 * MINUTE), window)).toBe(false);
  });
});

describe('a token may push', () => {
  const repository = (path: string, ...scopes: string[]) => ({ type: 'repository', path, scopes }) as const;
  test.each([
    ['with nothing said', { scopes: null, resources: null }, true],
    ['with no scope said', { scopes: [], resources: null }, true],
    ['with write', { scopes: ['repo:write'], resources: null }, true],
    ['with admin', { scopes: ['repo:admin'], resources: null }, true],
    ['not with read', { scopes: ['repo:read'], resources: null }, false],
    ['with a scope that nobody knows', { scopes: ['repo:everything'], resources: null }, true],
    ['to what it lists', { scopes: null, resources: [repository('acme/app', 'scope-image-push')] }, true],
    ['not where it may only pull', { scopes: null, resources: [repository('acme/app', 'scope-image-pull')] }, false],
    ['with a wildcard', { scopes: null, resources: [repository('acme/*', 'repo-push')] }, true],
    ['not to what it does not list', { scopes: null, resources: [] }, false],
    [
      'to all of an organization',
      { scopes: null, resources: [{ type: 'organization', path: 'acme', scopes: ['scope-image-push'] }] },
      true,
    ],
    [
      'not to another organization',
      { scopes: null, resources: [{ type: 'organization', path: 'acm', scopes: [] }] },
      false,
    ],
  ] as const)('%s', (_, scope, answer) => {
    expect(mayPush(scope, 'acme/app')).toBe(answer);
  });

  test('to names in whatever case the registry writes them', () => {
    expect(reaches(repository('Acme/App'), 'acme/app')).toBe(true);
  });
});
