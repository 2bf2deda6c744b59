import type { PageInput, PageRoute } from './page.ts';
import { show } from './show.tsx';

async function overviewPage({ c }: PageInput): Promise<Response> {
  return show(c, { title: 'Overview', at: '/', main: <h1>Overview</h1> });
}

export const overviewPages: readonly PageRoute[] = [{ method: 'get', path: '/', right: 'see', run: overviewPage }];
