import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { RegistryClient } from './client.ts';
import { BODY_CAPS } from './http.ts';
import { type Descriptor, isIndex, parseManifest } from './manifest.ts';
import { sha256 } from './manifests.ts';
import { OCI_INDEX } from './media-types.ts';

/** Pages of one list that are read. */
const MAX_PAGES = 6;
/** A list that is longer than this, and than its pages, is somebody's doing and not the registry's. */
const LONG_LIST = 200;
const MAX_LINK_LENGTH = 4096;
const MAX_QUERY_LENGTH = 2048;

/** What the referrers API says about a digest. */
export type ReferrersList =
  | {
      readonly kind: 'list';
      /** sha256 of the first page. */
      readonly digest: Digest;
      readonly descriptors: readonly Descriptor[];
      /**
       * Why there may be more than these; `null`: these are all. `isLong`: there are more than anybody needs, which is
       * the doing of who pushed them.
       */
      readonly incomplete: { readonly reason: string; readonly isLong: boolean } | null;
    }
  /** The registry has no such API: its referrers, if any, are under the fallback tag. */
  | { readonly kind: 'no-api' }
  | { readonly kind: 'trouble'; readonly reason: string };

/**
 * `GET /v2/<name>/referrers/<digest>` and its further pages. Without the API it is 404; GHCR has been seen to answer 303,
 * to a page on github.com that is not there. An empty list is an answer, but no reason not to look at the fallback tag.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(client: RegistryClient, image: ImageName, about: Digest): Promise<ReferrersList> {
  const first = await readPage(client, image, about, '');
  if (first.kind !== 'page') return first;
  const { digest } = first;
  const descriptors = [...first.descriptors];
  let { next } = first;
  const rest = (reason: string) => ({ reason, isLong: descriptors.length >= LONG_LIST });
  for (let pages = 1; next !== null; pages += 1) {
    const tooMany = `${image.registry} has more pages of referrers than are read`;
    if (next === 'elsewhere' || pages === MAX_PAGES) {
      return { kind: 'list', digest, descriptors, incomplete: rest(tooMany) };
    }
    const page: Page = await readPage(client, image, about, next);
    if (page.kind !== 'page') {
      const reason = page.kind === 'trouble' ? page.reason : tooMany;
      return { kind: 'list', digest, descriptors, incomplete: { reason, isLong: false } };
    }
    descriptors.push(...page.descriptors);
    next = page.next;
  }
  return { kind: 'list', digest, descriptors, incomplete: null };
}

type Page =
  | {
      readonly kind: 'page';
      readonly digest: Digest;
      readonly descriptors: readonly Descriptor[];
      /** Query of the next page. */
      readonly next: string | 'elsewhere' | null;
    }
  | Exclude<ReferrersList, { kind: 'list' }>;

async function readPage(client: RegistryClient, image: ImageName, about: Digest, query: string): Promise<Page> {
  const path = `/v2/${image.path}/referrers/${about}`;
  const request = { method: 'GET', path: `${path}${query}`, accept: OCI_INDEX, maxBytes: BODY_CAPS.manifest } as const;
  const answer = await client.request(image, request);
  if (answer.kind === 'not-found' || (answer.kind === 'trouble' && answer.status === 303)) return { kind: 'no-api' };
  if (answer.kind === 'trouble') return { kind: 'trouble', reason: answer.reason };
  const list = parseManifest(answer.body);
  if (list === null || !isIndex(list)) {
    return { kind: 'trouble', reason: `${image.registry} answered with something that is no index` };
  }
  const next = nextQuery(answer.headers.get('link'), path);
  return { kind: 'page', digest: await sha256(answer.body), descriptors: list.manifests, next };
}

/**
 * The query of a `Link: <…>; rel="next"` header: `null` without one. Nothing else is taken from it: the host and the
 * path stay ours.
 */
function nextQuery(header: string | null, path: string): string | 'elsewhere' | null {
  const target = /<([^>]*)>[^,]*;\s*rel="?next"?/i.exec((header ?? '').slice(0, MAX_LINK_LENGTH))?.[1];
  if (target === undefined) return null;
  const url = URL.parse(target, `http://registry.invalid${path}`);
  const isOurs =
    url?.pathname.endsWith(path) === true && url.search.length > 1 && url.search.length <= MAX_QUERY_LENGTH;
  return isOurs ? url.search : 'elsewhere';
}
