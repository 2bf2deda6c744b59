import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { type Failure, HttpDouble, type SeenRequest, sendJson } from './http-double.ts';

/** A manifest as it is stored: bytes that are never parsed and written again, since the digest is theirs. */
export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** Contents that are pushed with it. */
  readonly blobs?: readonly Buffer[];
}

interface Repository {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

const aboutManifest = z.object({
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: z.object({ mediaType: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  subject: z.object({ digest: z.string() }).optional(),
});

const INDEX = 'application/vnd.oci.image.index.v1+json';
const ROUTE = /^\/v2\/(.+?)\/(manifests|blobs|tags|referrers)\/(.+)$/;

export interface RegistryOptions {
  readonly port?: number;
  /** Whether the referrers API answers; without it clients use the fallback tag (GHCR). Default true. */
  readonly referrersApi?: boolean;
  /** Asked for in every request, and given at `/token` to anyone. Default: nobody is asked. */
  readonly token?: string;
  /** Whether blobs are kept on an address of their own, to which their readers are redirected. Default false. */
  readonly storage?: boolean;
}

/**
 * An OCI registry in memory: manifests, tags, referrers, and blobs enough for a push with skopeo.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class RegistryDouble {
  /** Whether the referrers API answers. */
  referrersApi: boolean;
  readonly #http = new HttpDouble((request, response, body) => this.#route(request, response, body));
  readonly #repositories = new Map<string, Repository>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #uploads = new Map<string, Buffer[]>();
  readonly #token: string | undefined;
  readonly #storage: HttpDouble | undefined;

  private constructor(options: RegistryOptions) {
    this.referrersApi = options.referrersApi ?? true;
    this.#token = options.token;
    if (options.storage === true)
      this.#storage = new HttpDouble((request, response) => this.#stored(request, response));
  }

  static async start(options: RegistryOptions = {}): Promise<RegistryDouble> {
    const registry = new RegistryDouble(options);
    await registry.#http.listen(options.port ?? 0);
    await registry.#storage?.listen(0);
    return registry;
  }

  get url(): string {
    return this.#http.url;
  }

  /** Everything that was asked, in order. */
  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

  /** Host and port of the storage, `null` without one. */
  get blobHost(): string | null {
    return this.#storage === undefined ? null : new URL(this.#storage.url).host;
  }

  /** Everything that the storage was asked, in order. */
  get downloads(): readonly SeenRequest[] {
    return this.#storage?.requests ?? [];
  }

  /** Requests by method. */
  counts(): Readonly<Record<string, number>> {
    return this.#http.counts();
  }

  /** Requests whose path (with query) contains `path` fail, `times` times or until `heal`. */
  fail(path: string, failure: Failure, times?: number): void {
    this.#http.fail((request) => request.path.includes(path), failure, times);
  }

  heal(): void {
    this.#http.heal();
  }

  async close(): Promise<void> {
    await Promise.all([this.#http.close(), this.#storage?.close()]);
  }

  /**
   * Pushes a manifest, as `PUT /v2/<path>/manifests/<reference>` would, uncounted.
   * @param tag `null`: by digest only
   * @returns its digest
   */
  push(path: string, tag: string | null, manifest: StoredManifest): string {
    const repository = this.#repositories.get(path) ?? { manifests: new Map(), tags: new Map() };
    this.#repositories.set(path, repository);
    for (const blob of manifest.blobs ?? []) this.pushBlob(blob);
    const digest = sha256(manifest.bytes);
    repository.manifests.set(digest, manifest);
    for (const blob of manifest.blobs ?? []) this.#blobs.set(sha256(blob), blob);
    if (tag !== null) repository.tags.set(tag, digest);
    return digest;
  }

  /** Stores a blob for every repository, uncounted. @returns its digest */
  pushBlob(bytes: Uint8Array): string {
    const blob = Buffer.from(bytes);
    const digest = sha256(blob);
    this.#blobs.set(digest, blob);
    return digest;
  }

  /** What a tag points at, `null` if there is no such tag. */
  digestOf(path: string, tag: string): string | null {
    return this.#repositories.get(path)?.tags.get(tag) ?? null;
  }

  deleteTag(path: string, tag: string): void {
    this.#repositories.get(path)?.tags.delete(tag);
  }

  #route(request: IncomingMessage, response: ServerResponse, body: Buffer): ServerResponse {
    const url = new URL(request.url ?? '/', this.url);
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    if (this.#token !== undefined) {
      if (url.pathname === '/token') return sendJson(response, 200, { token: this.#token, expires_in: 300 });
      if (request.headers.authorization !== `Bearer ${this.#token}`) return this.#askForToken(response);
    }
    if (url.pathname === '/v2/' || url.pathname === '/v2') return sendJson(response, 200, {});
    const [, path, kind, rest] = ROUTE.exec(decodeURIComponent(url.pathname)) ?? [];
    if (path === undefined || rest === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
    const method = request.method ?? 'GET';
    if (kind === 'blobs') return this.#blob(method, path, rest, url, response, body);
    if (kind === 'manifests' && method === 'PUT') return this.#put(path, rest, request, response, body);
    const repository = this.#repositories.get(path);
    if (kind === 'referrers') return this.#referrers(repository, rest, url, response);
    if (repository === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
    if (kind === 'tags') return sendTags(repository, path, url, response);
    return this.#manifest(method, repository, rest, response);
  }

  #askForToken(response: ServerResponse): ServerResponse {
    response.setHeader('www-authenticate', `Bearer realm="${this.url}/token",service="double",scope="repository:pull"`);
    return refuse(response, 401, 'UNAUTHORIZED');
  }

  #stored(request: IncomingMessage, response: ServerResponse): ServerResponse {
    const digest = /^\/stored\/(sha256:[0-9a-f]{64})\?/.exec(request.url ?? '')?.[1] ?? '';
    const blob = this.#blobs.get(digest);
    return blob === undefined ? refuse(response, 403, 'DENIED') : response.writeHead(200).end(blob);
  }

  #put(
    path: string,
    reference: string,
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Buffer,
  ): ServerResponse {
    const byDigest = reference.startsWith('sha256:');
    if (byDigest && reference !== sha256(bytes)) return refuse(response, 400, 'DIGEST_INVALID');
    const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
    const digest = this.push(path, byDigest ? null : reference, { bytes, mediaType });
    const subject = about(bytes).subject;
    if (subject !== undefined && this.referrersApi) response.setHeader('oci-subject', subject.digest);
    response.setHeader('docker-content-digest', digest);
    return response.writeHead(201, { location: `/v2/${path}/manifests/${digest}` }).end();
  }

  #manifest(method: string, repository: Repository, reference: string, response: ServerResponse): ServerResponse {
    const digest = reference.startsWith('sha256:') ? reference : repository.tags.get(reference);
    const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
    if (digest === undefined || manifest === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
    if (method === 'DELETE') {
      if (reference === digest) repository.manifests.delete(digest);
      for (const [tag, at] of repository.tags) {
        if (tag === reference || (reference === digest && at === digest)) repository.tags.delete(tag);
      }
      return response.writeHead(202).end();
    }
    if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'UNSUPPORTED');
    response.writeHead(200, {
      'content-type': manifest.mediaType,
      'content-length': manifest.bytes.length,
      'docker-content-digest': digest,
    });
    return response.end(method === 'HEAD' ? undefined : manifest.bytes);
  }

  #referrers(repository: Repository | undefined, digest: string, url: URL, response: ServerResponse): ServerResponse {
    if (!this.referrersApi) return refuse(response, 404, 'UNSUPPORTED');
    const wanted = url.searchParams.get('artifactType');
    const manifests = [...(repository?.manifests ?? [])].flatMap(([at, { bytes, mediaType }]) => {
      const { subject, artifactType: own, config, annotations } = about(bytes);
      const artifactType = own ?? config?.mediaType;
      if (subject?.digest !== digest || (wanted !== null && wanted !== artifactType)) return [];
      return [{ mediaType, digest: at, size: bytes.length, artifactType, annotations }];
    });
    if (wanted !== null) response.setHeader('oci-filters-applied', 'artifactType');
    return sendJson(response, 200, { schemaVersion: 2, mediaType: INDEX, manifests }, INDEX);
  }

  #blob(method: string, path: string, rest: string, url: URL, response: ServerResponse, body: Buffer): ServerResponse {
    if (method === 'GET' || method === 'HEAD') {
      const blob = this.#blobs.get(rest);
      if (blob === undefined) return refuse(response, 404, 'BLOB_UNKNOWN');
      if (this.#storage !== undefined) {
        return response.writeHead(307, { location: `${this.#storage.url}/stored/${rest}?signed=yes` }).end();
      }
      response.writeHead(200, { 'content-length': blob.length, 'docker-content-digest': rest });
      return response.end(method === 'HEAD' ? undefined : blob);
    }
    const id = method === 'POST' ? randomUUID() : rest.replace(/^uploads\//, '');
    const chunks = method === 'POST' ? [] : this.#uploads.get(id);
    if (chunks === undefined) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    chunks.push(body);
    const digest = url.searchParams.get('digest');
    if (digest === null) {
      this.#uploads.set(id, chunks);
      const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      const range = `0-${Math.max(0, size - 1)}`;
      return response.writeHead(202, { location: `/v2/${path}/blobs/uploads/${id}`, range }).end();
    }
    this.#uploads.delete(id);
    const blob = Buffer.concat(chunks);
    if (digest !== sha256(blob)) return refuse(response, 400, 'DIGEST_INVALID');
    this.#blobs.set(digest, blob);
    return response.writeHead(201, { location: `/v2/${path}/blobs/${digest}`, 'docker-content-digest': digest }).end();
  }
}

/** `n` and `last` page through the tags in lexical order; `Link` names the next page. */
function sendTags(repository: Repository, path: string, url: URL, response: ServerResponse): ServerResponse {
  const last = url.searchParams.get('last');
  const n = Number(url.searchParams.get('n') ?? Number.POSITIVE_INFINITY);
  const after = [...repository.tags.keys()].sort().filter((tag) => last === null || tag > last);
  const tags = after.slice(0, n);
  const end = tags.at(-1);
  if (after.length > tags.length && end !== undefined) {
    response.setHeader('link', `</v2/${path}/tags/list?last=${encodeURIComponent(end)}&n=${n}>; rel="next"`);
  }
  return sendJson(response, 200, { name: path, tags });
}

function refuse(response: ServerResponse, status: number, code: string): ServerResponse {
  return sendJson(response, status, { errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] });
}

function about(bytes: Buffer): z.infer<typeof aboutManifest> {
  try {
    return aboutManifest.parse(JSON.parse(bytes.toString()));
  } catch {
    return {}; // Registries take what they do not understand.
  }
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
