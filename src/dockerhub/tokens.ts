import * as z from 'zod';
import type { AccountAnswer, ListedToken, TokenList, TokenResource } from '../usecases/registry-accounts.ts';
import { cut, optionalAddress, optionalName, optionalText, optionalTime, readPast, tokenId } from './fields.ts';
import { rows, unreadable } from './page.ts';
import { clean } from './refusal.ts';

const pageSchema = z.object({
  results: rows,
  // An address that somebody else wrote: whether there is one is all that it is good for.
  next: z.string().nullish(),
});

/** A token of which this is not said counts as one that can push. */
const active = z.boolean().catch(true);
const scopes = z.array(z.string().max(100)).max(100);

/** @see https://docs.docker.com/reference/api/hub/latest/#tag/access-tokens */
const personalSchema = z
  .object({
    uuid: tokenId,
    token_label: optionalText,
    created_at: optionalTime,
    creator_ip: optionalAddress,
    expires_at: optionalTime,
    last_used: z.unknown().optional(),
    is_active: active,
    scopes: scopes.nullable().catch(null),
  })
  .transform((token) => ({
    usedAt: token.last_used,
    listed: {
      kind: 'dockerhub-pat' as const,
      id: token.uuid,
      label: token.token_label,
      createdBy: null,
      createdAt: token.created_at,
      creatorIp: token.creator_ip,
      expiresAt: token.expires_at,
      active: token.is_active,
      scopes: token.scopes,
    },
  }));

/** @see https://docs.docker.com/reference/api/hub/latest/#tag/org-access-tokens */
const organizationSchema = z
  .object({
    id: tokenId,
    label: optionalText,
    created_by: optionalName,
    created_at: optionalTime,
    expires_at: optionalTime,
    last_used_at: z.unknown().optional(),
    is_active: active,
  })
  .transform((token) => ({
    usedAt: token.last_used_at,
    listed: {
      kind: 'dockerhub-oat' as const,
      id: token.id,
      label: token.label,
      createdBy: token.created_by,
      createdAt: token.created_at,
      creatorIp: null,
      expiresAt: token.expires_at,
      active: token.is_active,
      scopes: null,
    },
  }));

const SCHEMAS = { personal: personalSchema, organization: organizationSchema };

/**
 * A page of tokens. All of it is `unavailable` if one of its rows lacks what names the token, or has a last use that
 * cannot be read: a row left out would be a token that seems deleted, and a use left out one that was never used.
 * Everything else of a row may be missing or absurd.
 * @param now ms since the epoch
 */
export function readTokenList(
  kind: keyof typeof SCHEMAS,
  json: unknown,
  page: number,
  now: number,
): AccountAnswer<TokenList> {
  const list = pageSchema.safeParse(json);
  if (!list.success) return unreadable('no list of tokens');
  const tokens: ListedToken[] = [];
  for (const [at, row] of list.data.results.entries()) {
    const token = SCHEMAS[kind].safeParse(row);
    const where = `token ${at + 1} of page ${page}`;
    if (!token.success) return unreadable(`a list of tokens in which ${where} has no usable id`);
    const usedAt = readPast(token.data.usedAt, now);
    if (usedAt === 'unreadable') return unreadable(`a list of tokens in which ${where} has no readable last use`);
    tokens.push({ ...token.data.listed, usedAt });
  }
  const hasNext = (list.data.next ?? '') !== '';
  // It would never end, and to call it the end could hide tokens.
  if (hasNext && tokens.length === 0) return unreadable('an empty page of tokens and says that more follow');
  return { kind: 'found', value: { tokens, next: hasNext ? page + 1 : null } };
}

const RESOURCE_TYPES = { TYPE_REPO: 'repository', TYPE_ORG: 'organization' } as const;

const detailSchema = z.object({
  id: tokenId,
  resources: z
    .array(z.object({ type: z.string(), path: z.string().min(1).max(255), scopes }))
    .max(200)
    .nullable(),
});

/**
 * What the token `id` may reach; `unavailable` if that is told in a way we do not know, or of another token: less than
 * all would look harmless.
 */
export function readResources(json: unknown, id: string): AccountAnswer<readonly TokenResource[]> {
  const detail = detailSchema.safeParse(json);
  if (!detail.success) return unreadable('no description of what a token may reach');
  if (detail.data.id !== id) return unreadable('a description of another token');
  const resources: TokenResource[] = [];
  for (const { type, path, scopes } of detail.data.resources ?? []) {
    if (type !== 'TYPE_REPO' && type !== 'TYPE_ORG') return unreadable(`a resource of another type: ${clean(type)}`);
    resources.push({ type: RESOURCE_TYPES[type], path: cut(path), scopes: scopes.map(cut) });
  }
  return { kind: 'found', value: resources };
}
