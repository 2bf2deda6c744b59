import { describe, expect, it } from 'vitest';
import { calendarOf, dayOf, type UseHistory } from '../../../src/domain/use-calendar.ts';
import { UseCalendar } from '../../../src/pages/parts/use-calendar.tsx';

const HOSTILE = `"><script>alert(1)</script></title><!channel>&'\u202E`;
const NOW = Date.UTC(2026, 10, 24, 12);
const TODAY = dayOf(NOW);
const DAY = 86_400_000;

function drawn(differs: Partial<UseHistory>, name = 'ci-publish'): string {
  const history: UseHistory = { days: [], alarms: [], blind: [], knownSince: 0, ...differs };
  const href = (first: string, last: string) => `/credentials/C-1?from=${first}&to=${last}`;
  return String(<UseCalendar name={name} days={calendarOf(history, NOW)} href={href} note={name} />);
}

const used = (day: number, pushes: number) => ({ day, pushes, possible: 0, uses: 0 });
const squares = (html: string, look: string): number => {
  const [, path = ''] = new RegExp(`<svg viewBox="0 0 377[^]*?<path class="${look}" d="([^"]*)"`).exec(html) ?? [];
  return path.split('M').length - 1;
};

describe('the calendar of uses', () => {
  it('is two pictures with a title, a finding in a sentence, a legend with totals, and a table', () => {
    const html = drawn({ days: [used(TODAY - 2, 1), used(TODAY - 200, 3), used(TODAY - 300, 7)] });
    expect(html.match(/role="img"/g)?.length).toBe(2);
    expect(html).toContain('<title id="cal-1-t">Use of ci-publish, 25 May 2026 to 24 Nov 2026</title>');
    expect(html).toContain('<desc id="cal-1-d">Used on one day, 22 Nov 2026.</desc>');
    expect(html).toContain('aria-labelledby="cal-0-t cal-0-d"');
    expect(html).toContain('Used on 3 days between 28 Jan 2026 and 22 Nov 2026.');
    for (const words of ['Seen once: 1 day', '2 to 4 times: 1 day', '5 or more: 1 day']) expect(html).toContain(words);
    expect(html).toContain('Show as a table');
    expect(html).toContain('<a href="/credentials/C-1?from=2026-11-22&amp;to=2026-11-22">Nov 2026</a>');
    expect(html).toContain('22: 1 push');
  });

  it('draws each day once, whatever it looks like', () => {
    const html = drawn({
      days: [used(TODAY - 1, 1), used(TODAY - 2, 4), used(TODAY - 3, 5)],
      alarms: [NOW],
      blind: [{ from: (TODAY - 6) * DAY, until: (TODAY - 5) * DAY }],
      knownSince: (TODAY - 40) * DAY,
    });
    const [, halves = ''] = /<div class="halves">(.*?)<figcaption>/.exec(html) ?? [];
    const counts = [...halves.matchAll(/<path class="c\w" d="([^"]*)"/g)].reduce(
      (sum, [, path = '']) => sum + path.split('M').length - 1,
      0,
    );
    expect(counts).toBe(calendarOf({ days: [], alarms: [], blind: [], knownSince: 0 }, NOW).length);
  });

  it('never tells by colour alone: an alarm has a mark, blindness is hatched, each has words', () => {
    const html = drawn({ alarms: [NOW], blind: [{ from: (TODAY - 6) * DAY, until: (TODAY - 6) * DAY + 1 }] });
    expect(html.match(/class="mark"/g)?.length).toBe(2);
    expect(html).toMatch(/class="cb" d="[^"]+" fill="url\(#hatch\)"/);
    expect(html.match(/id="hatch"/g)?.length).toBe(1);
    expect(html).toContain('An alert speaks of 24 Nov 2026. On 1 day we could not look.');
    expect(html).toContain('An alert speaks of it: 1 day');
    expect(html).toContain('We could not look: 1 day');
  });

  it('does not say that it was not used where nobody could know', () => {
    const html = drawn({ knownSince: NOW });
    expect(html).toContain('No use was seen. On ');
    expect(html).toContain('we did not know of it yet.');
    expect(html).toContain('Not seen used: 1 day');
    expect(squares(html, 'cn')).toBeGreaterThan(100);
  });

  it('takes any name for text', () => {
    const html = drawn({ days: [used(TODAY, 1)] }, HOSTILE);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<!channel');
    expect(html.match(/<title/g)?.length).toBe(html.match(/<\/title>/g)?.length);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/ style=|<style/);
  });

  it('is some kilobytes, however much was used', () => {
    const days = Array.from({ length: 400 }, (_, n) => used(TODAY - n, n));
    expect(drawn({ days }).length).toBeLessThan(18_000);
  });
});
