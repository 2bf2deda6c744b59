import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { githubHeaders } from '../scripts/simulate/github-webhook.ts';
import { postRequest } from './load.ts';
import { HMAC_SECRET, WATCHED_PATH } from './watched.ts';

/** GitHub's own samples of its webhooks. */
const SAMPLES = createRequire(import.meta.url).resolve('@octokit/webhooks-examples/api.github.com/index.json');
const TAG = 'tag-of-this-push';
const DIGEST = `sha256:${'d1e5'.repeat(16)}`;

interface Sample {
  readonly name: string;
  readonly examples: readonly { readonly package?: Record<string, unknown> }[];
}

/** GitHub's 17 KB sample of `package.published`, made a container image's. */
export function packageEvent(): string {
  const samples = JSON.parse(readFileSync(SAMPLES, 'utf8')) as Sample[]; // as the package documents it
  const sizes = samples.find(({ name }) => name === 'package')?.examples ?? [];
  const sample = sizes.reduce((longest, each) =>
    JSON.stringify(each).length > JSON.stringify(longest).length ? each : longest,
  );
  const version = sample.package?.package_version as Record<string, unknown>; // an object in every sample
  const metadata = version.container_metadata as Record<string, unknown>; // likewise
  const container_metadata = { ...metadata, tag: { name: TAG, digest: DIGEST }, manifest: { digest: DIGEST } };
  const [namespace, name] = WATCHED_PATH.split('/');
  return JSON.stringify({
    ...sample,
    action: 'published',
    package: {
      ...sample.package,
      name,
      namespace,
      package_type: 'CONTAINER',
      ecosystem: 'CONTAINER',
      package_version: { ...version, version: DIGEST, name: DIGEST, container_metadata },
    },
  });
}

/** `count` signed deliveries, each of another tag and digest. */
export function signedRequests(url: URL, path: string, count: number): Buffer[] {
  const template = packageEvent();
  return Array.from({ length: count }, () => {
    const id = randomBytes(32).toString('hex');
    const body = template.replaceAll(DIGEST, `sha256:${id}`).replaceAll(TAG, `v${id.slice(0, 12)}`);
    return postRequest(url, path, githubHeaders('package', body, HMAC_SECRET), body);
  });
}
