import type { D1Database } from '@cloudflare/workers-types';

/** How far a local installation's clock has been advanced, in ms. */
export function createClockStore(db: D1Database) {
  return {
    async offset(): Promise<number> {
      const row = await db.prepare(`SELECT value FROM settings WHERE name = 'clock-offset'`).first<{ value: string }>();
      return row === null ? 0 : Number(row.value);
    },
    async setOffset(ms: number): Promise<void> {
      await db
        .prepare(
          `INSERT INTO settings (name, value) VALUES ('clock-offset', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        )
        .bind(String(ms))
        .run();
    },
  };
}
