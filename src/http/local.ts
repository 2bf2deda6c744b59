import { Hono } from 'hono';
import * as z from 'zod';
import { isLoopback } from '../domain/loopback.ts';
import { advanceClock, JOBS, runJob } from '../jobs/advance.ts';
import { readBody } from './body.ts';
import type { AppEnv } from './context.ts';
import { parseInput } from './input.ts';
import { notFound, Problem } from './problem.ts';

const advance = z.strictObject({
  advanceSeconds: z
    .number()
    .min(0)
    .max(400 * 86_400),
});
const job = z.strictObject({ job: z.enum(JOBS) });

/** What only a local installation has: a clock that can be advanced, and jobs that can be run at once. No key. */
export function localRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use('*', async (c, next) => {
    if (!c.var.services.settings.local) throw notFound();
    // A page in the maintainer's browser must not reach these: scripts send no Origin.
    if (c.req.header('origin') !== undefined) throw new Problem(403, 'Not for browsers.');
    await next();
  });
  app.get('/clock', (c) => c.json(clockView(c.var.services.clock)));
  app.post('/clock', async (c) => {
    const { advanceSeconds } = parseInput(advance, await readBody(c.req.raw, 1024));
    await advanceClock(c.var.services, advanceSeconds * 1000);
    return c.json(clockView(c.var.services.clock));
  });
  app.post('/run', async (c) => {
    const wanted = parseInput(job, await readBody(c.req.raw, 1024));
    await runJob(c.var.services, wanted.job);
    return c.json({ ran: wanted.job });
  });
  return app;
}

const clockView = (clock: { now(): number; offsetMs: number }) => ({
  now: new Date(clock.now()).toISOString(),
  offsetSeconds: clock.offsetMs / 1000,
});

/**
 * A local installation answers on this machine's own names only: a deployed Worker with LOCAL set refuses every
 * request, and so does one reached through a rebound name.
 */
export function refuseLocalElsewhere(url: string): void {
  if (!isLoopback(new URL(url).hostname)) {
    throw new Problem(500, 'LOCAL is set, but this is not a local installation: remove that variable.');
  }
}
