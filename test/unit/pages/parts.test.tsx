import { describe, expect, it } from 'vitest';
import { alertHeadline } from '../../../src/notify/alert-words.ts';
import { Digest } from '../../../src/pages/parts/digest.tsx';
import { PostForm } from '../../../src/pages/parts/form.tsx';
import { Icon, iconsIn, Sprite } from '../../../src/pages/parts/icon.tsx';
import { Rows } from '../../../src/pages/parts/rows.tsx';
import { ALERT } from './alerts.ts';

const HOSTILE = '"><img src=x onerror=alert(1)>&<!channel>';
const digest = `sha256:${'0123456789abcdef'.repeat(4)}` as const;

describe('a digest', () => {
  it('stands whole in the page', () => {
    const html = String(<Digest digest={digest} prefix />);
    expect(html.replaceAll(/<[^>]+>/g, '')).toBe(digest);
    expect(html).toContain('<span class="mid" aria-hidden="true">89abcdef');
  });

  it('has a button for the whole of it that only the script shows', () => {
    const html = String(<Digest digest={digest} copy="Copy the safe digest" />);
    expect(html).toContain(`hidden="" data-copy="${digest}" aria-label="Copy the safe digest"`);
  });
});

describe('what strangers wrote', () => {
  it('is text as a child, an attribute, a label and a headline', () => {
    const html = String(
      <>
        <PostForm action={`/x?${HOSTILE}`} csrf={HOSTILE}>
          {HOSTILE}
        </PostForm>
        <Rows
          caption={HOSTILE}
          columns={[{ label: HOSTILE }, { label: HOSTILE }]}
          rows={[{ cells: [HOSTILE, HOSTILE] }]}
          none=""
        />
        <h1>{alertHeadline({ ...ALERT, image: `docker.io/${HOSTILE}`, tags: [HOSTILE] })}</h1>
      </>,
    );
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<!channel');
    expect(html.match(/&quot;&gt;&lt;img/g)?.length).toBeGreaterThanOrEqual(8);
  });
});

describe('icons', () => {
  it('come with the page that draws them, and no others', () => {
    const html = String(
      <p>
        <Icon name="rogue" /> <Icon name="copy" /> {'<use href="#i-hand"'}
      </p>,
    );
    expect(iconsIn(html)).toEqual(['rogue', 'copy']);
    expect(String(<Sprite names={['rogue']} />)).toMatch(/<symbol id="i-rogue" viewBox="0 0 16 16"><path d="M5/);
  });
});
