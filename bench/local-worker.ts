import { readdirSync, readFileSync } from 'node:fs';
import type { D1Database } from '@cloudflare/workers-types';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { migrate } from '../test/fixtures/local-d1.ts';

/** Names of the product's queues. */
export const QUEUES = { CHECKS: 'pushwarden-checks', NOTIFICATIONS: 'pushwarden-notifications' } as const;

export interface LocalWorkerOptions {
  readonly script: string;
  /** Modules that the script imports, by their names. */
  readonly modules?: Readonly<Record<string, string>>;
  readonly bindings?: Readonly<Record<string, string>>;
  readonly databases: readonly string[];
  /** Folder of the databases: on disk, as a write is only worth what it survives. */
  readonly folder: string;
  readonly queues: 'none' | 'producers' | 'consumers';
}

export interface LocalWorker {
  /** The Worker's own socket: requests reach it without miniflare's entry Worker. */
  readonly url: URL;
  /** Process id of its workerd. */
  readonly pid: number;
  database(name: string): Promise<D1Database>;
  close(): Promise<void>;
}

/**
 * Runs a Worker in a workerd of its own with migrated databases. Never through `wrangler dev`, whose proxies cost more
 * than the Worker.
 */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const before = new Set(workerdChildren());
  const consumer = { maxBatchTimeout: 0, maxRetries: 5 };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'bench',
      modules: [
        { type: 'ESModule', path: 'main.js', contents: options.script },
        ...Object.entries(options.modules ?? {}).map(([path, contents]) => ({
          type: 'ESModule' as const,
          path,
          contents,
        })),
      ],
      compatibilityDate: '2026-07-30',
      compatibilityFlags: ['nodejs_compat'],
      cf: false,
      bindings: { ...options.bindings },
      d1Databases: [...options.databases],
      d1Persist: options.folder,
      ...(options.queues === 'none' ? {} : { queueProducers: QUEUES }),
      ...(options.queues === 'consumers'
        ? {
            queueConsumers: {
              [QUEUES.CHECKS]: { ...consumer, maxBatchSize: 100 },
              [QUEUES.NOTIFICATIONS]: { ...consumer, maxBatchSize: 50 },
            },
          }
        : {}),
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }),
  );
  // The same interface under another name: miniflare has its own copy of the Workers types.
  const database = async (name: string) => (await miniflare.getD1Database(name)) as unknown as D1Database;
  const url = await miniflare.unsafeGetDirectURL();
  for (const name of options.databases) await migrate(await database(name));
  const pid = workerdChildren().find((child) => !before.has(child));
  if (pid === undefined) throw new Error('No new workerd among the children of this process.');
  return { url, pid, database, close: () => miniflare.dispose() };
}

/** This process's workerd children (Linux). */
function workerdChildren(): number[] {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '),
  );
  return children
    .map(Number)
    .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd'));
}
