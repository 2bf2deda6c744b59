/** Bodies as the providers' documentation describes them, for the tests of the parsers. */

export const A = `sha256:${'a'.repeat(64)}` as const;
export const B = `sha256:${'b'.repeat(64)}` as const;
export const BODY_HASH = 'f'.repeat(64);

export function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Any JSON object, for changing it in a test. */
export type Json = Record<string, unknown>;

/** A copy with the value at a dotted path replaced, or removed with `undefined`. */
export function set(body: Json, path: string, value: unknown): Json {
  const copy = structuredClone(body);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at: Json = copy;
  for (const key of keys) {
    at[key] ??= {};
    at = at[key] as Json; // The caller's path leads through objects.
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

/** @see https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
export const dockerHub: Json = {
  callback_url: 'https://registry.hub.docker.com/u/acme/app/hook/0123456789abcdef/',
  push_data: { pushed_at: 1795305600, pusher: 'acmebot', tag: '1.2.3' },
  repository: {
    comment_count: 0,
    date_created: 1795000000,
    description: '',
    dockerfile: 'FROM scratch\n',
    full_description: null,
    is_official: false,
    is_private: true,
    is_trusted: false,
    name: 'app',
    namespace: 'acme',
    owner: 'acme',
    repo_name: 'acme/app',
    repo_url: 'https://hub.docker.com/r/acme/app',
    star_count: 0,
    status: 'Active',
  },
};

/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#package */
export const gitHub: Json = {
  action: 'published',
  package: {
    id: 1,
    name: 'app',
    namespace: 'Acme',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
    package_version: {
      id: 2,
      version: A,
      name: A,
      manifest: '',
      created_at: '0001-01-01T00:00:00Z',
      updated_at: '0001-01-01T00:00:00Z',
      metadata: [],
      container_metadata: {
        tag: { name: '1.2.3', digest: A },
        labels: { all_labels: {} },
        manifest: {
          digest: A,
          media_type: 'application/vnd.oci.image.index.v1+json',
          config: { digest: '', media_type: '', size: 0 },
          layers: [],
        },
      },
      package_url: 'ghcr.io/acme/app:1.2.3',
    },
    registry: { name: 'GitHub CONTAINER registry', type: 'CONTAINER', url: 'https://CONTAINER.pkg.github.com/acme' },
  },
  repository: { id: 74, full_name: 'Acme/app' },
  sender: { login: 'octocat', id: 583231, type: 'User' },
};

/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run */
export const gitHubRun: Json = {
  action: 'in_progress',
  repository: { id: 74, full_name: 'Acme/app' },
  sender: { login: 'octocat', id: 583231, type: 'User' },
  workflow: { id: 5, name: 'Release', path: '.github/workflows/release.yml' },
  workflow_run: {
    id: 11_900_000_001,
    name: 'Release',
    path: '.github/workflows/release.yml',
    display_title: 'v1.2.3',
    run_number: 163,
    run_attempt: 1,
    event: 'push',
    status: 'in_progress',
    conclusion: null,
    head_branch: 'v1.2.3',
    head_sha: '3484a3fb816e0859fd6e1cea078d76385ff50625',
    html_url: 'https://github.com/Acme/app/actions/runs/11900000001',
    created_at: '2026-11-21T12:00:00Z',
    run_started_at: '2026-11-21T12:00:05Z',
    updated_at: '2026-11-21T12:00:30Z',
    pull_requests: [],
    actor: { login: 'octocat', id: 583231 },
    triggering_actor: { login: 'monalisa', id: 2 },
    repository: { id: 74, full_name: 'Acme/app' },
    head_repository: { id: 74, full_name: 'Acme/app' },
  },
};

/** @see https://distribution.github.io/distribution/about/notifications/ */
export function distributionEvent(target: Json = {}, rest: Json = {}): Json {
  return {
    id: '320678d8-ca14-430f-8bb6-4ca139cd83f7',
    timestamp: '2026-11-21T23:21:36.935564342Z',
    action: 'push',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: 708,
      digest: A,
      length: 708,
      repository: 'team/app',
      url: `http://registry.example:5000/v2/team/app/manifests/${A}`,
      tag: '1.2.3',
      ...target,
    },
    request: {
      id: 'r1',
      addr: '192.0.2.7:42961',
      host: 'registry.example:5000',
      method: 'PUT',
      useragent: 'skopeo/1.9.3',
    },
    actor: { name: 'ci' },
    source: { addr: 'registry.example:5000', instanceID: 'a53db899-3b4b-4a62-a067-8dd013beaca4' },
    ...rest,
  };
}
