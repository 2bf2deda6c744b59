import * as z from 'zod';
import { burstFigures } from '../../domain/burst.ts';
import { notFound } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { iso, time } from '../schemas/common.ts';

const burstId = z.object({
  id: z
    .string()
    .regex(/^B-\d{1,12}$/, { error: 'expected an id like B-12' })
    .transform((id) => Number(id.slice(2))),
});
const answer = z
  .object({
    id: z.string(),
    openedAt: time,
    acknowledged: z.object({ by: z.string(), at: time }).nullable(),
    tags: z.int(),
    alerts: z
      .array(
        z.object({
          id: z.string(),
          image: z.string().nullable(),
          tags: z.int(),
          state: z.enum(['open', 'acknowledged', 'closed']),
          safeKnown: z.boolean(),
          openedAt: time,
        }),
      )
      .meta({ description: 'The first 500, oldest first; `/alerts/{id}` has the digest to go back to.' }),
    more: z.int(),
  })
  .meta({ id: 'Burst' });

export const burstRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/bursts/:id',
    operationId: 'getBurst',
    summary: 'Alerts that one message speaks for',
    scope: 'read',
    params: burstId,
    response: answer,
    async handle({ params, caller, services }) {
      const burst = await services.bursts.get(caller.teamId, params.id);
      if (burst === null) throw notFound();
      const { acknowledged } = burst;
      return {
        id: `B-${burst.id}`,
        openedAt: iso(burst.openedAt),
        acknowledged: acknowledged === null ? null : { by: acknowledged.by, at: iso(acknowledged.at) },
        tags: burstFigures(burst).tags,
        alerts: burst.alerts.map(({ id, image, tags, state, hasSafe, openedAt }) => ({
          id: `A-${id}`,
          image,
          tags,
          state,
          safeKnown: hasSafe,
          openedAt: iso(openedAt),
        })),
        more: burst.more,
      };
    },
  }),
];
