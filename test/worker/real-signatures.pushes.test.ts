import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import { artifactTag, MEDIA_TYPES, pushImage, pushMultiArchImage, putManifest } from '../fixtures/oci-images.ts';
import type { SigstoreIdentity } from '../fixtures/private-sigstore.ts';
import { distributionEvent, sendDistribution } from '../fixtures/senders.ts';
import { SigningTools } from '../fixtures/signing-tools.ts';
import { provenanceV1 } from '../fixtures/signing-tools-provenance.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const SETTLED = 120;
const DEADLINE = 1800;
const JOB = { repository: 'octo-org/app', runId: '77' };

let tools: SigningTools;
let registry: DockerRegistry;
let pushwarden: TestInstallation;
let release: SigstoreIdentity;
let stranger: SigstoreIdentity;
/** Tells of everything: the hook that all repositories of these tests share. */
let hook: Json;
let repository: Json;
let path: string;
let n = 0;

beforeAll(async () => {
  [tools, registry] = await Promise.all([SigningTools.start(), startDockerRegistry()]);
  release = tools.sigstore.githubIdentity(JOB);
  stranger = tools.sigstore.githubIdentity({ repository: 'evil-org/app' });
  const REGISTRIES = JSON.stringify({ 'registry.example': { url: registry.url } });
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { REGISTRIES } });
  await pushwarden.connectSlack();
  const trustedRoot = JSON.parse(tools.sigstore.trustedRoot);
  expect(await pushwarden.api('POST', '/trusted-roots', { name: 'ours', trustedRoot })).toMatchObject({ status: 201 });
  hook = (await pushwarden.watch('registry.example/org/first')).webhook;
  await registry.resume(notifications());
});
afterAll(async () => {
  await pushwarden?.stop();
  await Promise.all([registry?.stop(), tools?.stop()]);
});

beforeEach(async () => {
  n += 1;
  path = `org/app${n}`;
  repository = await watch(policy());
});
afterEach(() => {
  pushwarden.slack.messages.length = 0;
});

/** What the registration says to put into config.yml. */
function notifications(): string {
  const [, section = ''] = hook.instructions;
  return section.replace(new URL(hook.url).origin, pushwarden.url);
}

const watch = (policy: Json): Promise<Json> => pushwarden.watch(`registry.example/${path}`, { hook: hook.id, policy });

function policy(identity: Json = { subject: release.subject }): Json {
  const { oidcIssuer } = release;
  const authorities = [{ name: 'release', keyless: { oidcIssuer, identity }, trustedRoot: 'ours' }];
  return { signatures: { mode: 'require', authorities } };
}

async function push(tag = '1.0.0'): Promise<{ readonly digest: string; readonly image: string }> {
  const { digest } = await pushImage(registry.url, path, tag, { seed: `${path} ${tag}` });
  return { digest, image: `${registry.host}/${path}@${digest}` };
}

/** The images that were pushed; not what is folded into them. */
async function images(): Promise<Json[]> {
  return pushwarden.pushes(repository.id);
}

async function untilRecorded(digest: string): Promise<void> {
  await until('its push is looked at', async () =>
    (await images()).some((each) => each.digest === digest && each.nextCheckAt !== null),
  );
}

/**
 * Makes the push wait like one that was looked at often: by itself it would be looked at again in minutes, and no
 * wake-up is under way. What happens then, something else has caused.
 */
async function untilPatient(digest: string): Promise<void> {
  await untilRecorded(digest);
  // A look that is under way sees by `rev` that it has to begin anew.
  const often = 'UPDATE pushes SET attempts = 10, rev = rev + 1 WHERE repository_id = ?1 AND digest = unhex(?2)';
  await pushwarden.db.prepare(often).bind(repository.id, digest.slice('sha256:'.length)).run();
  await until('its next look is minutes away', async () => {
    const [waiting] = await images();
    return Date.parse(waiting.nextCheckAt) - Date.parse(waiting.receivedAt) > 100_000;
  });
}

async function untilVerdict(verdict: string, digest: string): Promise<Json> {
  const mine = async () => (await images()).find((each) => each.digest === digest);
  await until(`it is ${verdict}`, async () => (await mine())?.verdict === verdict);
  return mine();
}

/** Messages about this test's image, as text. */
const told = (channel: 'alerts' | 'health' = 'alerts'): string[] =>
  pushwarden.slack.messages
    .filter((message) => message.channel === channel && message.json.includes(path))
    .map(({ json }) => json);

/** A message that is being sent counts as lost once the clock has jumped: it would be sent again. */
async function untilSent(): Promise<void> {
  const waiting = 'SELECT COUNT(*) AS n FROM notifications WHERE sent_at IS NULL AND failed IS NULL';
  await until('all is sent', async () => (await pushwarden.db.prepare(waiting).first('n')) === 0);
}

const alertOf = async (image: Json): Promise<Json> => (await pushwarden.api('GET', `/alerts/${image.alert}`)).json;

describe('pushed to Distribution, then signed', () => {
  test.each([
    ['cosign 2', (image: string) => tools.signWithCosign2(image, release)],
    ['cosign 3', (image: string) => tools.signWithCosign3(image, release)],
    [
      'cosign 2, as provenance',
      (image: string) =>
        tools.attestWithCosign2(image, release, { type: 'slsaprovenance1', predicate: provenanceV1(JOB) }),
    ],
  ])('by %s a minute later: the signature’s own webhook ends the waiting, and nobody is told', async (_, sign) => {
    const { digest, image } = await push();
    await untilPatient(digest);
    await pushwarden.advance(60);
    expect(await images()).toMatchObject([{ digest, verdict: 'pending', findings: [] }]);
    await sign(image);
    expect(await untilVerdict('trusted', digest)).toMatchObject({ tag: '1.0.0', findings: [] });
    await pushwarden.advance(DEADLINE);
    expect(await images()).toMatchObject([{ digest, verdict: 'trusted' }]);
    expect(told()).toEqual([]);
  });

  test('index and images, with --recursive: one trusted push', async () => {
    const { digest } = await pushMultiArchImage(registry.url, path, '2.0.0', { seed: path });
    await untilRecorded(digest);
    await tools.signWithCosign3(`${registry.host}/${path}@${digest}`, release, { recursive: true });
    await untilVerdict('trusted', digest);
    await pushwarden.advance(DEADLINE);
    expect(await images()).toMatchObject([{ digest, tag: '2.0.0', kind: 'index', verdict: 'trusted' }]);
    expect(told()).toEqual([]);
  });

  test('never: at the deadline it is unsigned', async () => {
    const { digest } = await push();
    await untilRecorded(digest);
    await pushwarden.advance(DEADLINE - 60);
    expect(await images()).toMatchObject([{ digest, verdict: 'pending' }]);
    await pushwarden.advance(70);
    const image = await untilVerdict('rogue', digest);
    expect(image.findings).toMatchObject([{ code: 'unsigned', expected: ['release'] }]);
    await until('Slack is told', () => told().length === 1);
  });

  test('by a stranger, and then by the workflow: an alert, which the late signature closes with the story', async () => {
    const { digest, image } = await push();
    await untilRecorded(digest);
    await tools.signWithCosign3(image, stranger);
    await pushwarden.advance(SETTLED + 10);
    const rogue = await untilVerdict('rogue', digest);
    expect(rogue.findings).toMatchObject([
      { code: 'untrusted-signer', found: [{ signer: stranger.subject }], expected: ['release'] },
    ]);
    await until('Slack is told', () => told().length === 1);
    expect(told()[0]).toContain(stranger.subject);
    await untilSent();

    await tools.signWithCosign3(image, release);
    await untilVerdict('trusted', digest);
    await until('Slack is told again', () => told().length === 2);
    expect(await alertOf(rogue)).toMatchObject({ state: 'closed', resolution: 'cleared' });
    const [, story = ''] = told();
    expect(story).toContain(stranger.subject);
    expect(story).toContain(release.subject);
    expect(story.indexOf(stranger.subject)).toBeLessThan(story.indexOf(release.subject));
    await untilSent();
    await pushwarden.advance(DEADLINE);
    expect(told()).toHaveLength(2);
  });

  test('with the signature of another image: it is invalid, and a genuine one closes the alert', async () => {
    const genuine = await push('1.0.0');
    await tools.signWithCosign2(genuine.image, release);
    await untilVerdict('trusted', genuine.digest);
    const miner = await push('1.0.1');
    await untilRecorded(miner.digest);
    await copyManifest(artifactTag(genuine.digest, '.sig'), artifactTag(miner.digest, '.sig'));
    await pushwarden.advance(SETTLED + 10);
    const rogue = await untilVerdict('rogue', miner.digest);
    expect(rogue.findings).toMatchObject([{ code: 'invalid-signature', found: [{ problem: 'other-subject' }] }]);
    await until('Slack is told', () => told().length === 1);

    await tools.signWithCosign3(miner.image, release);
    await untilVerdict('trusted', miner.digest);
    expect(await alertOf(rogue)).toMatchObject({ state: 'closed', resolution: 'cleared' });
  });

  test('while the registry is down: undetermined, as our failure, and trusted when it is back', async () => {
    await registry.resume();
    const { digest, image } = await push();
    await tools.signWithCosign2(image, stranger);
    await tools.signWithCosign3(image, release);
    await registry.halt();
    await sendDistribution(pushwarden, hook, [distributionEvent({ repository: path, tag: '1.0.0', digest })]);
    await pushwarden.advance(DEADLINE + 60);
    await untilVerdict('undetermined', digest);
    expect(told()).toEqual([]);

    await registry.resume(notifications());
    await pushwarden.advance(600);
    expect(await untilVerdict('trusted', digest)).toMatchObject({ findings: [] });
    expect(told()).toEqual([]);
  });
});

describe('where a CI run is required', () => {
  beforeEach(async () => {
    const { oidcIssuer } = release;
    const identities = [{ oidcIssuer, repositoryId: '74', workflow: '.github/workflows/release.yml' }];
    const anyone = policy({ subjectRegExp: '^https://github\\.com/[a-z-]+/app/\\.github/workflows/release\\.yml@.+$' });
    path = `${path}/ci`;
    repository = await watch({ ...anyone, ci: { mode: 'require', identities } });
  });

  test('the certificate of the signer names it: nothing has to be announced', async () => {
    const { digest, image } = await push();
    await tools.signWithCosign3(image, release);
    await untilVerdict('trusted', digest);
    await pushwarden.advance(DEADLINE);
    expect(await images()).toMatchObject([{ digest, verdict: 'trusted', findings: [] }]);
    expect(told()).toEqual([]);
  });

  test('a signature that counts, of an unfamiliar repository’s workflow, is told as such', async () => {
    const { digest, image } = await push();
    await untilRecorded(digest);
    const predicate = provenanceV1({ repository: 'evil-org/app', repositoryId: '666' });
    const unfamiliar = tools.sigstore.githubIdentity({ repository: 'evil-org/app', repositoryId: '666' });
    await tools.attestWithCosign2(image, unfamiliar, { type: 'slsaprovenance1', predicate });
    await pushwarden.advance(SETTLED + 10);
    const rogue = await untilVerdict('rogue', digest);
    expect(rogue.findings).toMatchObject([
      { code: 'ci-mismatch', found: { kind: 'provenance', claims: { repository: 'evil-org/app' } } },
    ]);
    await until('Slack is told', () => told().length === 1);
    expect(told()[0]).toContain('evil-org/app');
  });
});

async function copyManifest(from: string, to: string): Promise<void> {
  const response = await fetch(`${registry.url}/v2/${path}/manifests/${from}`, {
    headers: { accept: MEDIA_TYPES.manifest },
  });
  expect(response.status).toBe(200);
  await putManifest(registry.url, path, to, MEDIA_TYPES.manifest, new Uint8Array(await response.arrayBuffer()));
}
