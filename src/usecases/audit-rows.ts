import { isToken } from '../domain/credential.ts';
import { isDigest } from '../domain/digest.ts';
import type { DisarmedChange } from '../domain/finding.ts';
import type { KnownToken, ReadRow, Source, SourceStore } from './credential-stores.ts';
import type { AuditRow } from './registry-accounts.ts';

/** Rows of an audit log with whom and what they are about. */
export async function readRows(
  store: SourceStore,
  source: Source,
  rows: readonly AuditRow[],
  now: number,
): Promise<ReadRow[]> {
  if (rows.length === 0) return [];
  const tokens = await store.tokens(source);
  const paths = new Map(rows.map((row) => [row, pathOf(row)]));
  const actors = rows.map(({ actor }) => actor).filter((actor) => tokensNamed(tokens, actor).length === 0);
  const named = [...paths.values()].filter((path) => path !== null);
  const names = { accounts: [...new Set(actors)], paths: [...new Set(named)] };
  const { accounts, repositories } = await store.ids(source, names, now);
  return Promise.all(
    rows.map(async (row): Promise<ReadRow> => {
      const account = accounts.get(row.actor);
      const path = paths.get(row) ?? null;
      return {
        row,
        key: await rowKey(row),
        credentials: account === undefined ? tokensNamed(tokens, row.actor) : [account],
        repository: path === null ? null : (repositories.get(path) ?? null),
        is: kindOf(row),
        disarms: disarmedBy(row.action) !== null,
        connection: connectionOf(row),
      };
    }),
  );
}

/**
 * Tokens that an actor's name stands for. An id is one token's; a label is whatever its maker chose, and may be several's.
 * Docker says that an actor "can refer to a Docker username, PAT or OAT", not how.
 * @see https://docs.docker.com/admin/organization/activity-logs/
 */
function tokensNamed(tokens: readonly KnownToken[], actor: string): number[] {
  const listed = tokens.filter(({ kind }) => isToken(kind));
  const exact = listed.filter(({ id }) => id === actor);
  return (exact.length > 0 ? exact : listed.filter(({ name }) => name === actor)).map(({ credential }) => credential);
}

/** A log may name a repository with or without its namespace. */
function pathOf({ action, name, account }: AuditRow): string | null {
  if (!action.startsWith('repo.') || name === '') return null;
  return (name.includes('/') ? name : `${account}/${name}`).toLowerCase();
}

function kindOf({ action, data }: AuditRow): ReadRow['is'] {
  if (action === 'repo.tag.push') {
    const { tag, digest } = data;
    return tag !== undefined && tag !== '' && digest !== undefined && isDigest(digest) ? 'push' : 'other';
  }
  if (action === 'repo.tag.delete') return 'tag-delete';
  if (action.includes('access_token')) return 'token';
  return /^(?:repo|oidc|org)\./.test(action) ? 'settings' : 'other';
}

/** The protection that a change of settings takes away. */
export function disarmedBy(action: string): DisarmedChange | null {
  if (action === 'repo.immutable.tags.updated') return 'immutable-tags-changed';
  if (action === 'oidc.connection.delete') return 'oidc-connection-deleted';
  return /(?:^|[._])webhooks?[._](?:[a-z_.]*[._])?delete$/.test(action) ? 'webhook-deleted' : null;
}

/** Docker does not say under which key a row names its connection. */
const CONNECTION_IDS = ['connection_id', 'id', 'connection', 'name', 'label'] as const;
const CONNECTION_NAMES = ['name', 'label', 'connection', 'connection_id', 'id'] as const;

function connectionOf({ action, data, account }: AuditRow): ReadRow['connection'] {
  if (!action.startsWith('oidc.connection.')) return null;
  const first = (keys: readonly string[]): string | undefined => keys.map((key) => data[key]).find((value) => value);
  const id = first(CONNECTION_IDS);
  if (id === undefined) return null;
  return { id: `${account}/${id}`, name: first(CONNECTION_NAMES) ?? id, isDeleted: action.endsWith('.delete') };
}

/** The first 16 bytes of the SHA-256 of all that a row says, as hex: rows have no id. */
async function rowKey({ account, action, name, actor, data, at, description }: AuditRow): Promise<string> {
  const sorted = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([account, action, name, actor, at, description, sorted]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(hash, 0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
