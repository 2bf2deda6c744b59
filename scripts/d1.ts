import * as z from 'zod';
import { runWrangler } from './wrangler.ts';

/** Which database: the deployed one, or a local one by the folder it is kept in. */
export type Database = { readonly at: 'remote' } | { readonly at: 'local'; readonly state: string };

const answer = z.array(z.object({ results: z.array(z.record(z.string(), z.unknown())) }));

const place = (database: Database): string[] =>
  database.at === 'remote' ? ['--remote'] : ['--local', '--persist-to', database.state];

/** Creates or updates the tables. @throws WranglerFailed */
export async function applyMigrations(database: Database): Promise<void> {
  await runWrangler(['d1', 'migrations', 'apply', 'DB', ...place(database)]);
}

/**
 * Runs SQL statements and returns the rows of the last one. The text must not contain anything that a person typed
 * and nobody checked: there are no bound parameters here.
 * @throws WranglerFailed
 */
export async function execute(database: Database, sql: string): Promise<Record<string, unknown>[]> {
  const output = await runWrangler(['d1', 'execute', 'DB', ...place(database), '--yes', '--json', '--command', sql]);
  const json = output.slice(Math.max(0, output.search(/^\[/m)));
  return answer.parse(JSON.parse(json)).at(-1)?.results ?? [];
}
