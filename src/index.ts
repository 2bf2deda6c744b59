import { type Services, servicesOf } from './compose.ts';
import { createApp } from './http/app.ts';
import { consume } from './jobs/queue.ts';
import { everyMinute } from './jobs/scheduled.ts';
import { pageRoutes } from './pages/routes.tsx';
import type { Env } from './settings.ts';

const app = createApp(pageRoutes());

/** A local installation's clock may have been advanced since this isolate last looked. */
async function ready(env: Env): Promise<Services> {
  const services = servicesOf(env);
  if (services.settings.local) services.clock.offsetMs = await services.clockStore.offset();
  return services;
}

export default {
  fetch: app.fetch,

  async queue(batch, env): Promise<void> {
    await consume(await ready(env), batch);
  },

  async scheduled(controller, env): Promise<void> {
    await everyMinute(await ready(env), controller.scheduledTime);
  },
} satisfies ExportedHandler<Env>;
