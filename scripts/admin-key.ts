import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { insertKeySql, makeApiKey } from './api-key.ts';
import { type Database, execute } from './d1.ts';

/** The kept key is in the database, and revoked. */
export class AdminKeyRefused extends Error {
  override readonly name = 'AdminKeyRefused';
}

/** The admin key kept in `file` (mode 0600); makes and stores one if there is none. */
export async function ensureAdminKey(database: Database, file: string): Promise<string> {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const key = makeApiKey();
  await store(database, key);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return key;
}

/**
 * Stores the kept key again if the database does not know it, as after deleting the state.
 * @throws AdminKeyRefused if it was revoked
 */
export async function repairAdminKey(database: Database, url: string, key: string, file: string): Promise<void> {
  const refused = async () => {
    const answer = await fetch(`${url}/api/v1/health`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(10_000),
    });
    await answer.body?.cancel();
    return answer.status === 401;
  };
  if (!(await refused())) return;
  await store(database, key);
  if (await refused())
    throw new AdminKeyRefused(`The admin key in ${file} was revoked. Delete the file to get a new one.`);
}

const signInLink = z.object({ url: z.url() });

/** A link that signs a browser in as this key, once and within 15 minutes. */
export async function makeSignInLink(url: string, key: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/sign-in-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(10_000),
  });
  return signInLink.parse(await answer.json()).url;
}

async function store(database: Database, key: string): Promise<void> {
  const request = { key, name: 'local admin', scope: 'admin', team: null, now: Date.now(), by: 'npm start' } as const;
  await execute(database, insertKeySql(request));
}
