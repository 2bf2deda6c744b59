import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { addSignedIn, type Page, Visitor } from '../fixtures/visitor.ts';
import { ADMIN_KEY, type Json, TestInstallation } from '../fixtures/worker.ts';

/** Pages about credentials, against rows as the product writes them. */

const DAY = 86_400_000;
const NAME = '=cmd|"/C calc"!A0<script>';
const TOKEN = 70;

let pushwarden: TestInstallation;
let visitor: Visitor;
let now: number;

const page = `/credentials/C-${TOKEN}`;
const textOf = ({ html }: Page): string => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');

async function run(sql: string, ...values: unknown[]): Promise<void> {
  await pushwarden.db
    .prepare(sql)
    .bind(...values)
    .run();
}

/** A use `days` ago: a push to image 1, or (`seq` null) another use. */
async function use(days: number, seq: number | null): Promise<number> {
  const at = now - Math.round(days * DAY);
  await run(
    `INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength, repository_id, seq) VALUES (?1, ?2, ?3, ?2, 2, ?4, 0, ?5, ?6)`,
    TOKEN,
    at,
    seq === null ? `u${Math.round(days * 100)}` : `p1-${seq}`,
    seq === null ? 1 : 0,
    seq === null ? null : 1,
    seq,
  );
  await run(
    `INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses) VALUES (?1, ?2, ?3, ?4, 0, ?5)
     ON CONFLICT DO UPDATE SET pushes = pushes + excluded.pushes, uses = uses + excluded.uses`,
    TOKEN,
    Math.floor(at / DAY),
    seq === null ? 0 : 1,
    seq === null ? 0 : 1,
    seq === null ? 1 : 0,
  );
  return at;
}

async function alertAbout(seq: number, at: number, resolution: string | null): Promise<void> {
  const facts = {
    image: 'docker.io/acme/app',
    tags: [],
    findings: [{ code: 'unexpected-token' }],
    push: `1-${seq}`,
    pushedAt: at,
  };
  await run(
    `INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, resolution, severity) VALUES (1, 1, ?1, 'closed', ?2, ?3, ?3, ?4, 'critical')`,
    `s${seq}`,
    JSON.stringify(facts),
    at,
    resolution,
  );
}

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  now = Date.now();
  await pushwarden.api('POST', '/repositories', { image: 'docker.io/acme/app' });
  await run(
    `INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, account) VALUES (?1, 1, 'dockerhub-pat', 't', ?2, 0, 'acme')`,
    TOKEN,
    NAME,
  );
  for (const [days, seq] of [
    [100, 1],
    [50, 2],
    [9, 3],
  ] as const) {
    await run(
      `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, verdict) VALUES (1, ?1, 'v' || ?1, randomblob(32), 1, 0, ?2, ?3)`,
      seq,
      await use(days, seq),
      seq === 3 ? 2 : 1,
    );
  }
  visitor = new Visitor(pushwarden.url);
  await visitor.resume((await addSignedIn(pushwarden.db, 1, 'maintainer', 'maintainer')).token);
}, 60_000);
afterAll(() => pushwarden.stop());

describe('the calendar on a page', () => {
  test('has an alarm where an alert speaks of a push of its, until that proves to be expected', async () => {
    const calm = textOf(await visitor.get(page));
    expect(calm).toContain('Used on 3 days between');
    expect(calm).not.toContain('An alert speaks of');
    expect(calm).toContain('Nothing points at a day');
    await alertAbout(3, now - 9 * DAY, 'incident');
    await alertAbout(2, now - 50 * DAY, 'expected');
    await alertAbout(1, now - 100 * DAY, 'cleared');
    // Of another push at the same moment.
    await alertAbout(99, now - 100 * DAY, 'incident');
    const after = await visitor.get(page);
    expect(textOf(after)).toContain('An alert speaks of it: 1 day');
    const from = new Date((Math.floor(now / DAY) - 49) * DAY).toISOString().slice(0, 10);
    expect(after.html).toContain(`value="${from} 00:00"`);
    expect(textOf(after)).toContain('We start the day after its last use before the first alarm.');
  });

  test('is hatched where its account could not be read, and only there', async () => {
    await run(
      `INSERT INTO sources (id, team_id, kind, account, organization, sealed, created_at, created_by, next_poll_at, status) VALUES (7, 1, 'dockerhub', 'acme', '', 'x', 0, 'test', 9e15, '{}')`,
    );
    await run('UPDATE credentials SET source_id = 7 WHERE id = ?1', TOKEN);
    const blind = (source: string, part: string, days: number) =>
      run(
        `INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at) VALUES (1, 'source-blind', ?1, ?2, ?3, ?3, ?4)`,
        `${source} ${part} ${days}`,
        JSON.stringify({ kind: 'source-blind', source, part, reason: 'x', since: now - days * DAY }),
        now - days * DAY,
        now - (days - 2) * DAY,
      );
    await blind('Docker Hub acme', 'personal-tokens', 30);
    await blind('Docker Hub other', 'personal-tokens', 40);
    await blind('Docker Hub acme', 'organization-tokens', 45);
    expect(textOf(await visitor.get(page))).toContain('We could not look: 3 days');
  });
});

describe('the history', () => {
  test('is shown between two times, a page at a time', async () => {
    for (let n = 0; n < 60; n += 1) await use(200 + n / 100, null);
    const first = await visitor.get(`${page}?from=2000-01-01`);
    const rows = (html: string): number => html.split('id="uses"')[1]?.match(/<tr role="row"/g)?.length ?? 0;
    expect(rows(first.html)).toBe(26);
    const seen = new Set<string>();
    let next: string | undefined = `${page}?from=2000-01-01`;
    let pages = 0;
    for (; next !== undefined && pages < 9; pages += 1) {
      const { html }: Page = await visitor.get(next);
      const table: string = html.split('id="uses"')[1] ?? '';
      for (const [, at] of table.matchAll(/<th scope="row"[^>]*><time datetime="([^"]+)"/g)) seen.add(at ?? '');
      next = /class="pager"><a href="([^"#]+)/.exec(table)?.[1]?.replaceAll('&amp;', '&');
    }
    expect([pages, seen.size]).toEqual([3, 63]);
  });

  test.each(['?from=yesterday', '?from=2026-13-40', '?to=0', '?from=2026-11-25&to=2026-11-24'])(
    'asked for with %s is refused in words',
    async (query) => {
      for (const path of [page, `${page}/blast-radius`, `${page}/blast-radius.csv`])
        expect((await visitor.get(`${path}${query}`)).status).toBe(400);
    },
  );

  test.each(['?before=1', '?before=x-y', `?before=1-${'k'.repeat(65)}`])('has no page %s', async (query) => {
    expect((await visitor.get(`${page}${query}`)).status).toBe(404);
  });

  test.each(['C-0', 'C-71', '70', 'C-70.csv', `C-${'9'.repeat(13)}`])('of %s there is none', async (id) => {
    expect((await visitor.get(`/credentials/${id}`)).status).toBe(404);
    expect((await visitor.get(`/credentials/${id}/blast-radius.csv`)).status).toBe(404);
  });
});

describe('a file', () => {
  const span = '?from=2026-01-01T00:00:00.000Z&to=2027-12-01T00:00:00.000Z';

  test.each([
    ['csv', 'text/csv'],
    ['md', 'text/markdown'],
  ])('as %s is what the API answers, and an attachment', async (suffix, type) => {
    const mine = await visitor.get(`${page}/blast-radius.${suffix}${span}`);
    const api = await fetch(`${pushwarden.url}/api/v1${page}/blast-radius${span}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, accept: type },
    });
    expect(mine.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(mine.headers.get('content-disposition')).toBe(`attachment; filename="blast-radius-C-${TOKEN}.${suffix}"`);
    // Made at two moments.
    const timeless = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| UTC)/g, '');
    expect(timeless(mine.html)).toBe(timeless(await api.text()));
    expect(mine.html).not.toMatch(/(?:^|,)"=cmd/m);
  });

  test('as JSON too; without a session there is none, and the API takes no session', async () => {
    const mine = await visitor.get(`${page}/blast-radius.json${span}`);
    expect(JSON.parse(mine.html)).toMatchObject({ credential: { id: `C-${TOKEN}`, name: NAME } });
    expect(mine.headers.get('content-type')).toContain('application/json');
    expect((await new Visitor(pushwarden.url).get(`${page}/blast-radius.csv`)).location).toContain('/signin?to=');
    expect((await visitor.get(`/api/v1${page}/blast-radius`)).status).toBe(401);
  });
});

describe('a mark', () => {
  const marked = async (): Promise<Json> => (await pushwarden.api('GET', page)).json;

  test('that names another team’s image, or none, changes nothing', async () => {
    await visitor.get(page);
    await run(`INSERT OR IGNORE INTO teams (id, name, created_at) VALUES (2, 'two', 0)`);
    await run(
      `INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, created_at, next_sweep_at) VALUES (900, 2, 1, 'docker.io', 'their/app', '{}', 0, 9e15)`,
    );
    const before = await marked();
    for (const on of ['900', '12345', 'x'])
      expect((await visitor.post(`${page}/mark`, { mark: 'expected', where: 'some', on, note: 'x' })).status).toBe(404);
    for (const form of [
      { mark: 'none' },
      { mark: 'odd', where: 'everywhere', note: 'x' },
      { mark: 'none', where: 'some', note: ' ' },
    ])
      expect((await visitor.post(`${page}/mark`, form)).status).toBe(400);
    expect(await marked()).toEqual(before);
  });

  test('keeps its reason as text', async () => {
    await visitor.get(page);
    const note = '</textarea><script>alert(1)</script>';
    expect((await visitor.post(`${page}/mark`, { mark: 'unexpected', where: 'some', note })).location).toBe(
      `${page}?done=marked`,
    );
    const { html } = await visitor.get(`${page}?done=marked`);
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('Kept, with your name and the reason.');
    expect(await marked()).toMatchObject({ mark: 'unexpected', expectedOn: [], note });
    // Whoever made the address up is told no untruth.
    await run(`UPDATE credentials SET marked_by = 'key:other' WHERE id = ?1`, TOKEN);
    expect((await visitor.get(`${page}?done=marked`)).html).not.toContain('Kept, with your name');
  });

  test('shows no form to a viewer', async () => {
    const viewer = new Visitor(pushwarden.url);
    await viewer.resume((await addSignedIn(pushwarden.db, 1, 'viewer', 'viewer')).token);
    expect((await viewer.get(page)).html).not.toContain('/mark"');
    expect((await viewer.get('/settings/sources')).html).not.toContain('action="/settings/sources');
  });
});

describe('a crowded list', () => {
  test('goes through the wire as little, and leaves no credential out', async () => {
    await run(
      `WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
       INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, account) SELECT i, 1, 'github-sender', 'g' || i, 'octocat-' || i, i, NULL FROM n`,
    );
    const seen = new Set<string>();
    let next: string | undefined = '/credentials?kind=github-sender&q=octo';
    for (let n = 0; next !== undefined && n < 9; n += 1) {
      const { html }: Page = await visitor.get(next);
      expect(gzipSync(html).length).toBeLessThan(10_000);
      for (const [, id] of html.matchAll(/href="\/credentials\/(C-\d+)"/g)) seen.add(id ?? '');
      next = /class="pager"><a href="([^"]+)/.exec(html)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(seen.size).toBe(151);
  });

  test.each(['?kind=odd', '?mark=odd', '?before=0', `?q=${'x'.repeat(256)}`])('has no page %s', async (query) => {
    expect((await visitor.get(`/credentials${query}`)).status).toBe(404);
  });

  test('finds bait by what is noted of it', async () => {
    const { html } = await visitor.get('/credentials?q=%3C/TEXTAREA');
    expect(html).toContain(`href="${page}"`);
    expect(html).not.toContain('</TEXTAREA');
  });
});

describe('what is typed for a source', () => {
  test('is not shown again when it cannot be used', async () => {
    const owner = new Visitor(pushwarden.url);
    await owner.resume((await addSignedIn(pushwarden.db, 1, 'owner', 'owner')).token);
    const secret = 'dckr_pat_very-secret';
    const wrong = await owner.post('/settings/sources', { account: 'NO SUCH NAME', organization: '', secret });
    const refused = await owner.post('/settings/sources', { account: 'nobody', organization: '', secret });
    const again = await owner.post('/settings/sources/7/login', { secret });
    expect([wrong.status, refused.status, again.status]).toEqual([400, 400, 400]);
    for (const { html } of [wrong, refused, again]) expect(html).not.toContain(secret);
    expect((await owner.post('/settings/sources', { account: 'nobody', secret: 'short' })).html).not.toContain(
      'short<',
    );
  });
});
