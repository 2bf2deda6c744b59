import * as z from 'zod';
import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { SignaturePlace } from '../domain/signature.ts';
import type { RequestBudget, SignatureMaterial, SignatureSearchOptions } from '../usecases/ports.ts';
import { GitHubApi, type GitHubOptions, parseJson } from './api.ts';
import { uncompressSnappy } from './snappy.ts';

export interface AttestationsOptions extends GitHubOptions {
  /**
   * Hosts that a `bundle_url` may have: `storage.example.org`, with its port if that is not 443, or
   * `*.storage.example.org`. github.com's is `tmaproduction.blob.core.windows.net`. Plain http is accepted for a listed
   * host if `apiUrl` is plain http too.
   */
  readonly bundleHosts: readonly string[];
}

/** The place, its materials, and those of the known ones that it still has. */
export interface FoundAttestations {
  readonly place: SignaturePlace;
  readonly materials: readonly SignatureMaterial[];
  readonly known: readonly Digest[];
}

type SearchOptions = Pick<SignatureSearchOptions, 'known' | 'requests'>;

/** A list with its bundles inside, as an Enterprise Server gives it: some 15 KiB each. */
const LIST_BYTES = 4 << 20;
const PER_PAGE = 30;
const MAX_PAGES = 2;
/** Bundles that are read. An image is attested once or twice; a rebuild that gives the same image attests it again. */
const MAX_BUNDLES = 10;
const MAX_TROUBLES = 2;
/** Most bytes of a bundle, compressed or not: provenance has some 10 to 20 KiB. */
const BUNDLE_BYTES = 2 << 20;
const MAX_CURSOR = 512;
const MAX_REMEMBERED = 500;

const entrySchema = z.object({
  bundle: z.looseObject({}).nullish(),
  bundle_url: z.string().max(8192).nullish(),
});
const answerSchema = z.object({ attestations: z.array(entrySchema.catch({})) });

type Entry = z.infer<typeof entrySchema>;

type Page =
  | { readonly kind: 'page'; readonly entries: readonly Entry[]; readonly next: string | null }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'trouble'; readonly reason: string };

/** What became of one entry of the list. */
type Read =
  | { readonly kind: 'bundle'; readonly bytes: Uint8Array; readonly source: Digest }
  | { readonly kind: 'known'; readonly source: Digest }
  /** It is longer than is read. Some SBOM, as a rule: nobody waits for it, and nothing else is said by it. */
  | { readonly kind: 'left' }
  | { readonly kind: 'broken'; readonly source: Digest; readonly reason: string }
  | { readonly kind: 'trouble'; readonly reason: string };

/**
 * Reads GitHub's artifact attestations of an image (`actions/attest` and the like), made in any repository of the image's
 * owner. Nothing is verified. Never throws.
 *
 * An owner is an organization or a user, and each has an address of its own, which knows nothing (404) of the other kind.
 * `gh` asks the first only; we ask the second too before we say that there is nothing. Since July 2026 github.com lists
 * addresses of bundles, not the bundles, in every version of the API.
 * @see https://docs.github.com/en/rest/orgs/attestations
 * @see https://docs.github.com/en/rest/users/attestations
 */
export function createAttestations(
  options: AttestationsOptions,
): (image: ImageName, digest: Digest, search: SearchOptions) => Promise<FoundAttestations> {
  const reader = new AttestationReader(options);
  return (image, digest, search) => reader.find(image, digest, search);
}

class AttestationReader {
  readonly #api: GitHubApi;
  readonly #options: AttestationsOptions;
  /** What was read at an address, by its path: the rest of it is a signature that changes. */
  readonly #sources = new Map<string, Digest>();

  constructor(options: AttestationsOptions) {
    this.#api = new GitHubApi(options);
    this.#options = options;
  }

  async find(image: ImageName, digest: Digest, search: SearchOptions): Promise<FoundAttestations> {
    const owner = encodeURIComponent(image.path.split('/')[0] ?? '');
    const entries: Entry[] = [];
    const troubles: string[] = [];
    for (const kind of ['orgs', 'users']) {
      const list = await this.#list(`/${kind}/${owner}/attestations/${digest}`, search.requests);
      entries.push(...list.entries);
      if (list.trouble !== null) troubles.push(list.trouble);
      // Trouble with one is trouble with the other, as a rule: it is the same server.
      if (entries.length > 0 || troubles.length > 0) break;
    }
    const reads: Read[] = [];
    for (const entry of entries.slice(0, MAX_BUNDLES)) {
      // Each may have taken its whole time-out.
      if (reads.filter(({ kind }) => kind === 'trouble').length === MAX_TROUBLES) break;
      reads.push(await this.#read(entry, search));
    }
    if (entries.length > MAX_BUNDLES) reads.push(await tooMany(entries, search.known));
    return conclude(digest, reads, troubles);
  }

  /** What is listed, up to `MAX_PAGES`. `trouble`: why there may be more. */
  async #list(
    path: string,
    requests: RequestBudget,
  ): Promise<{ readonly entries: readonly Entry[]; readonly trouble: string | null }> {
    const entries: Entry[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page: Page = await this.#page(path, cursor, requests);
      if (page.kind !== 'page') return { entries, trouble: page.kind === 'trouble' ? page.reason : null };
      entries.push(...page.entries);
      if (page.next === null) break;
      cursor = page.next;
    }
    return { entries, trouble: null };
  }

  async #page(path: string, cursor: string | null, requests: RequestBudget): Promise<Page> {
    const after = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`;
    const answer = await this.#api.get(`${path}?per_page=${PER_PAGE}${after}`, LIST_BYTES, requests);
    if (answer.kind === 'too-long') return trouble(answer.reason);
    if (answer.kind !== 'found') return answer;
    const list = answerSchema.safeParse(parseJson(answer.body));
    if (!list.success)
      return { kind: 'trouble', reason: 'GitHub answered with something that is no list of attestations' };
    return { kind: 'page', entries: list.data.attestations, next: nextCursor(answer.headers.get('link')) };
  }

  async #read({ bundle, bundle_url: address }: Entry, { known, requests }: SearchOptions): Promise<Read> {
    if (bundle !== null && bundle !== undefined) {
      return identify(new TextEncoder().encode(JSON.stringify(bundle)), known);
    }
    if (address === null || address === undefined) return trouble('GitHub lists an attestation without its bundle');
    const url = this.#allowed(address);
    if (!(url instanceof URL)) return url;
    const place = `${url.origin}${url.pathname}`;
    const source = this.#sources.get(place);
    if (source !== undefined && known.has(source)) return { kind: 'known', source };
    const answer = await this.#api.download(url, BUNDLE_BYTES, requests);
    if (answer.kind === 'too-long') return { kind: 'left' };
    if (answer.kind !== 'found') {
      return trouble(answer.kind === 'trouble' ? answer.reason : `${url.host} has no such bundle`);
    }
    const bytes = decompress(answer.body);
    if (bytes === 'too-long') return { kind: 'left' };
    if (bytes === 'invalid') return trouble(`${url.host} sent a bundle that cannot be decompressed`);
    const read = await identify(bytes, known);
    if (read.kind === 'bundle' || read.kind === 'known') this.#remember(place, read.source);
    return read;
  }

  /** Threat: whoever can alter the list sends us to an address of their choosing. */
  #allowed(address: string): URL | Read {
    const { apiUrl, bundleHosts } = this.#options;
    const url = URL.parse(address);
    const isPlain = url?.protocol === 'http:' && apiUrl.startsWith('http:');
    if (url === null || (url.protocol !== 'https:' && !isPlain) || url.username !== '' || url.password !== '') {
      return trouble('GitHub lists an attestation at an address that is not https');
    }
    if (bundleHosts.some((host) => isHost(url, host))) return url;
    return trouble(`GitHub keeps a bundle at ${url.host}, which is not one of its bundle hosts (GITHUB_BUNDLE_HOSTS)`);
  }

  #remember(place: string, source: Digest): void {
    this.#sources.set(place, source);
    // A Map lists its keys in the order they were set: the first is the oldest.
    const oldest = this.#sources.keys().next().value;
    if (this.#sources.size > MAX_REMEMBERED && oldest !== undefined) this.#sources.delete(oldest);
  }
}

/** More than anybody needs: whoever may attest has made so many, and that must not be what keeps us from telling. */
async function tooMany(entries: readonly Entry[], known: ReadonlySet<Digest>): Promise<Read> {
  const paths = entries.map((entry) => URL.parse(entry.bundle_url ?? '')?.pathname ?? '');
  const source = await sha256(new TextEncoder().encode(JSON.stringify(paths)));
  if (known.has(source)) return { kind: 'known', source };
  return { kind: 'broken', source, reason: `${entries.length} attestations, of which ${MAX_BUNDLES} are read` };
}

function conclude(about: Digest, reads: readonly Read[], troubles: readonly string[]): FoundAttestations {
  const materials = new Map<Digest, SignatureMaterial>();
  const known = new Set<Digest>();
  const reasons = new Set(troubles);
  let left = 0;
  for (const read of reads) {
    if (read.kind === 'known') known.add(read.source);
    else if (read.kind === 'left') left += 1;
    else if (read.kind === 'trouble') reasons.add(read.reason);
    else materials.set(read.source, material(about, read));
  }
  const isThere = materials.size + known.size > 0;
  const words = [
    ...[...reasons].slice(0, 3),
    ...(isThere ? ['attestation'] : []),
    ...(left > 0 ? [`${left} too long to be read`] : []),
  ];
  const state = reasons.size > 0 ? 'unavailable' : isThere ? 'present' : 'absent';
  const detail = words.length === 0 ? {} : { detail: words.join('; ') };
  return {
    place: { place: 'github-attestations', state, ...detail },
    materials: [...materials.values()],
    known: [...known],
  };
}

function material(about: Digest, read: Extract<Read, { kind: 'bundle' | 'broken' }>): SignatureMaterial {
  const { source } = read;
  const content =
    read.kind === 'bundle'
      ? ({ kind: 'bundle', bytes: read.bytes } as const)
      : ({ kind: 'broken', problem: 'malformed', reason: read.reason } as const);
  return { place: 'github-attestations', image: null, about, source, content };
}

async function identify(bytes: Uint8Array, known: ReadonlySet<Digest>): Promise<Read> {
  const source = await sha256(bytes);
  return known.has(source) ? { kind: 'known', source } : { kind: 'bundle', bytes, source };
}

/**
 * A bundle as it is stored: one raw Snappy block, or the JSON itself should GitHub ever stop compressing it. A block that
 * begins with `{` would be of 123 bytes: no bundle is as short.
 */
function decompress(body: Uint8Array): ReturnType<typeof uncompressSnappy> {
  return body[0] === '{'.charCodeAt(0) ? body : uncompressSnappy(body, BUNDLE_BYTES);
}

/** The `after` of a `Link: <…>; rel="next"` header; nothing else is taken from it. */
function nextCursor(header: string | null): string | null {
  const target = /<([^>]*)>[^,]*;\s*rel="?next"?/i.exec((header ?? '').slice(0, 4096))?.[1];
  const after = URL.parse(target ?? '')?.searchParams.get('after') ?? '';
  return after === '' || after.length > MAX_CURSOR ? null : after;
}

function isHost(url: URL, host: string): boolean {
  if (host.startsWith('*.')) return url.port === '' && url.hostname.endsWith(host.slice(1));
  return url.host === host;
}

async function sha256(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function trouble(reason: string): { readonly kind: 'trouble'; readonly reason: string } {
  return { kind: 'trouble', reason };
}
