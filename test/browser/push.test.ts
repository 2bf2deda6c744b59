import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RELEASE_AUTHORITY, singleImage } from '../../scripts/simulate/images.ts';
import { contentsRead, MINER, overwrite, twoPlatforms } from '../fixtures/pushed-images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { BrowsedInstallation, describeEveryPage, HOSTILE, LONG_TAG } from '../fixtures/watched-page.ts';
import { until } from '../fixtures/worker.ts';

let browsed: BrowsedInstallation;
const addresses: Record<string, string> = {};

beforeAll(async () => {
  browsed = await BrowsedInstallation.start();
  const { pushwarden } = browsed;
  const rogue = await overwrite(
    pushwarden,
    'org/app',
    singleImage('as released'),
    singleImage('by a thief', 'amd64', MINER),
  );
  addresses.rogue = `/p/${rogue.push}`;
  addresses.alert = `/alerts/${rogue.alert}`;
  await contentsRead(pushwarden, rogue.repository, 2);

  const [before, after] = [twoPlatforms('index as released'), twoPlatforms('index by a thief', MINER)];
  const index = await overwrite(pushwarden, 'org/index', before.index, after.index, [
    ...before.children,
    ...after.children,
  ]);
  addresses.index = `/p/${index.push}`;
  await contentsRead(pushwarden, index.repository, 5);

  const path = `${'very-long-name/'.repeat(16)}app`;
  const evil = HOSTILE.padEnd(300, 'x');
  const hostile = await overwrite(
    pushwarden,
    path,
    singleImage('hostile as released'),
    singleImage('hostile by a thief', 'amd64', {
      Entrypoint: Array.from({ length: 100 }, () => evil.repeat(3)),
      Cmd: evil,
      User: evil,
      WorkingDir: '/\u202Egnp.exe',
      Env: Array.from({ length: 700 }, (_, n) => `${evil}${n}=secret`),
      Labels: Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`${n}${evil}`, evil])),
      Volumes: { [evil]: {} },
      ExposedPorts: { [evil]: {} },
    }),
  );
  addresses.hostile = `/p/${hostile.push}`;
  await contentsRead(pushwarden, hostile.repository, 2);
  // What strangers may name things: no API of ours lets all of it in.
  await pushwarden.db
    .prepare(
      'UPDATE credentials SET name = ?1 WHERE id = (SELECT actor_id FROM pushes WHERE repository_id = ?2 AND alert_id IS NOT NULL)',
    )
    .bind(HOSTILE.padEnd(200, 'x'), hostile.repository)
    .run();
  const [, seq] = hostile.push.split('-');
  await pushwarden.db
    .prepare(
      "UPDATE pushes SET tag = ?1, evidence = json_set(evidence, '$.ci', json(?2)) WHERE repository_id = ?3 AND seq = ?4",
    )
    .bind(
      LONG_TAG,
      JSON.stringify({ how: 'concurrent', run: `javascript:${HOSTILE}` }),
      hostile.repository,
      Number(seq),
    )
    .run();

  pushwarden.registry.push('org/trusted', '1.0.0', singleImage('trusted 1.0.0'));
  const watched = await pushwarden.watch('docker.io/org/trusted', { policy: { pushers: ['release-bot'] } });
  addresses.baseline = `/p/${watched.id}-1`;
  pushwarden.registry.push('org/trusted', '1.1.0', singleImage('trusted 1.1.0'));
  await sendDockerHub(pushwarden, watched.webhook, { path: 'org/trusted', tag: '1.1.0', pusher: 'release-bot' });
  await until('it is trusted', async () => (await pushwarden.pushes(watched.id))[0]?.verdict === 'trusted');
  addresses.trusted = `/p/${watched.id}-2`;

  pushwarden.registry.push('org/slow', '1.0.0', singleImage('slow 1.0.0'));
  const slow = await pushwarden.watch('docker.io/org/slow', {
    policy: { signatures: { mode: 'require', authorities: [[RELEASE_AUTHORITY]] } },
  });
  pushwarden.registry.push('org/slow', '1.1.0', singleImage('slow 1.1.0'));
  await sendDockerHub(pushwarden, slow.webhook, { path: 'org/slow', tag: '1.1.0', pusher: 'release-bot' });
  await until('it is pending', async () => (await pushwarden.pushes(slow.id))[0]?.evidence?.signatures != null);
  addresses.pending = `/p/${slow.id}-2`;
});
afterAll(() => browsed?.stop());

describe('a person who comes from the alert', () => {
  test('sees the whole evidence, and what the image would run', async () => {
    const { page } = await browsed.open({ javaScriptEnabled: false });
    await page.goto(`${browsed.pushwarden.url}${addresses.alert}`);
    await page.getByRole('link', { name: 'See the whole evidence' }).click();
    expect(page.url()).toContain(addresses.rogue);
    const change = page.getByRole('row', { name: /Entrypoint/ });
    expect(await change.locator('del').textContent()).toBe('["/app"]');
    expect(await change.locator('ins').textContent()).toBe('["/bin/sh","-c","/usr/lib/.kd & exec /app"]');
    expect(await page.getByRole('row', { name: /User/ }).locator('ins').textContent()).toBe('0 (root)');
    await page.getByRole('link', { name: 'Take it, close it, expect the restore' }).click();
    expect(page.url()).toContain(addresses.alert);
  });

  test('asks for the comparison of a push that nothing was read of, once', async () => {
    const { page } = await browsed.open();
    await page.goto(`${browsed.pushwarden.url}${addresses.trusted}`);
    await page.getByRole('button', { name: 'Read what this image holds' }).click();
    await page.waitForURL(/#h-diff$/);
    expect(await page.getByRole('row', { name: /Entrypoint/ }).textContent()).toContain('["/app"]');
    expect(await page.getByRole('button', { name: /image holds|Compare/ }).count()).toBe(0);
  });
});

describeEveryPage(() => browsed, ['rogue', 'index', 'hostile', 'baseline', 'trusted', 'pending'], addresses);
