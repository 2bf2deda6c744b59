import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { PageContent, PageEnv } from './page.ts';
import { iconsIn, Sprite } from './parts/icon.tsx';
import { Shell } from './parts/shell.tsx';

/** A page as HTML. It is never kept: it says what was so when it was made. */
export function show(c: Context<PageEnv>, content: PageContent, status: ContentfulStatusCode = 200): Response {
  const { services, visit } = c.var;
  const html = (<Shell content={content} visit={visit} now={services.clock.now()} />).toString();
  const sprite = (<Sprite names={iconsIn(html)} />).toString();
  // Text that strangers wrote is escaped: the page's end is the only one there is.
  const end = html.lastIndexOf('</body>');
  c.header('content-type', 'text/html; charset=utf-8');
  return c.body(`<!doctype html>${html.slice(0, end)}${sprite}${html.slice(end)}`, status);
}

/** After a form: to the page that shows what became of it. `path` is ours, or came through `localPath`. */
export const seeOther = (c: Context<PageEnv>, path: string): Response => c.redirect(path, 303);
