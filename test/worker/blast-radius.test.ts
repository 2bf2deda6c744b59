import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { HubToken } from '../../scripts/simulate/world/dockerhub-accounts.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { ADMIN_KEY, type Json, TestInstallation, until } from '../fixtures/worker.ts';

/** A stolen token of an organization, and CI's: what the report about the stolen one says, in each format. */

const ORGANIZATION = 'acme';
const APP = 'acme/app';
/** Formula, table, HTML, mention, link and bidi in a label. */
const LABEL = "=cmd|'/C calc'!A0 `|<img src=x onerror=1> @security [x](http://evil.example) \u202Egnp";

let pushwarden: TestInstallation;
let stolen: HubToken;
let ci: HubToken;
let repository: Json;
let credential: Json;
let good: string;
let rogue: readonly string[];
let json: Json;

beforeAll(async () => {
  const vars = { DOCKERHUB_POLL_MINUTES: '1440' };
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars });
  await pushwarden.connectSlack();
  const { hub, registry } = pushwarden;
  hub.addUser('owner', { password: 'correct horse', plan: 'pro' });
  hub.addOrganization(ORGANIZATION, { plan: 'team', owners: ['owner'] });
  Object.assign(hub, { actors: 'id' });
  for (const path of [APP, 'acme/other', 'acme/secret', 'acme/unwatched']) {
    hub.addRepository(path);
    registry.push(path, 'latest', singleImage(`${path} baseline`));
  }
  repository = await pushwarden.watch(`docker.io/${APP}`, { policy: { tokens: { mode: 'require' } } });
  await pushwarden.watch('docker.io/acme/other');
  await pushwarden.watch('docker.io/acme/secret');
  await pushwarden.api('POST', '/sources', {
    kind: 'dockerhub',
    account: 'owner',
    secret: 'correct horse',
    organization: ORGANIZATION,
  });
  await pushwarden.run('poll');
  const grant = (path: string, scope = 'scope-image-push') => ({ type: 'TYPE_REPO', path, scopes: [scope] });
  const resources = [APP, 'acme/other', 'acme/unwatched'].map((path) => grant(path));
  stolen = hub.createToken(ORGANIZATION, {
    label: LABEL,
    resources: [...resources, grant('acme/secret', 'scope-image-pull')],
  });
  ci = hub.createToken(ORGANIZATION, { label: 'ci-release' });
  await minutesLater(6);
  await pushwarden.api('PATCH', `/credentials/${(await credentialOf(ci)).id}`, { mark: 'expected' });
  await theft();
  credential = await credentialOf(stolen);
  json = (await report()).json;
}, 120_000);
afterAll(() => pushwarden.stop());

/** CI releases 1.0.0; the thief moves it, makes a tag of his own, pushes where nobody watches and deletes a tag. */
async function theft(): Promise<void> {
  good = await push(ci, APP, '1.0.0');
  await minutesLater(6);
  await until('CI’s is trusted', async () => (await pushOf('1.0.0'))?.verdict === 'trusted');
  rogue = [await push(stolen, APP, '1.0.0'), await push(stolen, APP, '6.6.6')];
  await push(stolen, 'acme/unwatched', 'latest', false);
  pushwarden.hub.record(ORGANIZATION, 'repo.tag.delete', stolen.id, { tag: 'old' }, APP);
  await minutesLater(6);
  await minutesLater(6);
  await until('both are rogue', async () =>
    (await Promise.all(['1.0.0', '6.6.6'].map(pushOf))).every((each) => each?.verdict === 'rogue'),
  );
  await push(ci, APP, '1.0.1');
  await push(ci, 'acme/other', '2.0.0', false);
  await minutesLater(6);
}

async function push(token: HubToken, path: string, tag: string, webhook = true): Promise<string> {
  const { hub, registry } = pushwarden;
  const digest = registry.push(path, tag, singleImage(`${path} ${tag} ${Math.random()}`));
  hub.useToken(token.id, { push: { repository: path, tag, digest } });
  if (webhook) {
    const sent = { path, tag, pusher: ORGANIZATION, at: pushwarden.now() };
    expect((await sendDockerHub(pushwarden, repository.webhook, sent)).status).toBe(202);
    await until('it is read back', async () => (await pushOf(tag))?.digest === digest);
  }
  return digest;
}

const pushOf = async (tag: string): Promise<Json> =>
  (await pushwarden.pushes(repository.id)).find((each) => each.tag === tag);

async function credentialOf(token: HubToken): Promise<Json> {
  const { items } = (await pushwarden.api('GET', '/credentials?limit=200')).json;
  return items.find((each: Json) => each.externalId === token.id);
}

async function minutesLater(minutes: number): Promise<void> {
  await pushwarden.advance(minutes * 60);
  await pushwarden.run('poll');
  await pushwarden.run('redrive');
}

const report = (query = '', accept = '') =>
  pushwarden.request(`/api/v1/credentials/${credential.id}/blast-radius${query}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(accept === '' ? {} : { accept }) },
  });

describe('the report as JSON', () => {
  test('has the pushes of the token and none of CI’s', () => {
    const pushes = json.pushes.filter((each: Json) => each.watched);
    expect(pushes.map(({ tag, digest }: Json) => [tag, digest])).toEqual([
      ['6.6.6', rogue[1]],
      ['1.0.0', rogue[0]],
    ]);
    for (const each of pushes) {
      expect(each).toMatchObject({
        certainty: 'attributed',
        strength: 'named',
        by: 'audit-log',
        image: `docker.io/${APP}`,
        verdict: 'rogue',
        current: true,
        alert: expect.stringMatching(/^A-/),
        findings: expect.arrayContaining([expect.objectContaining({ code: 'unexpected-token' })]),
      });
    }
  });

  test('tells what the tag was before', () => {
    const [, moved] = json.pushes.filter((each: Json) => each.watched);
    expect(moved.safe).toMatchObject({ digest: good, how: 'trusted', bySame: false });
    expect(moved.trustedBefore).toEqual(moved.safe);
    expect(json.summary).toMatchObject({ safeDigests: 1 });
  });

  test('has what the log says of an image that nobody watches', () => {
    expect(json.pushes.filter((each: Json) => !each.watched)).toMatchObject([
      { image: 'docker.io/acme/unwatched', tag: 'latest', id: null, verdict: null, strength: 'named', safe: null },
    ]);
    expect(json.reach.open).toEqual([{ type: 'repository', path: 'acme/unwatched' }]);
    expect(json.notCovered).toContainEqual({ kind: 'image-unwatched', path: 'acme/unwatched' });
  });

  test('has every repository in reach, with why, and not where it may only pull', () => {
    expect(json.reach.mayPush).toBe(true);
    expect(json.reach.repositories.map(({ image, why }: Json) => [image, why])).toEqual([
      [`docker.io/${APP}`, ['granted', 'seen']],
      ['docker.io/acme/other', ['granted']],
    ]);
  });

  test('has other uses in a list of their own', () => {
    expect(json.uses).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          action: 'tag-delete',
          by: 'audit-log',
          detail: expect.objectContaining({ tag: 'old' }),
        }),
        expect.objectContaining({ action: 'use', by: 'token-list', certainty: 'attributed' }),
      ]),
    );
    expect(json.uses.every(({ action }: Json) => action !== 'push')).toBe(true);
  });

  test('counts, and says how much is the account’s with something else', () => {
    expect(json.summary.attributed).toEqual({
      pushes: 3,
      digests: 3,
      rogue: 2,
      undetermined: 0,
      pending: 0,
      trusted: 0,
      notJudged: 1,
    });
    expect(json.summary).toMatchObject({ repositories: 2, possible: { pushes: 0 } });
  });

  test('says what it cannot know', () => {
    const kinds = json.notCovered.map(({ kind }: Json) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['credential-before', 'image-before', 'last-use-only', 'overwritten-unseen']),
    );
    expect(kinds).not.toContain('no-source');
  });

  test('keeps to its span', async () => {
    const { json: before } = await report('?to=2020-01-01');
    expect([before.pushes, before.uses, before.summary.attributed.pushes]).toEqual([[], [], 0]);
    expect(before.reach.repositories.length).toBe(2);
    expect(before.notCovered.length).toBeGreaterThan(3);
    expect((await report('?from=2021-01-01&to=2020-01-01')).status).toBe(400);
    expect((await report('?format=pdf')).status).toBe(400);
    expect((await report('?cursor=x')).status).toBe(400);
  });

  test('says that a source which is gone tells nothing any more', async () => {
    const [{ id }] = (await pushwarden.api('GET', '/sources')).json.items;
    const [source] = (await pushwarden.db.prepare('SELECT status FROM sources WHERE id = ?1').bind(id).all<Json>())
      .results;
    const status = JSON.parse(source.status);
    status['audit-log'] = { ...status['audit-log'], state: 'forbidden', reason: '403 | <b>' };
    await pushwarden.db.prepare('UPDATE sources SET status = ?2 WHERE id = ?1').bind(id, JSON.stringify(status)).run();
    const { json: blind } = await report();
    expect(blind.notCovered).toContainEqual(
      expect.objectContaining({ kind: 'source-part', part: 'audit-log', state: 'forbidden', reason: '403 | <b>' }),
    );
    const { json: text } = await report('?format=markdown');
    expect(text).toContain('What it would tell is unknown, not absent.');
    expect(text).toContain('(`403 ∣ <b>`)');
    await pushwarden.db.prepare('UPDATE sources SET status = ?2 WHERE id = ?1').bind(id, source.status).run();
  });
});

describe('the report about the account', () => {
  test('has pushes of all of its tokens, and lists the tokens', async () => {
    const { items } = (await pushwarden.api('GET', '/credentials?kind=dockerhub-account')).json;
    const account = items.find((each: Json) => each.name === ORGANIZATION);
    const { json: whole } = await pushwarden.api('GET', `/credentials/${account.id}/blast-radius`);
    const tags = whole.pushes.filter(({ watched }: Json) => watched).map(({ tag }: Json) => tag);
    expect(tags.sort()).toEqual(['1.0.0', '1.0.0', '1.0.1', '6.6.6']);
    expect(whole.tokens.map(({ name }: Json) => name).sort()).toEqual([LABEL, 'ci-release'].sort());
    expect(whole.reach.repositories.map(({ image, why }: Json) => [image, why])).toContainEqual([
      'docker.io/acme/secret',
      ['account'],
    ]);
    expect(whole.notCovered.map(({ kind }: Json) => kind)).toEqual(
      expect.arrayContaining(['other-namespaces', 'token-not-told']),
    );
  });
});

describe('the report as CSV', () => {
  test('has a line for each push, use, repository and gap, and no formula', async () => {
    const { headers, json: text } = await report('?format=csv');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const lines: string[] = text.trimEnd().split('\r\n');
    expect(lines[0]).toContain('"record","certainty","strength"');
    const of = (record: string) => lines.filter((line) => line.startsWith(`"${record}"`));
    expect(of('push').length).toBe(3);
    expect(of('push').filter((line) => line.includes(good))).toHaveLength(1);
    expect(of('reach').length).toBe(2);
    expect(of('not-covered').length).toBe(json.notCovered.length);
    expect(of('use').length).toBe(json.uses.length);
    expect(of('more')).toEqual([]);
    expect(text).not.toMatch(/(?:^|,|\n)"[=+@-]/);
  });

  test('is what Accept asks for', async () => {
    expect((await report('', 'text/csv')).headers.get('content-type')).toContain('text/csv');
    expect((await report('', 'text/html, text/markdown;q=0.9, */*;q=0.1')).headers.get('content-type')).toContain(
      'text/markdown',
    );
    expect((await report('?format=json', 'text/csv')).headers.get('content-type')).toContain('application/json');
    expect((await report('', '*/*')).headers.get('vary')).toBe('Accept');
  });
});

describe('the report as Markdown', () => {
  let text: string;
  beforeAll(async () => {
    const answer = await report('?format=markdown');
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    text = answer.json;
  });

  test('has its parts in order', () => {
    expect(text.match(/^## .*$/gm)).toEqual([
      '## Summary',
      '## What to do now',
      '## Timeline',
      '## Reach',
      '## Pushes',
      '## Other uses',
      '## What this report does not cover',
      '## How we know',
    ]);
  });

  test('says what to revoke, then how to restore each tag, expecting it first', () => {
    expect(text).toContain('https://app.docker.com');
    const expectation = text.indexOf(`/api/v1/repositories/${repository.id}/expectations`);
    const restore = text.indexOf(`crane tag docker.io/${APP}@${good} 1.0.0`);
    expect(expectation).toBeGreaterThan(text.indexOf('Revoke'));
    expect(restore).toBeGreaterThan(expectation);
    expect(text).toContain(`**\`docker.io/${APP}:6.6.6\`**: we know no trusted digest for this tag.`);
    expect(text).not.toContain('crane tag docker.io/acme/app@undefined');
  });

  test('has full digests in code spans', () => {
    for (const digest of [...rogue, good]) expect(text).toContain(`\`${digest}\``);
  });

  test('lets the label be nothing but text', () => {
    for (const line of text.split('\n').filter((each) => each.includes('onerror'))) {
      const outside = line.replaceAll(/`[^`]*`/g, '');
      expect(outside).not.toMatch(/onerror|@security|evil|cmd/);
    }
    expect(text).not.toContain('\u202E');
    expect(text).toContain('onerror');
  });
});
