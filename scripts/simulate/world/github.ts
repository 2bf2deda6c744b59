import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Failure, HttpDouble, type SeenRequest, sendJson } from './http-double.ts';

/** A run of GitHub Actions, as far as anybody asks. Times are ISO 8601. */
export interface Run {
  readonly id: number;
  readonly attempt?: number;
  /** `octo-org/app` */
  readonly repository: string;
  readonly repositoryId: number;
  readonly commit: string;
  /** Short name of the branch or tag. */
  readonly branch: string | null;
  readonly event?: string;
  readonly status?: string;
  readonly conclusion?: string | null;
  readonly workflow?: string;
  readonly createdAt: string;
  readonly startedAt?: string;
}

interface Attestation {
  readonly bundle: Buffer;
  readonly inline: boolean;
}

const LIST = /^\/(orgs|users)\/([^/]+)\/attestations\/(sha256:[0-9a-f]{64})$/;
const RUN = /^\/repos\/([^/]+\/[^/]+)\/actions\/runs\/(\d+)(?:\/attempts\/(\d+))?$/;
const RUNS = /^\/repos\/([^/]+\/[^/]+)\/actions\/runs$/;

/**
 * GitHub's API in memory: artifact attestations of organizations and users, with the storage that keeps their bundles on
 * an address of its own, and runs of Actions. What is not there is 404, as is what belongs to the other kind of owner.
 * @see https://docs.github.com/en/rest/orgs/attestations
 * @see https://docs.github.com/en/rest/actions/workflow-runs
 */
export class GitHubDouble {
  readonly #api = new HttpDouble((request, response) => this.#route(request, response));
  readonly #storage = new HttpDouble((request, response) => this.#bundle(request, response));
  readonly #users = new Set<string>();
  readonly #attestations = new Map<string, Attestation[]>();
  readonly #runs: Run[] = [];

  static async start(options: { readonly port?: number } = {}): Promise<GitHubDouble> {
    const github = new GitHubDouble();
    await github.#api.listen(options.port ?? 0);
    await github.#storage.listen(0);
    return github;
  }

  get url(): string {
    return this.#api.url;
  }

  /** Host and port of the storage, for the list of bundle hosts. */
  get bundleHost(): string {
    return new URL(this.#storage.url).host;
  }

  /** Everything that the API was asked, in order. */
  get requests(): readonly SeenRequest[] {
    return this.#api.requests;
  }

  /** Everything that the storage was asked, in order. */
  get downloads(): readonly SeenRequest[] {
    return this.#storage.requests;
  }

  /** An owner is an organization unless it was said to be a user. */
  isUser(owner: string): void {
    this.#users.add(owner);
  }

  /** @param bundle its JSON. `inline`: in the list itself, as an Enterprise Server gives it */
  attest(owner: string, digest: string, bundle: string, { inline = false } = {}): void {
    const key = `${owner} ${digest}`;
    const one = { bundle: Buffer.from(bundle), inline };
    this.#attestations.set(key, [...(this.#attestations.get(key) ?? []), one]);
  }

  addRun(run: Run): void {
    this.#runs.push(run);
  }

  /** Requests of the API whose path (with query) contains `path` fail, `times` times or until `heal`. */
  fail(path: string, failure: Failure, times?: number): void {
    this.#api.fail((request) => request.path.includes(path), failure, times);
  }

  heal(): void {
    this.#api.heal();
  }

  async close(): Promise<void> {
    await Promise.all([this.#api.close(), this.#storage.close()]);
  }

  #route(request: IncomingMessage, response: ServerResponse): ServerResponse {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const [, kind, owner = '', digest = ''] = LIST.exec(pathname) ?? [];
    if (kind !== undefined) return this.#list(response, kind, owner, digest);
    const [, repository, id, attempt] = RUN.exec(pathname) ?? [];
    if (repository !== undefined) return this.#run(response, repository, Number(id), attempt);
    const [, owned] = RUNS.exec(pathname) ?? [];
    const runs = this.#runs.filter((run) => run.repository === owned);
    if (runs.length > 0)
      return sendJson(response, 200, { total_count: runs.length, workflow_runs: runs.map(answerOf) });
    return notFound(response);
  }

  #list(response: ServerResponse, kind: string, owner: string, digest: string): ServerResponse {
    const isTheirs = (kind === 'users') === this.#users.has(owner);
    const found = isTheirs ? this.#attestations.get(`${owner} ${digest}`) : undefined;
    if (found === undefined) return notFound(response);
    const attestations = found.map(({ bundle, inline }, at) => ({
      repository_id: 1,
      bundle: inline ? JSON.parse(bundle.toString()) : null,
      bundle_url: inline
        ? ''
        : `${this.#storage.url}/attestations/1/${owner}/${digest}/${at}.json.sn?sig=changes${Date.now()}`,
      initiator: 'user',
    }));
    return sendJson(response, 200, { attestations });
  }

  #bundle(request: IncomingMessage, response: ServerResponse): ServerResponse {
    const [, owner, digest, at] =
      /^\/attestations\/1\/([^/]+)\/([^/]+)\/(\d+)\.json\.sn\?/.exec(request.url ?? '') ?? [];
    const found = this.#attestations.get(`${owner} ${digest}`)?.[Number(at)];
    if (found === undefined) return notFound(response);
    return response.writeHead(200, { 'content-type': 'application/x-snappy' }).end(snappyBlock(found.bundle));
  }

  #run(response: ServerResponse, repository: string, id: number, attempt: string | undefined): ServerResponse {
    const run = this.#runs.find(
      (one) =>
        one.repository === repository &&
        one.id === id &&
        (attempt === undefined || (one.attempt ?? 1) === Number(attempt)),
    );
    return run === undefined ? notFound(response) : sendJson(response, 200, answerOf(run));
  }
}

function answerOf(run: Run): object {
  return {
    id: run.id,
    run_attempt: run.attempt ?? 1,
    head_sha: run.commit,
    head_branch: run.branch,
    event: run.event ?? 'push',
    status: run.status ?? 'completed',
    conclusion: run.conclusion === undefined ? 'success' : run.conclusion,
    path: run.workflow ?? '.github/workflows/release.yml',
    created_at: run.createdAt,
    run_started_at: run.startedAt ?? run.createdAt,
    updated_at: run.createdAt,
    html_url: `https://github.com/${run.repository}/actions/runs/${run.id}`,
    repository: { id: run.repositoryId, full_name: run.repository, private: false },
    actor: { login: 'octocat', id: 583231 },
    triggering_actor: { login: 'octocat', id: 583231 },
  };
}

function notFound(response: ServerResponse): ServerResponse {
  return sendJson(response, 404, { message: 'Not Found', status: '404' });
}

/**
 * A raw Snappy block of literals only, which every decoder reads: nothing is made smaller.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function snappyBlock(bytes: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  const parts: Uint8Array[] = [Uint8Array.from(length)];
  for (let at = 0; at < bytes.length; at += 60) {
    const literal = bytes.subarray(at, at + 60);
    parts.push(Uint8Array.of((literal.length - 1) << 2), literal);
  }
  return Buffer.concat(parts);
}

/** The name under which a bundle from the API is known. */
export function bundleDigest(bundle: string): string {
  return `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
}
