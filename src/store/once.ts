import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';

/** First in a batch: fails it whole if the same signed request did its work before. */
export function onceOnly(db: D1Database, key: Uint8Array, now: number): D1PreparedStatement {
  return db.prepare('INSERT INTO slack_requests (key, at) VALUES (?1, ?2)').bind(key, now);
}

/** What `onceOnly` makes a batch fail with. */
export function wasDone(error: unknown): boolean {
  return error instanceof Error && error.message.includes('UNIQUE constraint failed: slack_requests');
}
