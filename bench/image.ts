import { singleImage } from '../scripts/simulate/images.ts';
import { RegistryDouble } from '../scripts/simulate/world/registry.ts';
import { PrivateSigstore } from '../test/fixtures/private-sigstore.ts';
import { attachBundle } from '../test/fixtures/signing-tools-bundle.ts';
import { ADMIN_KEY, addKey } from '../test/fixtures/worker.ts';
import { type Figures, median } from './figures.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { cpuMicroseconds } from './process-cpu.ts';
import { ENCRYPTION_KEYS } from './watched.ts';

const COSIGN_SIGN = { predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} };
const JOB = { repository: 'octo-org/app', repositoryId: '74', ref: 'refs/tags/v1.0.0' };

/** What a whole image costs: all places of a registry read, and one keyless signature verified. */
export async function measureImage(figures: Figures, script: string, folder: string, quick: boolean): Promise<void> {
  const registry = await RegistryDouble.start();
  const sigstore = await PrivateSigstore.start();
  const worker = await startLocalWorker({
    script,
    folder,
    databases: ['DB'],
    queues: 'producers',
    bindings: {
      LOCAL: 'true',
      PUBLIC_URL: 'http://127.0.0.1:8787',
      ENCRYPTION_KEYS,
      REGISTRIES: JSON.stringify({ 'docker.io': { url: registry.url } }),
      TUF_MIRRORS: '{}',
    },
  });
  try {
    await addKey(await worker.database('DB'), 1, 'bench', ADMIN_KEY);
    await ask(worker, 'POST', '/trusted-roots', { name: 'ours', trustedRoot: JSON.parse(sigstore.trustedRoot) });
    await watch(worker);
    const count = quick ? 5 : 40;
    const images = Array.from({ length: 2 * (count + 3) }, (_, n) => singleImage(`image ${n}`));
    const [signed, bare] = [images.slice(0, count + 3), images.slice(count + 3)];
    for (const image of images) registry.push('octo-org/app', null, image);
    for (const { digest } of signed) {
      const where = `${new URL(registry.url).host}/octo-org/app@${digest}`;
      await attachBundle(sigstore, where, sigstore.githubIdentity(JOB), COSIGN_SIGN);
    }
    figures.note(
      `A whole image: CPU in workerd and time for GET /api/v1/verify, ${count} images of each kind, no two alike`,
    );
    report(
      figures,
      'unsigned',
      await measure(
        worker,
        bare.map(({ digest }) => digest),
      ),
    );
    report(
      figures,
      'keyless, cosign 3',
      await measure(
        worker,
        signed.map(({ digest }) => digest),
      ),
    );
    report(
      figures,
      'keyless, looked at again',
      await measure(
        worker,
        signed.map(({ digest }) => digest),
      ),
    );
  } finally {
    await worker.close();
    await Promise.all([registry.close(), sigstore.stop()]);
  }
}

interface Look {
  readonly cpuMs: number;
  readonly ms: number;
  readonly requests: number;
}

/** The first three warm up. */
async function measure(worker: LocalWorker, digests: readonly string[]): Promise<Look[]> {
  const looks: Look[] = [];
  for (const digest of digests) {
    const [cpu, from] = [cpuMicroseconds(worker.pid), performance.now()];
    const answer = await ask(worker, 'GET', `/verify?image=docker.io/octo-org/app@${digest}`);
    const ms = performance.now() - from;
    const cpuMs = (cpuMicroseconds(worker.pid) - cpu) / 1000;
    looks.push({ cpuMs, ms, requests: answer.requests.made });
  }
  return looks.slice(3);
}

function report(figures: Figures, name: string, looks: readonly Look[]): void {
  // The clock of a process has ticks of 10 ms: only the mean says something.
  const mean = looks.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / looks.length;
  figures.shown(`image: ${name}, CPU`, mean, 'ms');
  figures.shown(`image: ${name}, time`, median(looks.map(({ ms }) => ms)), 'ms');
  figures.shown(`image: ${name}, requests`, Math.max(...looks.map(({ requests }) => requests)), '');
}

async function watch(worker: LocalWorker): Promise<void> {
  const keyless = {
    oidcIssuer: 'https://token.actions.githubusercontent.com',
    identity: { subjectRegExp: '^https://github\\.com/octo-org/app/.*$' },
  };
  const policy = { signatures: { authorities: [{ trustedRoot: 'ours', keyless }] } };
  await ask(worker, 'POST', '/repositories', { image: 'docker.io/octo-org/app', policy });
}

interface Asked {
  readonly requests: { readonly made: number };
}

async function ask(worker: LocalWorker, method: string, path: string, body?: object): Promise<Asked> {
  const response = await fetch(new URL(`/api/v1${path}`, worker.url), {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Asked; // what the product's own API answers
}
