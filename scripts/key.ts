import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  checkId,
  checkName,
  checkScope,
  InvalidKeyRequest,
  insertKeySql,
  listKeysSql,
  makeApiKey,
  revokeKeySql,
} from './api-key.ts';
import { type Database, execute } from './d1.ts';
import { DEFAULT_STATE } from './installation.ts';
import { PROJECT, WranglerFailed } from './wrangler.ts';

const USAGE = `Usage:
  npm run key -- create --scope admin|read --name NAME [--team NAME]   make a key and print it, once
  npm run key -- list                                                  list keys
  npm run key -- revoke ID                                             revoke a key, at once
Options:
  --remote       the deployed database instead of the local one
  --state DIR    where the local installation keeps its state (default ${DEFAULT_STATE})`;

const OPTIONS = {
  scope: { type: 'string' },
  name: { type: 'string' },
  team: { type: 'string' },
  state: { type: 'string', default: path.join(PROJECT, DEFAULT_STATE) },
  remote: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const database: Database = values.remote ? { at: 'remote' } : { at: 'local', state: path.resolve(values.state) };
  const [command, id, ...rest] = positionals;
  if (values.help || rest.length > 0) throw new InvalidKeyRequest(USAGE);
  if (command === 'create' && id === undefined) return create(database, values.scope, values.name, values.team ?? null);
  if (command === 'list' && id === undefined) return list(database);
  if (command === 'revoke' && id !== undefined) return revoke(database, checkId(id));
  throw new InvalidKeyRequest(USAGE);
}

async function create(database: Database, scope = '', name = '', team: string | null): Promise<void> {
  const key = makeApiKey();
  const request = { key, scope: checkScope(scope), name: checkName('--name', name), team };
  const [row] = await execute(database, insertKeySql({ ...request, now: Date.now(), by: 'npm run key' }));
  console.error(`Key ${row?.id} (${scope}, "${name}"). It is shown once, only its hash is kept:`);
  console.log(key);
}

const keyRow = z.object({
  id: z.number(),
  name: z.string(),
  scope: z.string(),
  team: z.string().nullable(),
  created_at: z.number(),
  last_used_at: z.number().nullable(),
  revoked_at: z.number().nullable(),
});

const when = (ms: number | null): string => (ms === null ? '-' : `${new Date(ms).toISOString().slice(0, 19)}Z`);

async function list(database: Database): Promise<void> {
  const rows = z.array(keyRow).parse(await execute(database, listKeysSql()));
  if (rows.length === 0) return console.log('There are no keys.');
  const lines = rows.map((row) => [
    String(row.id),
    row.scope,
    row.name,
    row.team ?? '-',
    when(row.created_at),
    when(row.last_used_at),
    row.revoked_at === null ? 'live' : `revoked ${when(row.revoked_at)}`,
  ]);
  const table = [['ID', 'SCOPE', 'NAME', 'TEAM', 'CREATED', 'LAST USED', 'STATE'], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of table)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

async function revoke(database: Database, id: number): Promise<void> {
  const [row] = await execute(database, revokeKeySql(id, Date.now()));
  if (row === undefined) throw new InvalidKeyRequest(`There is no live key ${id}.`);
  console.log(`Key ${id} ("${row.name}") is revoked.`);
}

try {
  await main();
} catch (error) {
  if (error instanceof WranglerFailed) console.error(error.output.trim());
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
