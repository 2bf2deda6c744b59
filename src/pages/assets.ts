import { BASE } from './style/base.ts';
import { CREDENTIALS } from './style/credentials.ts';
import { FORMS } from './style/forms.ts';
import { FRAME } from './style/frame.ts';
import { MEDIA } from './style/media.ts';
import { PARTS } from './style/parts.ts';
import { PUSH } from './style/push.ts';
import { REPOSITORY } from './style/repository.ts';
import { SETTINGS } from './style/settings.ts';
import { TABLES } from './style/tables.ts';
import { WELCOME } from './style/welcome.ts';

/** A file that every page names by a hash of its contents, so that browsers keep it for ever. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** Copy buttons, which ship hidden, and the reader's own time on hover. Pages are whole without it. */
const SCRIPT = `for (const time of document.querySelectorAll('time'))
  time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.lastChild.textContent = 'Copied';
    } catch {
      button.hidden = true;
    }
  });
}
`;

/** Spaces of the sources are no use to a browser. No quoted text in them has one beside punctuation. */
const parts = [BASE, FRAME, PARTS, FORMS, TABLES, MEDIA, REPOSITORY, WELCOME, SETTINGS, CREDENTIALS, PUSH];
const style = parts
  .join('')
  .replace(/\s*([{};,])\s*/g, '$1')
  .replace(/: /g, ':')
  .replaceAll(';}', '}')
  .trim();

/** FNV-1a, 32 bits: it tells one release's file from another's and protects nothing. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n += 1) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

export const STYLE: Asset = {
  path: `/assets/style-${hashOf(style)}.css`,
  type: 'text/css; charset=utf-8',
  text: style,
};
export const SCRIPT_ASSET: Asset = {
  path: `/assets/page-${hashOf(SCRIPT)}.js`,
  type: 'text/javascript; charset=utf-8',
  text: SCRIPT,
};
