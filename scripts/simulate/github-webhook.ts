import { createHmac, randomUUID } from 'node:crypto';
import type { Image } from './images.ts';

export type PackageEvent = 'package' | 'registry_package';

/** A container version as GitHub tells it. */
export interface PackagePush {
  readonly event: PackageEvent;
  /** `owner/name` on ghcr.io */
  readonly path: string;
  /** Empty for a child of an index or anything else pushed by digest. */
  readonly tag: string;
  readonly image: Image;
  /** Children of an index, as GitHub lists them. */
  readonly children: readonly Image[];
  /** Default: the account of `GITHUB_TOKEN`. */
  readonly sender?: Sender;
}

/** Who pushed, as GitHub tells it. */
export interface Sender {
  readonly login: string;
  readonly id: number;
  readonly type: 'Bot' | 'User';
}

/** The account of `GITHUB_TOKEN` in a workflow. */
export const ACTIONS_BOT: Sender = { login: 'github-actions[bot]', id: 41_898_282, type: 'Bot' };

/**
 * The body of GitHub's `package` and `registry_package` webhooks for GHCR.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#package
 */
export function packageBody({ event, path, tag, image, children, sender = ACTIONS_BOT }: PackagePush): string {
  const [owner = '', name = ''] = path.split('/');
  const account = { login: owner, id: 7_076_013, type: 'Organization', html_url: `https://github.com/${owner}` };
  const packageItself = {
    id: 9_056_324,
    name,
    namespace: owner,
    description: '',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    html_url: `https://github.com/orgs/${owner}/packages/container/package/${name}`,
    created_at: '2025-09-19T19:21:05Z',
    updated_at: '2026-11-03T13:50:26Z',
    owner: account,
    package_version: packageVersion(path, tag, image, children),
    registry: {
      about_url: 'https://docs.github.com/packages/learn-github-packages/introduction-to-github-packages',
      name: 'GitHub CONTAINER registry',
      type: 'CONTAINER',
      url: `https://CONTAINER.pkg.github.com/${owner}`,
      vendor: 'GitHub Inc',
    },
  };
  const repository = {
    id: 1_060_841_726,
    name,
    full_name: path,
    private: false,
    owner: account,
    default_branch: 'main',
  };
  return JSON.stringify({ action: 'published', [event]: packageItself, repository, sender });
}

function packageVersion(path: string, tag: string, image: Image, children: readonly Image[]): object {
  const { digest, mediaType, size } = image;
  const platforms = children.map((child) => ({ digest: child.digest, ...child.platform }));
  return {
    id: Number.parseInt(digest.slice(-8), 16),
    version: digest,
    name: digest,
    description: '',
    summary: '',
    manifest: '',
    html_url: `https://github.com/${path}/pkgs/container/version`,
    target_commitish: 'main',
    target_oid: '0e2a89b191332bb87b4f2fefef2f597eba2197b3',
    created_at: '0001-01-01T00:00:00Z',
    updated_at: '0001-01-01T00:00:00Z',
    metadata: [],
    container_metadata: {
      tag: { name: tag, digest },
      labels: {
        description: '',
        source: '',
        revision: '',
        image_url: '',
        licenses: '',
        all_labels: children.length === 0 ? {} : { 'github.internal.platforms': JSON.stringify(platforms) },
      },
      manifest: {
        digest,
        media_type: mediaType,
        uri: `repositories/${path}/manifests/${digest}`,
        size,
        config: { digest: '', media_type: '', size: 0 },
        layers: [],
      },
    },
    package_files: [],
    author: ACTIONS_BOT,
    installation_command: `docker pull ghcr.io/${path}:${tag}`,
    package_url: `ghcr.io/${path}:${tag}`,
  };
}

/**
 * GitHub's headers. `X-GitHub-Delivery` is new each time; the body is signed as sent.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function githubHeaders(event: string, body: string, secret: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-github-hook-id': '512345678',
    'x-github-hook-installation-target-type': 'repository',
    'x-github-hook-installation-target-id': '1060841726',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
}

/** An attempt of a run as GitHub tells of it. Times are in ms. */
export interface RunEvent {
  readonly action: 'requested' | 'in_progress' | 'completed';
  readonly id: number;
  readonly attempt?: number;
  /** `owner/name` of the source repository, and its number. */
  readonly repository: string;
  readonly repositoryId: number;
  /** Of the repository whose code it runs; default the same. */
  readonly headRepositoryId?: number | null;
  readonly workflow?: string;
  /** Short name of a branch or tag. */
  readonly branch: string;
  readonly event?: string;
  readonly conclusion?: string | null;
  readonly startedAt: number;
  readonly updatedAt: number;
}

const STATUS = { requested: 'queued', in_progress: 'in_progress', completed: 'completed' } as const;

/**
 * The body of GitHub's `workflow_run` webhook.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
 */
export function runBody(run: RunEvent): string {
  const { action, id, attempt = 1, repository, repositoryId, workflow = '.github/workflows/release.yml' } = run;
  const [owner = '', name = ''] = repository.split('/');
  const source = {
    id: repositoryId,
    name,
    full_name: repository,
    private: false,
    owner: { login: owner, id: 7_076_013 },
  };
  const head = run.headRepositoryId === undefined ? repositoryId : run.headRepositoryId;
  const person = { login: 'release-manager', id: 583_231, type: 'User' };
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const told = {
    id,
    name: 'Release',
    path: workflow,
    display_title: run.branch,
    run_number: 1,
    run_attempt: attempt,
    event: run.event ?? 'push',
    status: STATUS[action],
    conclusion: action === 'completed' ? (run.conclusion ?? 'success') : null,
    head_branch: run.branch,
    head_sha: '0e2a89b191332bb87b4f2fefef2f597eba2197b3',
    html_url: `https://github.com/${repository}/actions/runs/${id}`,
    created_at: time(run.startedAt),
    run_started_at: time(run.startedAt),
    updated_at: time(run.updatedAt),
    pull_requests: [],
    actor: person,
    triggering_actor: person,
    repository: source,
    head_repository:
      head === null ? null : { id: head, full_name: head === repositoryId ? repository : 'stranger/fork' },
  };
  const file = { id: 5, name: 'Release', path: workflow, state: 'active' };
  return JSON.stringify({ action, workflow_run: told, workflow: file, repository: source, sender: person });
}
