import { describe, expect, it } from 'vitest';
import { blastRadiusCsv } from '../../../src/notify/blast-radius-csv.ts';
import { blastRadiusMarkdown } from '../../../src/notify/blast-radius-markdown.ts';
import { csvField } from '../../../src/notify/csv-text.ts';
import { reportNaming } from '../../fixtures/blast-radius.ts';
import { PUSHED_AT, ROGUE, SAFE } from '../../fixtures/notifications.ts';

const ADDRESS = 'https://pushwarden.example.org';

/** Each holds EVIL where it would do harm. */
const HOSTILE = [
  'a`EVIL`b',
  '``EVIL``',
  '`',
  'a | EVIL | b',
  'a\\| EVIL',
  '\\',
  '<script>EVIL</script>',
  '<!-- EVIL',
  '[EVIL](javascript:alert(1))',
  '![EVIL](https://evil.example/x.png)',
  '@EVIL',
  '#1 EVIL',
  'https://EVIL.example',
  'a\n\n# EVIL',
  'a\r\n| EVIL |',
  'a\u2028# EVIL',
  '\u202EEVIL',
  '\u200BEVIL',
  '\u0000EVIL',
  '**EVIL**',
  '~~~\nEVIL',
  ' ',
  'EVIL'.repeat(200),
];

const plain = blastRadiusMarkdown(reportNaming('x'), ADDRESS);
/** What is Markdown, with the code spans and blocks taken out. */
const skeleton = (text: string): string =>
  text.replaceAll(/^```sh\n.*\n```$/gm, '').replaceAll(/`[^`\n]*`|\(no name\)/g, 'NAME');

describe('a report in Markdown', () => {
  it.each(HOSTILE)('is the same around the name %j', (name) => {
    const text = blastRadiusMarkdown(reportNaming(name), ADDRESS);
    expect(skeleton(text)).toBe(skeleton(plain));
    expect(skeleton(text)).not.toContain('EVIL');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F\u200B-\u200F\u2028-\u202E\u2066-\u2069]/);
  });

  it('has as many cells in each row of a table as in its head', () => {
    for (const name of HOSTILE) {
      const tables = blastRadiusMarkdown(reportNaming(name), ADDRESS)
        .split('\n\n')
        .filter((each) => each.startsWith('| '));
      for (const table of tables) {
        const cells = table.split('\n').map((row) => row.split('|').length);
        expect(new Set(cells).size).toBe(1);
      }
    }
  });

  it('gives commands for what follows the grammar, and no other', () => {
    expect(plain).toContain(`crane tag docker.io/acme/app@${SAFE} 3.4.0`);
    expect(plain.match(/^crane tag/gm)).toHaveLength(1);
    const injected = blastRadiusMarkdown(reportNaming("docker.io/a;id'$(id)"), ADDRESS);
    expect(injected.match(/^```sh\n.*$/gm)?.join()).not.toContain('id)');
  });

  it('does without the expectation’s command where nobody knows the address', () => {
    expect(blastRadiusMarkdown(reportNaming('x'), '')).not.toContain('curl');
    expect(plain).toContain('curl --fail -X POST');
  });

  it('says that it is cut, and how to read on', () => {
    const cut = { ...reportNaming('x'), next: { at: PUSHED_AT, key: 'p12-3' } };
    const text = blastRadiusMarkdown(cut, ADDRESS);
    expect(text.slice(0, 600)).toContain('This report is cut');
    expect(text).toContain(`cursor=${PUSHED_AT}-p12-3`);
    expect(plain).not.toContain('is cut');
    expect(blastRadiusCsv(cut).trimEnd().split('\r\n').at(-1)).toContain(`cursor=${PUSHED_AT}-p12-3`);
  });

  it('says that only a part is counted', () => {
    const report = reportNaming('x');
    if (report.summary === null) throw new Error('a first page');
    const partly = { ...report, summary: { ...report.summary, countedSince: PUSHED_AT } };
    expect(blastRadiusMarkdown(partly, ADDRESS)).toContain('Counted since 2024-12-23 03:02:41 UTC only');
  });

  it('does not take nothing found for nothing there', () => {
    const quiet = { ...reportNaming('x'), pushes: [], uses: [], toRestore: [] };
    const text = blastRadiusMarkdown(quiet, ADDRESS);
    expect(text).toContain('No push of it was seen in this time');
    expect(text.indexOf('What could not be seen')).toBeGreaterThan(0);
  });

  it('does not tell to go back to what the same credential pushed', () => {
    const [push] = reportNaming('x').pushes;
    if (push === undefined || push.trustedBefore === null) throw new Error('a push');
    const own = { ...push, safe: null, trustedBefore: { ...push.trustedBefore, bySame: true } };
    const text = blastRadiusMarkdown({ ...reportNaming('x'), pushes: [own], toRestore: [own] }, ADDRESS);
    expect(text).not.toContain('crane tag');
    expect(text).toContain('was pushed by this credential too');
  });
});

describe('a field of CSV', () => {
  it.each([
    ['plain', '"plain"'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['a\nb', '"a\nb"'],
    ['', '""'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\t'=1"`],
    ['\rx', `"'\rx"`],
    ['  =1', `"'  =1"`],
    ['＝1', `"'＝1"`],
    ['x;=1', `"x;'=1"`],
    ['x\n=1', `"x\n'=1"`],
    ['a-b', '"a-b"'],
    ['a=b', '"a=b"'],
  ])('is for %j %s', (text, expected) => expect(csvField(text)).toBe(expected));
});

/** A reader of RFC 4180 that knows nothing of how it was written. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, end] of text.matchAll(/"((?:[^"]|"")*)"(,|\r\n)/g)) {
    row.push((quoted ?? '').replaceAll('""', '"'));
    if (end === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe('a report in CSV', () => {
  it.each([...HOSTILE, '=EVIL', '-EVIL', '"EVIL', 'a","=EVIL'])(
    'has one record for each thing with the name %j',
    (name) => {
      const rows = parseCsv(blastRadiusCsv(reportNaming(name)));
      expect(new Set(rows.map(({ length }) => length)).size).toBe(1);
      const records = rows.map(([record]) => record);
      expect(records).toEqual([
        'record',
        'push',
        'push',
        'use',
        'reach',
        ...Array.from({ length: 6 }, () => 'not-covered'),
      ]);
      for (const field of rows.flat()) expect(field).not.toMatch(/^\s*[=+\-@]|^[\t\r]/);
    },
  );

  it('has full digests and the one to go back to', () => {
    const [head = [], push = []] = parseCsv(blastRadiusCsv(reportNaming('x')));
    const of = (column: string) => push[head.indexOf(column)];
    expect([of('digest'), of('digest_to_restore'), of('verdict'), of('strength')]).toEqual([
      ROGUE,
      SAFE,
      'rogue',
      'named',
    ]);
  });
});
