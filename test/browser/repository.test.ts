import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hexOf, type PastPush, writePast } from '../fixtures/pushed-history.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { BrowsedInstallation, describeEveryPage, HOSTILE, LONG_TAG } from '../fixtures/watched-page.ts';
import type { TestInstallation } from '../fixtures/worker.ts';

const DAY = 86_400_000;
const IMAGE = 'docker.io/org/app';
const LONG = `docker.io/${'very-long-name/'.repeat(16)}app`;
const RUN = 'https://github.com/org/app/actions/runs/8841';

let browsed: BrowsedInstallation;
let pushwarden: TestInstallation;
/** Numbers of the images. */
const ids: Record<string, number> = {};
const addresses: Record<string, string> = {};

const SIGNED = {
  history: null,
  readBack: null,
  announcement: null,
  ci: { how: 'announced', run: RUN },
  signatures: {
    trust: 'x',
    roots: [],
    places: [{ place: 'referrers-api', state: 'present' }],
    found: [
      {
        place: 'referrers-api',
        state: 'valid',
        signer: {
          kind: 'keyless',
          oidcIssuer: 'https://token.actions.githubusercontent.com',
          subject: 'https://github.com/org/app/.github/workflows/release.yml@refs/tags/v3.4.0',
        },
      },
    ],
    children: [],
    indexes: [],
    runs: [],
  },
  wants: [],
};

const TOKEN = {
  strength: 'deduced',
  by: 'token-list',
  account: null,
  uses: [{ credential: 900, usedBefore: null, newCreator: false }],
};

/** A year in the life of an image: releases, a tag that moves every night, trouble in between. */
function story(now: number): PastPush[] {
  const at = (days: number, minutes = 0): number => now - days * DAY + minutes * 60_000;
  const release = (days: number, version: string, more: Partial<PastPush> = {}): PastPush[] =>
    [version, version.slice(0, 3), 'latest'].map((tag, n) => ({
      tag,
      digest: `release ${version}`,
      at: at(days, n),
      verdict: 'trusted',
      actor: 901,
      evidence: SIGNED,
      attribution: TOKEN,
      ...more,
    }));
  const nightly = Array.from({ length: 300 }, (_, n): PastPush => {
    const days = 300 - n;
    return { tag: 'nightly', digest: `nightly ${days}`, at: at(days, 5), verdict: 'trusted', actor: 901 };
  });
  return [
    { tag: '3.0.0', digest: 'release 3.0.0', at: at(320), verdict: null, origin: 'baseline' } as const,
    ...nightly,
    ...release(120, '3.1.0'),
    ...release(62, '3.2.0'),
    ...release(40, '3.2.1', {
      verdict: 'undetermined',
      evidence: { ...SIGNED, signatures: null, ci: null, wants: ['digest'] },
    }),
    ...release(38, '3.3.0'),
    ...release(5, '3.4.0'),
    { tag: 'gone', digest: 'gone', at: at(30), verdict: 'trusted' } as const,
    { tag: 'gone', digest: null, at: at(10), verdict: null, kind: 'deleted', origin: 'sweep' } as const,
    { tag: '3.4.0', digest: 'by a thief', at: at(0, -20), verdict: 'rogue', actor: 902 } as const,
    { tag: LONG_TAG, digest: 'a long one', at: at(0, -10), verdict: 'pending', actor: 902 } as const,
  ].sort((a, b) => a.at - b.at);
}

beforeAll(async () => {
  browsed = await BrowsedInstallation.start();
  ({ pushwarden } = browsed);
  const { db } = pushwarden;
  await makeAlert(pushwarden, 'docker.io/org/overwritten');
  await db
    .prepare(
      `INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at) VALUES (900, 1, 'dockerhub-pat', 't', 'ci-publish-2022', 0),
       (901, 1, 'dockerhub-account', 'r', 'release-bot', 0), (902, 1, 'dockerhub-account', 'h', ?1, 0)`,
    )
    .bind(HOSTILE)
    .run();
  for (const image of [IMAGE, LONG]) {
    const watched = await pushwarden.watch(image, { policy: { pushers: ['release-bot'], immutableTags: ['*.*.*'] } });
    ids[image] = watched.id;
    await writePast(db, watched.id, story(Date.now()));
  }
  for (let n = 0; n < 60; n += 1) await watchQuietly(`docker.io/many/image-${String(n).padStart(2, '0')}`);
}, 120_000);
afterAll(() => browsed?.stop());

/** Watches an image without reading it. */
async function watchQuietly(image: string): Promise<void> {
  const path = image.slice(image.indexOf('/') + 1);
  await pushwarden.db
    .prepare(
      `INSERT INTO repositories (team_id, hook_id, registry, path, policy, created_at, baseline_at, next_sweep_at)
       SELECT 1, hook_id, 'docker.io', ?2, policy, 0, 0, 9e15 FROM repositories WHERE id = ?1`,
    )
    .bind(ids[IMAGE], path)
    .run();
}

const go = (page: Page, path: string) => page.goto(`${pushwarden.url}${path}`);
const rowsOf = (page: Page, caption: string) => page.getByRole('table', { name: caption }).getByRole('row');

describe('without JavaScript', () => {
  let page: Page;
  beforeAll(async () => {
    ({ page } = await browsed.open({ javaScriptEnabled: false }));
  });

  test('an image is found by a part of its name, worst first, and opened', async () => {
    await go(page, '/');
    await page.getByRole('link', { name: 'Repositories', exact: true }).click();
    const first = rowsOf(page, 'Watched images').nth(1);
    expect(await first.textContent()).toContain('org/overwritten');
    expect(await first.textContent()).toContain('1 alert');
    expect(await rowsOf(page, 'Watched images').count()).toBe(51);
    await page.getByRole('link', { name: 'More', exact: true }).click();
    expect(await rowsOf(page, 'Watched images').count()).toBe(1 + 63 - 50);
    await page.getByLabel('Part of its name').fill('ORG/a');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(new URL(page.url()).search).toBe('?q=ORG%2Fa');
    expect(await rowsOf(page, 'Watched images').count()).toBe(2);
    await page.getByRole('link', { name: IMAGE }).click();
    expect(page.url()).toBe(`${pushwarden.url}/r/${IMAGE}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(IMAGE);
  });

  test('pushes are filtered by verdict, tag and day, and the address says how', async () => {
    await go(page, `/r/${IMAGE}`);
    await page.getByRole('navigation', { name: 'Filter by verdict' }).getByRole('link', { name: 'Rogue' }).click();
    expect(new URL(page.url()).search).toBe('?verdict=rogue');
    expect(await rowsOf(page, 'Releases of this image').allTextContents()).toHaveLength(2);
    await page.getByLabel('Verdict', { exact: true }).selectOption('trusted');
    await page.getByLabel('Tag, in full').fill('nightly');
    const day = new Date(Date.now() - 200 * DAY).toISOString().slice(0, 10);
    await page.getByLabel('From').fill(day);
    await page.getByLabel('To').fill(day);
    await page.getByRole('button', { name: 'Show' }).click();
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      verdict: 'trusted',
      tagged: 'nightly',
      from: day,
      to: day,
    });
    const rows = await rowsOf(page, 'Releases of this image').allTextContents();
    expect(rows).toHaveLength(2);
    expect(rows[1]).toContain('nightly');
    expect(await page.getByRole('link', { name: 'Look further back' }).count()).toBe(0);
  });

  test('all releases are paged through, each once, and say who pushed how surely', async () => {
    await go(page, `/r/${IMAGE}`);
    const seen: string[] = [];
    for (let pages = 0; pages < 20; pages += 1) {
      const links = await rowsOf(page, 'Releases of this image')
        .getByRole('rowheader')
        .getByRole('link')
        .evaluateAll((all) => all.map((a) => a.getAttribute('href') ?? ''));
      seen.push(...links);
      const older = page.getByRole('link', { name: 'Older' });
      if ((await older.count()) === 0) break;
      await older.click();
    }
    expect(new Set(seen).size).toBe(seen.length);
    // 300 nights, five releases of three tags each, a rogue one, a pending one, one tag that came and went.
    expect(seen.length).toBeGreaterThanOrEqual(300 + 5 + 2 + 2);
    await go(page, `/r/${IMAGE}?tagged=3.3.0`);
    const row = await rowsOf(page, 'Releases of this image').nth(1).textContent();
    expect(row).toContain('ci-publish-2022, deduced: only its last use fits');
    expect(row).toContain('Signed by release.yml@refs/tags/v3.4.0');
    expect(await page.getByRole('link', { name: 'Announced by CI' }).getAttribute('href')).toBe(RUN);
  });

  test('a tag’s reflog is opened from its strip, and leads to each push and digest', async () => {
    await go(page, `/r/${IMAGE}`);
    const strips = page.getByRole('img', { name: /^Digests of tag/ });
    expect(await strips.count()).toBeGreaterThanOrEqual(8);
    const described = await page.getByRole('img', { name: 'Digests of tag 3.4.0' }).locator('desc').textContent();
    expect(described).toMatch(/^Since \d+ \w+ trusted digest [0-9a-f]{8}; since \d+ \w+ rogue digest [0-9a-f]{8}\.$/);
    await page.locator('.strip').getByRole('link', { name: '3.4.0', exact: true }).click();
    expect(page.url()).toBe(`${pushwarden.url}/r/${IMAGE}?tag=3.4.0`);
    const rows = rowsOf(page, 'Moves of 3.4.0');
    expect(await rows.count()).toBe(3);
    expect(await rows.nth(1).textContent()).toContain('Rogue');
    expect(await page.locator('.answers').textContent()).toContain(hexOf('release 3.4.0').slice(0, 8));
    expect(await rows.nth(1).getByRole('rowheader').getByRole('link').getAttribute('href')).toMatch(/^\/p\/\d+-\d+$/);
    await rows
      .nth(2)
      .getByRole('link', { name: hexOf('release 3.4.0').slice(0, 8) })
      .click({ position: { x: 20, y: 8 } });
    expect(page.url()).toBe(`${pushwarden.url}/d/sha256:${hexOf('release 3.4.0')}`);
    expect(await rowsOf(page, 'Pushes of this digest').count()).toBe(1 + 6);
  });

  test('a tag that moves every night is paged through move by move', async () => {
    await go(page, `/r/${IMAGE}?tag=nightly`);
    const times: string[] = [];
    for (let pages = 0; pages < 10; pages += 1) {
      const rows = rowsOf(page, 'Moves of nightly');
      times.push(...(await rows.getByRole('rowheader').allTextContents()));
      const older = page.getByRole('link', { name: 'Older' });
      if ((await older.count()) === 0) break;
      await older.click();
    }
    expect(times).toHaveLength(300);
    expect(times).toEqual([...new Set(times)].sort().reverse());
  });

  test('a digest is looked up from the search box to its page', async () => {
    await go(page, '/search');
    await page
      .getByRole('searchbox')
      .last()
      .fill(`sha256:${hexOf('by a thief')}`);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'All that is known of this digest' }).click();
    expect(await page.locator('.answers').textContent()).toContain('Rogue');
    await go(page, `/d/sha256:${'0'.repeat(64)}`);
    expect(await page.getByText('We have not seen it').count()).toBe(1);
  });

  test('policy and deliveries stand beside the pushes', async () => {
    await go(page, '/r/docker.io/org/overwritten');
    await page.getByRole('link', { name: 'Policy', exact: true }).click();
    expect(await page.locator('dl.facts').textContent()).toContain('release-bot');
    await page.getByRole('link', { name: 'Deliveries', exact: true }).click();
    expect(await rowsOf(page, 'Deliveries').nth(1).textContent()).toContain('Recorded');
  });

  test('a chart has its numbers in a table', async () => {
    await go(page, '/');
    await page.getByText('Show these numbers as a table').click();
    const table = page.getByRole('table', { name: 'Pushes per week by verdict' });
    expect(await table.getByRole('row').count()).toBe(14);
    expect(
      await page
        .getByRole('img', { name: /^Pushes per week/ })
        .locator('desc')
        .textContent(),
    ).toMatch(/rogue in the week of|rogue in \d weeks/);
  });
});

describe('every page', () => {
  beforeAll(() => {
    const long = `/r/${LONG}`;
    const digest = (name: string) => `/d/sha256:${hexOf(name)}`;
    Object.assign(addresses, {
      image: `/r/${IMAGE}`,
      'image, rogue': `/r/${IMAGE}?verdict=rogue`,
      long,
      'long, second page': `${long}?before=200`,
      overwritten: '/r/docker.io/org/overwritten',
      'long tag': `${long}?tag=${LONG_TAG}`,
      tag: `/r/${IMAGE}?tag=3.4.0`,
      nightly: `/r/${IMAGE}?tag=nightly`,
      policy: `${long}?view=policy`,
      deliveries: `/r/docker.io/org/overwritten?view=deliveries`,
      'no deliveries': `${long}?view=deliveries`,
      quiet: '/r/docker.io/many/image-07',
      digest: digest('by a thief'),
      released: digest('release 3.4.0'),
      unseen: digest('nothing'),
    });
  });

  describeEveryPage(
    () => browsed,
    [
      '/',
      '/repositories',
      '/repositories?q=nothing-like-it',
      'image',
      'image, rogue',
      'long',
      'long, second page',
      'overwritten',
      'quiet',
      'tag',
      'nightly',
      'long tag',
      'policy',
      'deliveries',
      'no deliveries',
      'digest',
      'released',
      'unseen',
    ],
    addresses,
  );
});
