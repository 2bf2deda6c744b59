import { describe, expect, it } from 'vitest';
import { type PushWeek, pushWeekOf, pushWeekStart } from '../../../src/domain/push-week.ts';
import { stripInWords, unsignedInWords, weeksInWords } from '../../../src/notify/chart-words.ts';
import { ReleaseBars } from '../../../src/pages/parts/release-bars.tsx';
import { blocksOf, TagStrip } from '../../../src/pages/parts/tag-strip.tsx';
import type { TagMove } from '../../../src/store/tag-moves.ts';

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&<!channel>';
const NOW = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;
const SINCE = NOW - 90 * DAY;
const LAST = pushWeekOf(NOW);

const week = (ago: number, counts: Partial<PushWeek> = {}): PushWeek => ({
  week: LAST - ago,
  pending: 0,
  trusted: 0,
  rogue: 0,
  undetermined: 0,
  signed: 0,
  unsigned: 0,
  ...counts,
});
/** Thirteen weeks, of which some say something else than ten trusted pushes. */
const weeks = (changed: Readonly<Record<number, Partial<PushWeek>>> = {}): PushWeek[] =>
  Array.from({ length: 13 }, (_, n) => week(12 - n, { trusted: 10, ...changed[12 - n] }));

const hex = (digits: string): `sha256:${string}` => `sha256:${digits.repeat(8)}`;
const move = (days: number, differs: Partial<TagMove> = {}): TagMove => ({
  seq: 1000 - days,
  digest: hex('0a1b2c3d'),
  at: NOW - days * DAY,
  verdict: 'trusted',
  isBaseline: false,
  ...differs,
});

const strip = (moves: readonly TagMove[], tag = '1.0'): string =>
  String(<TagStrip id="t" chart="c" tag={tag} moves={moves} since={SINCE} now={NOW} />);

/** x and width of the blocks of a kind, in percent. */
const blocks = (html: string, kind: string): [x: number, width: number][] =>
  [...html.matchAll(new RegExp(`<rect class="f-${kind}"[^>]*? x="([\\d.]+)%" width="([\\d.]+)%"`, 'g'))].map(
    ([, x, width]) => [Number(x), Number(width)],
  );
const heights = (html: string, kind: string): number[] =>
  [...html.matchAll(new RegExp(`<rect class="f-${kind}"[^>]*height="([\\d.]+)"`, 'g'))].map(([, height]) =>
    Number(height),
  );

describe('pushes per week', () => {
  it('are a picture with a title, a sentence, totals and a table', () => {
    const html = String(<ReleaseBars id="w" weeks={weeks({ 0: { trusted: 3, rogue: 1, pending: 1 } })} />);
    expect(html).toContain('role="img" aria-labelledby="w-t w-d"');
    expect(html).toContain('<title id="w-t">Pushes per week by verdict, 13 weeks</title>');
    expect(html).toContain(
      'Between 5 and 10 pushes a week. 1 rogue in the week of 23 Nov. This week so far: 1 rogue, 1 pending, 3 trusted.',
    );
    expect(html).toContain('Trusted <b>123</b>');
    expect(html).toContain('Rogue <b>1</b>');
    expect(html.match(/<tr>/g)).toHaveLength(14);
    expect(html.match(/<time datetime="([^"]+)"/)?.[1]).toBe(
      new Date(pushWeekStart(LAST - 12)).toISOString().slice(0, 10),
    );
  });

  it('show one rogue push among thousands, with a sign, and the bar no higher for it', () => {
    const html = String(<ReleaseBars id="w" weeks={weeks({ 2: { trusted: 3999, rogue: 1 } })} />);
    expect(heights(html, 'rogue').filter((height) => height < 12)).toEqual([7]);
    expect(html).toContain('class="mark"');
    const [trusted = 0] = heights(html, 'trusted').toSorted((a, b) => b - a);
    expect(trusted + 7).toBeCloseTo(92, 0);
  });

  it('hatch what was undetermined, and draw nothing where nothing was pushed', () => {
    const html = String(<ReleaseBars id="w" weeks={weeks({ 1: { trusted: 0, undetermined: 4 } })} />);
    expect(html).toContain('<rect class="f-undetermined" fill="url(#w-hatch)"');
    expect(html).toContain('<pattern id="w-hatch"');
    const empty = String(<ReleaseBars id="w" weeks={Array.from({ length: 13 }, (_, n) => week(n))} />);
    expect(heights(empty, 'trusted').filter((height) => height !== 12)).toEqual([]);
    expect(empty).toContain('No push in these weeks.');
  });

  it('are told in a sentence that names the worst first', () => {
    expect(weeksInWords(weeks())).toBe('10 pushes in each week. None was rogue. This week so far: 10 trusted.');
    expect(weeksInWords(weeks({ 3: { rogue: 2 }, 5: { rogue: 1 }, 4: { undetermined: 1 } }))).toBe(
      'Between 10 and 12 pushes a week. 3 rogue in 2 weeks, first in that of 19 Oct. 1 undetermined in the week of 26 Oct. This week so far: 10 trusted.',
    );
  });

  it('never call unsigned what nobody looked at', () => {
    expect(unsignedInWords({ signed: 0, unsigned: 0 })).toBeNull();
    expect(unsignedInWords({ signed: 3, unsigned: 1 })).toBe('25 %');
    expect(unsignedInWords({ signed: 4, unsigned: 0 })).toBe('0 %');
  });
});

describe('a tag’s strip', () => {
  it('has a block per digest, to the next move or now, and begins at the picture’s edge', () => {
    const html = strip([move(100), move(45), move(9, { verdict: 'undetermined' })]);
    expect(blocks(html, 'trusted')).toEqual([
      [0, 50],
      [50, 40],
    ]);
    expect(blocks(html, 'undetermined')).toEqual([[90, 10]]);
    expect(html.match(/class="cut"/g)).toHaveLength(2);
    expect(html).toContain('>0a1b2c3d</text>');
  });

  it('shows a rogue digest of a minute, over what is around it, and marks it', () => {
    const minute = 1 / 1440;
    const html = strip([move(30), move(10 * minute, { verdict: 'rogue' }), move(9 * minute)]);
    const [[x = 0, width = 0] = []] = blocks(html, 'rogue');
    expect(width).toBe(1.6);
    expect(x + width).toBeLessThanOrEqual(100);
    expect(html.lastIndexOf('class="f-rogue" x')).toBeGreaterThan(html.lastIndexOf('class="f-trusted"'));
    expect(html).toContain('class="mark"');
  });

  it('is grey where there was no such tag, and open where it was there before watching', () => {
    const html = strip([
      move(80, { verdict: null, isBaseline: true }),
      move(40, { digest: null, verdict: null }),
      move(20),
    ]);
    expect(blocks(html, 'baseline')).toHaveLength(1);
    expect(blocks(html, 'trusted')).toEqual([[77.78, 22.22]]);
    expect(blocks(html, 'none')).toEqual([[0, 100]]);
  });

  it('is one block when the tag moved more often than can be told apart, the worst of them marked', () => {
    const nights = Array.from({ length: 42 }, (_, n) => move(42 - n, n === 20 ? { verdict: 'rogue' } : {}));
    const html = strip(nights);
    expect(blocks(html, 'rogue')).toHaveLength(1);
    expect(html).toContain('42 digests or more');
    expect(html.match(/class="mark"/g)).toHaveLength(1);
    expect(html).toContain('Since 13 Oct 42 digests or more, the worst a rogue digest.');
    expect(blocksOf(nights.slice(0, 40), SINCE)).toHaveLength(40);
  });

  it('says in a sentence what it was since when', () => {
    expect(stripInWords(blocksOf([move(60), move(0.4, { verdict: 'rogue', digest: hex('deadbeef') })], SINCE))).toBe(
      'Since 25 Sep trusted digest 0a1b2c3d; since 24 Nov rogue digest deadbeef.',
    );
    expect(stripInWords([])).toBe('Nothing is known of it in this time.');
    const many = Array.from({ length: 9 }, (_, n) => move(9 - n));
    expect(stripInWords(blocksOf(many, SINCE))).toMatch(/^3 moves before; since /);
  });

  it('holds names of strangers as text', () => {
    const html = strip([move(3)], HOSTILE);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('stays inside its picture whatever the times are', () => {
    const odd = [move(200), move(-5), move(Number.NaN)];
    for (const [x, width] of [...blocks(strip(odd), 'trusted')]) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(100.01);
    }
    expect(strip([])).toContain('Nothing is known');
  });
});
