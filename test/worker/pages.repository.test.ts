import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { hexOf, writePast } from '../fixtures/pushed-history.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { Visitor } from '../fixtures/visitor.ts';
import { ADMIN_KEY, TestInstallation } from '../fixtures/worker.ts';

const HOSTILE = '"><script>alert(1)</script><!channel>';
const IMAGE = '/r/docker.io/org/app';

let pushwarden: TestInstallation;
let visitor: Visitor;
let id: number;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await makeAlert(pushwarden, 'docker.io/org/app');
  const { db } = pushwarden;
  id = (await db.prepare("SELECT id FROM repositories WHERE path = 'org/app'").first<{ id: number }>())?.id ?? 0;
  await db.prepare("INSERT INTO teams (id, name, created_at) VALUES (2, 'other', 0)").run();
  await db
    .prepare(
      "INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at) VALUES (900, 1, 'dockerhub-pat', 't', ?1, 0), (901, 2, 'dockerhub-pat', 'u', 'of-team-two', 0)",
    )
    .bind(HOSTILE)
    .run();
  const uses = [900, 901].map((credential) => ({ credential, usedBefore: null, newCreator: false }));
  await writePast(db, id, [
    {
      tag: 'odd',
      digest: 'odd',
      at: Date.now() - 5000,
      verdict: 'trusted',
      attribution: { strength: 'ambiguous', by: 'token-list', account: HOSTILE, uses },
      evidence: {
        history: null,
        readBack: null,
        announcement: null,
        ci: { how: 'announced', run: 'javascript:alert(1)' },
        wants: [],
        signatures: {
          places: [],
          found: [{ state: 'valid', signer: { kind: 'keyless', subject: HOSTILE } }],
        },
      },
    },
  ]);
  visitor = new Visitor(pushwarden.url);
  await visitor.signInWithKey(ADMIN_KEY);
});
afterAll(() => pushwarden.stop());

test.each([
  '/r',
  '/r/',
  '/r/docker.io',
  '/r/docker.io/',
  '/r/docker.io/org/app/',
  '/r/docker.io//org/app',
  '/r/docker.io/org%2Fapp',
  '/r/docker.io/org/%61pp',
  '/r/docker.io/Org/app',
  '/r/docker.io/org/app%00',
  '/r/docker.io/org/app%',
  '/r/index.docker.io/org/app',
  '/r/docker.io%2Forg/app',
  '/r/docker.io/org/another',
  '/r/ghcr.io/org/app',
  `/r/docker.io/${'x'.repeat(300)}`,
  `${IMAGE}?view=keys`,
  `${IMAGE}?verdict=unknown`,
  `${IMAGE}?before=0`,
  `${IMAGE}?before=1e3`,
  `${IMAGE}?tagged=%2e%2e`,
  `${IMAGE}?tag=${'x'.repeat(129)}`,
  `${IMAGE}?tag=1.0.0&before=-1`,
  '/repositories?after=2-0-0',
  "/repositories?after=1-0-0'",
  '/d/sha256:abc',
  `/d/sha256:${'A'.repeat(64)}`,
  `/d/sha512:${'a'.repeat(128)}`,
])('%s is no page', async (path) => {
  const page = await visitor.get(path);
  expect([page.status, page.html.includes('We do not watch this')]).toEqual([404, true]);
});

test.each(['from=2026-13-01', 'to=yesterday', 'from=2026-11-24T00:00'])('%s is refused in words', async (query) => {
  const page = await visitor.get(`${IMAGE}?${query}`);
  expect([page.status, page.html.includes('A day is written like')]).toEqual([400, true]);
});

test('a filter that a form left empty is none', async () => {
  const page = await visitor.get(`${IMAGE}?verdict=&tagged=&from=&to=`);
  expect(page.status).toBe(200);
  expect(page.html).toContain('id="h-tags"');
});

test('what strangers wrote is text, and no address of theirs is a link unless it is of the web', async () => {
  for (const path of [
    IMAGE,
    `${IMAGE}?tag=odd`,
    `/d/sha256:${hexOf('odd')}`,
    `/repositories?q=${encodeURIComponent(HOSTILE)}`,
  ]) {
    const page = await visitor.get(path);
    expect(page.status).toBe(200);
    expect(page.html).toContain('&lt;script&gt;');
    expect(page.html).not.toContain('<script>alert');
    expect(page.html).not.toContain('javascript:');
  }
});

test('a token of another team is not named, whatever a push says', async () => {
  const page = await visitor.get(`${IMAGE}?tagged=odd`);
  expect(page.html).toContain('not named: one of these');
  expect(page.html).not.toContain('of-team-two');
});

test('what a webhook brought that names no image stands among the deliveries', async () => {
  const { db } = pushwarden;
  await db
    .prepare(
      `INSERT INTO deliveries (hook_id, day, key, received_at, outcome, event, user_agent, body_sha256, problem)
       SELECT hook_id, CAST(?2 / 86400000 AS INTEGER), x'00', ?2, 2, 'push', ?3, x'00', ?3 FROM repositories WHERE id = ?1`,
    )
    .bind(id, Date.now(), HOSTILE)
    .run();
  const { html } = await visitor.get(`${IMAGE}?view=deliveries`);
  expect(html).toContain('Not understood');
  expect(html).toContain('names no image');
  expect(html).toContain('Recorded');
  expect(html).not.toContain('<script>alert');
});

test('an expectation that is open is told on the tag’s page, and one that is over is not', async () => {
  const { db } = pushwarden;
  const now = Date.now();
  const add = (by: string, expiresAt: number) =>
    db
      .prepare(
        `INSERT INTO announcements (team_id, repository_id, source, phase, digest, tags, allowed, run, at, expires_at)
         VALUES (1, ?1, 'maintainer', 'pushed', unhex(?2), '["1.0.0"]', 1, ?3, ?4, ?5)`,
      )
      .bind(id, hexOf('safe'), by, now - 1000, expiresAt)
      .run();
  await add('key:late', now - 1);
  expect((await visitor.get(`${IMAGE}?tag=1.0.0`)).html).toContain('<dd class="big">No</dd>');
  await add('key:laptop', now + 600_000);
  const { html } = await visitor.get(`${IMAGE}?tag=1.0.0`);
  expect(html).toContain('key:laptop');
  expect(html).not.toContain('key:late');
  expect((await visitor.get(`${IMAGE}?tag=odd`)).html).not.toContain('key:laptop');
});

test('a tag that nobody knows has a page that says so', async () => {
  const page = await visitor.get(`${IMAGE}?tag=never-pushed`);
  expect(page.status).toBe(200);
  expect(page.html).toContain('We know no tag of this name');
});
