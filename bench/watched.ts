import { createHash, randomBytes } from 'node:crypto';
import type { D1Database } from '@cloudflare/workers-types';
import { createSeal } from '../src/seal.ts';
import { WATCHED, watch } from '../test/fixtures/push-journey.ts';

/** The key under which the bench's installations keep their secrets; new in every run, as the secrets are. */
export const ENCRYPTION_KEYS = `bench:${randomBytes(32).toString('base64')}`;
export const HUB_PUSH_SECRET = randomBytes(32).toString('base64url');
export const HMAC_SECRET = randomBytes(32).toString('base64url');

export const GITHUB_HOOK_PATH = '/webhooks/github/hook-github';
export const WATCHED_PATH = WATCHED.github.image.path;

/** Registers the watched images, with their hooks' secrets, and a channel for alerts in a migrated database. */
export async function watchAll(db: D1Database, slackUrl = 'https://hooks.slack.com/services/T/B/x'): Promise<void> {
  const seal = createSeal(ENCRYPTION_KEYS);
  await watch(db);
  const addSecret = 'INSERT INTO hook_secrets (hook_id, hash, sealed, created_at) VALUES (?1, ?2, ?3, 0)';
  await db.batch([
    db.prepare(addSecret).bind(WATCHED.dockerhub.hook, sha256(HUB_PUSH_SECRET), null),
    db
      .prepare(addSecret)
      .bind(WATCHED.github.hook, sha256(HMAC_SECRET), await seal.seal(HMAC_SECRET, 'hook hook-github')),
    db
      .prepare(
        `INSERT INTO channels (team_id, name, kind, sealed, for_alerts, created_at) VALUES (1, 'alerts', 'slack-webhook', ?1, 1, 0)`,
      )
      .bind(await seal.seal(JSON.stringify({ url: slackUrl }), 'channel')),
  ]);
}

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();
