import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { ADMIN_KEY, addKey, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const OTHER_KEY = `pwk_${'b'.repeat(43)}`;
/** Whatever ends a line for somebody, quotes, tags, and half a character. */
const HOSTILE = 'a\u2028b\u2029c\u0085d\ne\rf\u000bg"h\\i</script>\u202ej\u0000k\ud800l\u001em😀{"push":"1-1"}';
/** As Python, Java and Unicode count lines. */
const LINE_ENDS = '\n\r\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029';
const SIZE = 2 * 1024 * 1024;

let pushwarden: TestInstallation;
let repository: Json;

interface Page {
  readonly lines: Json[];
  readonly text: string;
  readonly end: string | null;
  readonly next: string | null;
  readonly link: string | null;
}

async function read(path: string, key = ADMIN_KEY): Promise<Page> {
  const response = await fetch(new URL(`/api/v1/export/${path}`, pushwarden.url), {
    headers: { authorization: `Bearer ${key}` },
  });
  const text = await response.text();
  expect([response.status, text.slice(0, 500)]).toEqual([200, expect.anything()]);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const lines =
    text === ''
      ? []
      : text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => JSON.parse(line));
  const header = (name: string): string | null => response.headers.get(name);
  return {
    lines,
    text,
    end: header('pushwarden-slice-end'),
    next: header('pushwarden-next-cursor'),
    link: header('link'),
  };
}

/** All pages of a slice, as a script reads them: by the links. */
async function readAll(path: string): Promise<Page[]> {
  const pages = [await read(path)];
  for (;;) {
    const link = pages.at(-1)?.link ?? null;
    if (link === null) return pages;
    const [, next = ''] = /^<\/api\/v1\/export\/(.*)>; rel="next"$/.exec(link) ?? [];
    pages.push(await read(next));
  }
}

async function status(path: string): Promise<[number, string]> {
  const { status: code, json } = await pushwarden.api('GET', `/export/${path}`);
  return [code, json.detail];
}

/** As a store of ours writes them; `findings` and `evidence` may be anything. */
async function insert(
  count: number,
  more: { findings?: object[]; evidence?: object; at?: number } = {},
): Promise<void> {
  const { findings, evidence, at = Date.now() - 3_600_000 } = more;
  await pushwarden.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, verdict, findings, evidence)
       SELECT ?1, (SELECT coalesce(max(seq), 0) FROM pushes WHERE repository_id = ?1) + i, 'v', randomblob(32), 1, 0, ?3 + i, ?4, ?5, ?6 FROM n`,
    )
    .bind(
      repository.id,
      count,
      at,
      findings === undefined ? 1 : 2,
      findings === undefined ? null : JSON.stringify(findings),
      evidence === undefined ? null : JSON.stringify(evidence),
    )
    .run();
}

const wipe = () => pushwarden.db.prepare('DELETE FROM pushes').run();

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await addKey(pushwarden.db, 2, 'other', OTHER_KEY, 'read');
  pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
  repository = await pushwarden.watch('docker.io/org/app', { policy: { pushers: ['release-bot'] } });
});
afterAll(() => pushwarden.stop());

describe('an export', () => {
  test('has a real push as the API shows it, once it is a minute old, and its findings', async () => {
    const from = new Date().toISOString();
    pushwarden.registry.push('org/app', '1.0.0', singleImage('miner'));
    const sent = await sendDockerHub(pushwarden, repository.webhook, {
      path: 'org/app',
      tag: '1.0.0',
      pusher: 'mallory',
    });
    const [id] = sent.json.pushes;
    const shown = async () => (await pushwarden.api('GET', `/pushes/${id}`)).json;
    await until('it is judged', async () => (await shown()).verdict === 'rogue');
    expect((await read(`pushes?from=${from}`)).lines).toEqual([]);
    await pushwarden.advance(61);

    const pushes = await read(`pushes?from=${from}`);
    const { deliveries: _, nextCheckAt: __, ...push } = await shown();
    expect(pushes.lines).toEqual([push]);
    expect([pushes.next, pushes.link]).toEqual([null, null]);
    const findings = await read(`findings?from=${from}`);
    expect(findings.lines).toEqual(
      push.findings.map(({ code, ...facts }: Json) => ({
        ...{ push: id, image: 'docker.io/org/app', tag: '1.0.0', digest: push.digest, code, facts },
        ...{ verdict: 'rogue', alert: push.alert, pusher: { name: 'mallory', id: null }, at: push.receivedAt },
      })),
    );
    expect(findings.lines.map(({ code }) => code)).toEqual(['unexpected-pusher', 'tag-moved']);

    // The next slice begins where this one ended, and has nothing of it.
    expect((await read(`pushes?from=${pushes.end}`)).lines).toEqual([]);
    expect((await read('pushes', OTHER_KEY)).text).toBe('');
  });

  test('says whose push it is, and how surely', async () => {
    await wipe();
    await insert(1);
    const attribution = { strength: 'named', by: 'audit-log', account: null, uses: [{ credential: 7 }] };
    await pushwarden.db.prepare('UPDATE pushes SET attribution = ?1').bind(JSON.stringify(attribution)).run();
    expect((await read('pushes')).lines).toMatchObject([
      { attribution: { strength: 'named', by: 'audit-log', credentials: ['C-7'] } },
    ]);
  });

  test('is lines of JSON whatever the names are', async () => {
    await wipe();
    const finding = { code: 'unexpected-pusher', pusher: { name: HOSTILE, id: HOSTILE }, expected: [HOSTILE] };
    await insert(3, { findings: [finding], evidence: { readBack: HOSTILE, wants: [] } });
    await pushwarden.db
      .prepare('UPDATE pushes SET tag = ?1')
      .bind(HOSTILE.replaceAll('\u0000', '').replaceAll('\ud800', ''))
      .run();
    const { lines, text } = await read('findings');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({ facts: { pusher: finding.pusher, expected: [HOSTILE] } });
    const pushes = await read('pushes');
    expect(pushes.lines[0]).toMatchObject({ evidence: { readBack: HOSTILE }, findings: [finding] });
    for (const each of [text, pushes.text])
      expect([...each].filter((char) => LINE_ENDS.includes(char))).toHaveLength(3);
  });

  test.each([
    ['pushes', 20],
    ['pushes', 33],
    ['findings', 20],
    ['findings', 1000],
  ])('of %s comes in pages of at most %i lines, each line once', async (of, limit) => {
    await wipe();
    await insert(30, { findings: [{ code: 'unsigned' }, { code: 'no-ci-run' }, { code: 'unreported-push' }] });
    await insert(40);
    await insert(31, { findings: [{ code: 'unsigned' }] });
    const pages = await readAll(`${of}?limit=${limit}`);
    const lines = pages.flatMap((page) => page.lines);
    for (const page of pages) expect(page.lines.length).toBeLessThanOrEqual(limit);
    expect(new Set(pages.map(({ end }) => end)).size).toBe(1);
    const all = lines.map((line) => (of === 'pushes' ? line.id : `${line.push} ${line.code}`));
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(of === 'pushes' ? 101 : 30 * 3 + 31);
  });

  test('of findings goes on through thousands of pushes without any', async () => {
    await wipe();
    await insert(1, { findings: [{ code: 'unsigned' }] });
    await insert(4500);
    const pages = await readAll('findings');
    expect(pages.map(({ lines }) => lines.length)).toEqual([0, 0, 1]);
  });

  test('keeps a page near 2 MiB however much is known of each push', async () => {
    await wipe();
    await insert(60, { evidence: { readBack: '\u2028'.repeat(40_000), wants: [] } });
    const pages = await readAll('pushes');
    expect(pages.length).toBeGreaterThan(4);
    for (const page of pages) expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(SIZE);
    expect(pages.flatMap(({ lines }) => lines.map(({ id }) => id))).toHaveLength(60);
    await wipe();
    await insert(2, { evidence: { readBack: '\u2028'.repeat(400_000), wants: [] } });
    expect((await readAll('pushes')).map(({ lines }) => lines.length)).toEqual([1, 1]);
  });

  test('fixes its end with the first page: what comes later is for the next slice', async () => {
    await wipe();
    await insert(30);
    const first = await read('pushes?limit=20');
    await insert(5, { at: Date.parse(first.end ?? '') + 1000 });
    await pushwarden.advance(120);
    const second = await read(`pushes?limit=20&cursor=${first.next}`);
    expect([second.lines.length, second.end]).toEqual([10, first.end]);
    expect((await read(`pushes?from=${first.end}`)).lines).toHaveLength(5);
  });

  test('ends before a push that is pending', async () => {
    await wipe();
    await insert(3, { at: Date.now() - 3_600_000 });
    await insert(3, { at: Date.now() - 1_800_000 });
    const at = Date.now() - 2_000_000;
    await pushwarden.db
      .prepare(
        'UPDATE pushes SET verdict = 0, received_at = ?1, next_at = 8e15 WHERE seq = (SELECT max(seq) FROM pushes)',
      )
      .bind(at)
      .run();
    const { lines, end } = await read('pushes');
    expect([lines.length, end]).toEqual([3, new Date(at).toISOString()]);
    const asked = new Date(Date.now() - 3_000_000).toISOString();
    expect((await read(`pushes?to=${asked}`)).end).toBe(asked);
    // Decided before, and pending again: a slice never ends before it begins.
    const from = new Date(at + 1000).toISOString();
    expect(await read(`pushes?from=${from}`)).toMatchObject({ lines: [], end: from, next: null });
  });
});

test('the script of docs/export.md collects every push once, run after run', async () => {
  await wipe();
  await insert(30, { evidence: { readBack: 'x'.repeat(100_000), wants: [] } });
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-export-'));
  const [, script = ''] = /```sh\n(#![^`]*)```/.exec(readFileSync('docs/export.md', 'utf8')) ?? [];
  const run = () =>
    promisify(execFile)('sh', ['-c', script], {
      cwd: folder,
      env: { ...process.env, KEY: ADMIN_KEY, PUSHWARDEN: pushwarden.url },
    });
  const collected = (): string[] => {
    const lines = readFileSync(path.join(folder, 'pushes.ndjson'), 'utf8').trimEnd().split('\n');
    return lines.map((each) => JSON.parse(each).id);
  };
  await run();
  expect([collected().length, new Set(collected()).size]).toEqual([30, 30]);
  await run();
  expect(collected()).toHaveLength(30);
  const end = readFileSync(path.join(folder, 'pushes.end'), 'utf8').trim();
  await insert(5, { at: Date.parse(end) });
  await pushwarden.advance(120);
  await run();
  expect([collected().length, new Set(collected()).size]).toEqual([35, 35]);
  rmSync(folder, { recursive: true });
});

describe('an export of sightings', () => {
  test('has uses of the team’s credentials, by credential and time', async () => {
    const hour = Date.now() - 3_600_000;
    await pushwarden.db.batch([
      pushwarden.db
        .prepare(
          "INSERT INTO credentials (id, team_id, kind, external_id, name, account, first_seen_at) VALUES (70, 1, 'dockerhub-pat', 'x', ?1, 'org', 0)",
        )
        .bind(HOSTILE.replaceAll('\u0000', '').replaceAll('\ud800', '')),
      ...Array.from({ length: 45 }, (_, n) =>
        pushwarden.db
          .prepare(
            `INSERT INTO sightings (credential_id, at, key, since, seen_at, source, action, strength, repository_id, seq, detail)
             VALUES (70, ?1, 'p', ?2, ?3, 2, 0, 1, ?4, 3, ?5)`,
          )
          .bind(hour + n, hour - 5, hour + 9, repository.id, JSON.stringify({ ip: HOSTILE })),
      ),
    ]);
    await pushwarden.db.prepare('DELETE FROM sightings WHERE credential_id <> 70').run();
    const pages = await readAll('sightings?limit=20');
    expect(pages.map(({ lines }) => lines.length)).toEqual([20, 20, 5]);
    expect(pages[0]?.lines[0]).toEqual({
      credential: { id: 'C-70', kind: 'dockerhub-pat', name: expect.stringContaining('</script>'), account: 'org' },
      at: new Date(hour).toISOString(),
      since: new Date(hour - 5).toISOString(),
      seenAt: new Date(hour + 9).toISOString(),
      ...{ source: 'audit-log', action: 'push', strength: 'deduced' },
      push: `${repository.id}-3`,
      image: 'docker.io/org/app',
      detail: { ip: HOSTILE },
    });
    const times = pages.flatMap(({ lines }) => lines.map(({ at }) => at));
    expect(times).toEqual([...times].sort());
    expect((await read('sightings', OTHER_KEY)).lines).toEqual([]);
  });
});

describe('a cursor', () => {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const good = { v: 1, from: 0, to: 8e15, of: 'pushes', after: { repository: 1, seq: 5 } };

  test('that is made up right is one', async () => {
    expect((await read(`pushes?cursor=${encoded({ ...good, after: { repository: 9e14, seq: 1 } })}`)).lines).toEqual(
      [],
    );
  });

  const hostile: [string, string][] = [
    ['no base64url', '%2B%2F%3D'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64url')],
    ['JSON of another form', encoded([1])],
    ['null', encoded(null)],
    ['another version', encoded({ ...good, v: 2 })],
    ['of another export', encoded({ ...good, of: 'sightings', after: { credential: 1, at: 1, key: '' } })],
    ['one key more', encoded({ ...good, team: 2 })],
    ['a key more inside', encoded({ ...good, after: { repository: 1, seq: 5, team: 2 } })],
    ['SQL for a number', encoded({ ...good, after: { repository: '1 OR 1=1', seq: 5 } })],
    ['less than nothing', encoded({ ...good, from: -1 })],
    ['half a number', encoded({ ...good, after: { repository: 1.5, seq: 5 } })],
    ['after the end of time', encoded({ ...good, to: 8.65e15 })],
    ['too much', encoded({ ...good, to: 1e300 })],
    ['an end before its begin', encoded({ ...good, from: 2, to: 1 })],
    ['nothing', encoded({})],
    ['endless', 'a'.repeat(501)],
  ];
  test.each(hostile)('that is %s is refused', async (_, cursor) => {
    expect(await status(`pushes?cursor=${cursor}`)).toEqual([400, expect.stringContaining('cursor')]);
  });

  test('of one export is refused by another, and beside from and to', async () => {
    expect(await status(`findings?cursor=${encoded(good)}`)).toEqual([400, expect.stringContaining('this export')]);
    const { 0: code, 1: detail } = await status(`pushes?cursor=${encoded(good)}&from=2026-01-01T00:00:00Z`);
    expect([code, detail]).toEqual([400, expect.stringContaining('leave them out')]);
  });

  test('shows another team nothing', async () => {
    const cursor = encoded({ ...good, after: { repository: repository.id, seq: 9e14 } });
    expect((await read(`pushes?cursor=${cursor}`)).lines).not.toEqual([]);
    expect((await read(`pushes?cursor=${cursor}`, OTHER_KEY)).lines).toEqual([]);
  });
});

test.each([
  ['from', 'from=yesterday'],
  ['from', 'from=2026-01-01'],
  ['from', 'from=1969-01-01T00:00:00Z'],
  ['to', 'from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
  ['limit', 'limit=19'],
  ['limit', 'limit=1001'],
  ['limit', 'limit=x'],
])('what is wrong with %s is said: %s', async (field, query) => {
  expect(await status(`pushes?${query}`)).toEqual([400, expect.stringContaining(field)]);
});

test('times may have an offset', async () => {
  expect(await read('pushes?from=2026-01-01T02:00:00%2B02:00&to=2026-01-01T00:00:00Z')).toMatchObject({ lines: [] });
});

test('the document says what the lines are, and in what headers the rest is', async () => {
  const document = (await pushwarden.request('/api/v1/openapi.json')).json;
  const { '200': answer } = document.paths['/api/v1/export/pushes'].get.responses;
  expect(answer.content['application/x-ndjson'].schema.$ref).toBe('#/components/schemas/PushLine');
  expect(Object.keys(answer.headers)).toEqual(['pushwarden-slice-end', 'pushwarden-next-cursor', 'link']);
});
