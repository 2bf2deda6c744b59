import type { D1Database } from '@cloudflare/workers-types';
import { deliveryOf, journey, registryOf, Tags } from '../test/fixtures/push-journey.ts';

interface Env {
  readonly EMPTY: D1Database;
  readonly FULL: D1Database;
}

/** `POST /EMPTY?pushes=50`: that many pushes through webhook store and check, one after the other. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const db = pathname === '/FULL' ? env.FULL : env.EMPTY;
    const tags = new Tags();
    const { accept, judge } = journey(db, registryOf(tags));
    for (let n = 0; n < Number(searchParams.get('pushes')); n += 1) {
      const tag = crypto.randomUUID();
      const { pushes } = await accept(deliveryOf('github', tag, tags.move(tag)));
      await judge(pushes);
    }
    return new Response(null, { status: 202 });
  },
};
