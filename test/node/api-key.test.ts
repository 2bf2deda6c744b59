import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  checkId,
  checkScope,
  hashApiKey,
  InvalidKeyRequest,
  insertKeySql,
  listKeysSql,
  makeApiKey,
  type NewKey,
  revokeKeySql,
} from '../../scripts/api-key.ts';

const request: NewKey = { key: makeApiKey(), name: 'laptop', scope: 'read', team: null, now: 1000, by: 'test' };

describe('an API key', () => {
  it('is pwk_ and 32 random bytes, never the same', () => {
    expect(makeApiKey()).toMatch(/^pwk_[A-Za-z0-9_-]{43}$/);
    expect(makeApiKey()).not.toBe(makeApiKey());
  });

  it('is hashed whole, with SHA-256', () => {
    expect(hashApiKey('pwk_x').toString('hex')).toBe(createHash('sha256').update('pwk_x').digest('hex'));
  });
});

describe('what a person types', () => {
  it('never reaches SQL if it could end a string', () => {
    for (const name of ["x'y", 'x"', 'a;b', 'a\nb', 'ü', '', 'x'.repeat(65), 'a/*b*/']) {
      expect(() => insertKeySql({ ...request, name })).toThrow(InvalidKeyRequest);
      expect(() => insertKeySql({ ...request, team: name })).toThrow(InvalidKeyRequest);
    }
    for (const id of ['0', '1 OR 1=1', '-1', '1.5', '', '9'.repeat(16)])
      expect(() => checkId(id)).toThrow(InvalidKeyRequest);
    expect(() => checkScope('owner')).toThrow(InvalidKeyRequest);
  });
});

describe('the SQL, in the tables of the migrations', () => {
  let database: DatabaseSync;
  beforeEach(() => {
    database = new DatabaseSync(':memory:');
    database.exec(readFileSync(new URL('../../migrations/0001_foundation.sql', import.meta.url), 'utf8'));
  });
  const statements = (sql: string) => sql.split('; ');
  const execute = (sql: string) =>
    statements(sql)
      .map((statement) => database.prepare(statement).all())
      .at(-1);
  const list = () => database.prepare(listKeysSql()).all();

  it('stores only the hash', () => {
    expect(execute(insertKeySql(request))).toEqual([{ id: 1 }]);
    expect(database.prepare('SELECT hash, team_id FROM api_keys').get()).toMatchObject({
      hash: new Uint8Array(hashApiKey(request.key)),
      team_id: 1,
    });
    expect(JSON.stringify(list())).not.toContain('hash');
  });

  it('creates a team once', () => {
    execute(insertKeySql({ ...request, team: 'Blue' }));
    execute(insertKeySql({ ...request, key: makeApiKey(), team: 'Blue' }));
    expect(list()).toMatchObject([{ team: 'Blue' }, { team: 'Blue' }]);
    expect(database.prepare("SELECT count(*) AS n FROM teams WHERE name = 'Blue'").get()).toMatchObject({ n: 1 });
  });

  it('revokes once, and storing the key again does not bring it back', () => {
    execute(insertKeySql(request));
    expect(execute(revokeKeySql(1, 2000))).toEqual([{ id: 1, name: 'laptop' }]);
    expect(execute(revokeKeySql(1, 3000))).toEqual([]);
    expect(execute(insertKeySql(request))).toEqual([]);
    expect(list()).toMatchObject([{ id: 1, revoked_at: 2000 }]);
  });
});
