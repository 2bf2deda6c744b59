import { randomBytes } from 'node:crypto';
import { createSeal } from '../src/seal.ts';
import { WATCHED, watch } from '../test/fixtures/push-journey.ts';
import { HUB_SECRET } from './payload.ts';

/** The key under which the bench's installations keep their secrets; new in every run. */
export const ENCRYPTION_KEYS = `bench:${randomBytes(32).toString('base64')}`;

export const GITHUB_HOOK_PATH = '/webhooks/github/hook-github';

/** Registers the watched images in a migrated database, with the HMAC secret of the GitHub hook. */
export async function watchGitHub(db: D1Database): Promise<void> {
  await watch(db);
  const sealed = await createSeal(ENCRYPTION_KEYS).seal(HUB_SECRET, 'hook hook-github');
  await db
    .prepare('INSERT INTO hook_secrets (hook_id, hash, sealed, created_at) VALUES (?1, randomblob(32), ?2, 0)')
    .bind(WATCHED.github.hook, sealed)
    .run();
}
