import { describe, expect, it } from 'vitest';
import {
  cleanName,
  code,
  codeBlock,
  cut,
  cutMrkdwn,
  link,
  prose,
  shortName,
  slackDate,
} from '../../../src/notify/slack-text.ts';

describe('names of others', () => {
  it('cannot mention, link or close markup', () => {
    expect(prose('<!channel> & </script> <http://evil|docs>', 200)).toBe(
      '&lt;!channel&gt; &amp; &lt;/script&gt; &lt;http://evil|docs&gt;',
    );
    expect(code('<@U1>')).toBe('`&lt;@U1&gt;`');
  });

  it('cannot leave a code span', () => {
    expect(code('a`*b*`c').split('`')).toHaveLength(3);
    expect(codeBlock('x```y').split('```')).toHaveLength(3);
  });

  it('cannot format running text or put emoji into it', () => {
    const text = prose('*bold* _italic_ ~gone~ `code` :white_check_mark: my_app 3:04', 200);
    expect(text).not.toMatch(/[*~`]/);
    expect(text).not.toMatch(/(^|\s)_|_(\s|$)/);
    expect(text).not.toContain(':white_check_mark:');
    expect(text).toContain('my_app 3:04');
  });

  it('leaves image references and addresses as they are', () => {
    const text = '127.0.0.1:5000/org/app:1.0 https://ci.example/runs/1';
    expect(prose(text, 200)).toBe(text);
  });

  it('keep to one line, and show what is invisible', () => {
    expect(cleanName('a\r\n\tb\u2028c')).toBe('a b c');
    expect(cleanName('ad\u202Enim\u200B\u0000')).toBe('ad\uFFFDnim\uFFFD\uFFFD');
    expect(cleanName('\uD83Dx')).toBe('\uFFFDx');
  });

  it('are said to be missing when empty', () => {
    expect(code(' \n ')).toBe('`(no name)`');
  });
});

describe('lengths', () => {
  it('are kept without half entities or half characters', () => {
    for (let max = 2; max < 20; max++) {
      const text = prose('&'.repeat(50), max);
      expect(text.length).toBeLessThanOrEqual(max);
      expect(text).toMatch(/^(&amp;)*…$/);
      expect(cut('🛑'.repeat(20), max).isWellFormed()).toBe(true);
      expect(cut('🛑'.repeat(20), max).length).toBeLessThanOrEqual(max);
    }
  });

  it('of headlines shorten a name over 40 characters in the middle', () => {
    expect(shortName('a'.repeat(40))).toBe('a'.repeat(40));
    expect(shortName(`${'a'.repeat(60)}-3.4.0`)).toMatch(/^a{24}…a{9}-3\.4\.0$/);
    expect([...shortName('x'.repeat(5000))]).toHaveLength(40);
  });

  it('of mrkdwn lose whole lines first, and never half of a span', () => {
    expect(cutMrkdwn(`one\ntwo\n${'x'.repeat(100)}`, 20)).toBe('one\ntwo\n…');
    expect(cutMrkdwn(`\`${'x'.repeat(100)}\``, 20)).toMatch(/^`x+`…$/);
    expect(cutMrkdwn('a &amp; b &amp; c', 14)).toBe('a &amp; b …');
    expect(cutMrkdwn(`aaaa <!date^1^{time}|now> ${'x'.repeat(50)}`, 20)).toBe('aaaa …');
  });
});

describe('times and links', () => {
  it('are shown in the zone of the reader, with UTC where Slack cannot', () => {
    expect(slackDate(Date.UTC(2024, 11, 23, 3, 2, 41, 900))).toBe(
      '<!date^1734922961^{date_short_pretty} {time_secs}|2024-12-23 03:02:41 UTC>',
    );
  });

  it.each([Number.NaN, -1, 1e20])('says that %s is no known time', (ms) => {
    expect(slackDate(ms)).toBe('an unknown time');
  });

  it('link only to web addresses, whatever they hold', () => {
    expect(link('https://a.example/?x=1&y=<b>|c', 'See')).toBe('<https://a.example/?x=1&amp;y=%3Cb%3E%7Cc|See>');
    expect(link('javascript:alert(1)', 'See')).toBe('See');
  });
});
