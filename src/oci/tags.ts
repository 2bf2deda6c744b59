import * as z from 'zod';
import type { Evidence } from '../domain/evidence.ts';
import { type ImageName, isTag } from '../domain/reference.ts';
import type { TagPage } from '../usecases/ports.ts';
import type { RegistryClient } from './client.ts';
import { BODY_CAPS } from './http.ts';

/** `tags` is `null` in an empty repository of some registries. */
const answerSchema = z.object({ tags: z.array(z.unknown()).nullish() });

const MAX_LAST_LENGTH = 512;
const MAX_LINK_LENGTH = 4096;

/**
 * One page of tags. A registry that knows no pages answers with all tags at once, more than `limit` of them perhaps.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
export async function listTagPage(
  client: RegistryClient,
  image: ImageName,
  from: string | null,
  limit: number,
): Promise<Evidence<TagPage>> {
  const list = `/v2/${image.path}/tags/list`;
  const path = `${list}?n=${limit}${from === null ? '' : `&last=${encodeURIComponent(from)}`}`;
  const maxBytes = BODY_CAPS.tags;
  const answer = await client.request(image, { method: 'GET', path, accept: 'application/json', maxBytes });
  if (answer.kind === 'trouble') return { state: 'unavailable', reason: answer.reason };
  if (answer.kind === 'not-found') return { state: 'absent' };
  const trouble = (what: string) => ({ state: 'unavailable', reason: `${image.registry} ${what}` }) as const;

  const listed = parseTags(answer.body);
  if (listed === null) return trouble('answered with something that is no list of tags');
  const next = nextPage(answer.headers.get('link'), list);
  if (next === 'elsewhere') return trouble('names another place for the next page of tags');
  // Threat: pages without end. The caller sees a new `next` each time or none.
  if (next !== null && (next === from || listed.length === 0)) return trouble('repeats a page of tags');
  const tags = listed.filter((tag): tag is string => typeof tag === 'string' && isTag(tag));
  return { state: 'present', value: { tags, next } };
}

function parseTags(body: Uint8Array): readonly unknown[] | null {
  try {
    return answerSchema.parse(JSON.parse(new TextDecoder().decode(body))).tags ?? [];
  } catch {
    return null;
  }
}

/**
 * The `last` of a `Link: <…>; rel="next"` header: `null` without one. Only that value is taken from it; a link to
 * another path than ours (its host is not even looked at) cannot be understood.
 */
function nextPage(header: string | null, list: string): string | 'elsewhere' | null {
  const target = /<([^>]*)>[^,]*;\s*rel="?next"?/i.exec((header ?? '').slice(0, MAX_LINK_LENGTH))?.[1];
  if (target === undefined) return null;
  const url = URL.parse(target, `http://registry.invalid${list}`);
  const last = url?.searchParams.get('last') ?? '';
  const isOurs = url?.pathname.endsWith(list) === true && last !== '' && last.length <= MAX_LAST_LENGTH;
  return isOurs ? last : 'elsewhere';
}
