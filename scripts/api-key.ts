import { createHash, randomBytes } from 'node:crypto';

export type KeyScope = 'admin' | 'read';

/** A name or scope that was refused, in words for the person who typed it. */
export class InvalidKeyRequest extends Error {
  override readonly name = 'InvalidKeyRequest';
}

/** Makes an API key: `pwk_` and 32 random bytes as base64url. Only its hash is kept. */
export function makeApiKey(): string {
  return `pwk_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 of the whole key text: the key has 256 random bits, so a slow hash would add nothing. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Names go into SQL text, which `wrangler d1 execute` cannot bind: nothing that could end a string passes. */
const NAME = /^[A-Za-z0-9 ._-]{1,64}$/;

/** @throws InvalidKeyRequest */
export function checkName(option: string, text: string): string {
  if (!NAME.test(text)) {
    throw new InvalidKeyRequest(`${option} must be 1 to 64 of A-Z, a-z, 0-9, space, dot, hyphen and underscore.`);
  }
  return text;
}

/** @throws InvalidKeyRequest */
export function checkScope(text: string): KeyScope {
  if (text !== 'admin' && text !== 'read') throw new InvalidKeyRequest('--scope must be admin or read.');
  return text;
}

/** @throws InvalidKeyRequest */
export function checkId(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new InvalidKeyRequest('A key is revoked by its number (see `list`).');
  return Number(text);
}

export interface NewKey {
  readonly name: string;
  readonly scope: KeyScope;
  /** `null`: the first team. A team that does not exist is created. */
  readonly team: string | null;
  readonly key: string;
  /** ms since the epoch */
  readonly now: number;
  /** Who made it, for the list of keys. */
  readonly by: string;
}

/**
 * SQL that stores a key; the last statement returns `{id}`. Storing the same key again changes nothing and returns
 * no row, so a revoked key does not come back.
 * @throws InvalidKeyRequest
 */
export function insertKeySql(request: NewKey): string {
  const { now } = request;
  if (!Number.isSafeInteger(now)) throw new InvalidKeyRequest('The time is not a number of milliseconds.');
  const name = checkName('--name', request.name);
  const scope = checkScope(request.scope);
  const by = checkName('by', request.by);
  const team = request.team === null ? null : checkName('--team', request.team);
  const insert = (teamId: string) =>
    'INSERT INTO api_keys (team_id, name, scope, hash, created_at, created_by) ' +
    `VALUES (${teamId}, '${name}', '${scope}', X'${hashApiKey(request.key).toString('hex')}', ${now}, '${by}') ` +
    'ON CONFLICT (hash) DO NOTHING RETURNING id;';
  if (team === null) return insert('1');
  return (
    `INSERT INTO teams (name, created_at) SELECT '${team}', ${now} ` +
    `WHERE NOT EXISTS (SELECT 1 FROM teams WHERE name = '${team}'); ` +
    insert(`(SELECT id FROM teams WHERE name = '${team}' ORDER BY id LIMIT 1)`)
  );
}

/** SQL that lists the keys, never their hashes. */
export function listKeysSql(): string {
  return (
    'SELECT k.id, k.name, k.scope, t.name AS team, k.created_at, k.created_by, k.last_used_at, k.revoked_at ' +
    'FROM api_keys k LEFT JOIN teams t ON t.id = k.team_id ORDER BY k.id;'
  );
}

/** SQL that revokes a live key and returns its `{id, name}`; no row if there is none. */
export function revokeKeySql(id: number, now: number): string {
  if (!Number.isSafeInteger(id) || !Number.isSafeInteger(now)) throw new InvalidKeyRequest('Not a number.');
  return `UPDATE api_keys SET revoked_at = ${now} WHERE id = ${id} AND revoked_at IS NULL RETURNING id, name;`;
}
