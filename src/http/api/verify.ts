import * as z from 'zod';
import type { Services } from '../../compose.ts';
import { formatImageName, type ImageName } from '../../domain/reference.ts';
import { notConfigured } from '../../usecases/register-image.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import { verifyImage } from '../../usecases/verify-image.ts';
import { Problem } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { referenceText, verifyAnswer } from '../schemas/signatures.ts';
import { verifyView } from '../signature-views.ts';

/** @throws Problem 400: only registries of this installation are ever asked. */
export function checkRegistry({ settings }: Services, image: ImageName): void {
  if (settings.registries.has(image.registry)) return;
  throw new Problem(400, `image: ${notConfigured(image.registry)}`);
}

export const verifyRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/verify',
    operationId: 'verifyImage',
    summary: 'Read and verify the signatures of any image now, and say what your policy would say of it',
    scope: 'read',
    query: z.object({ image: referenceText }),
    response: verifyAnswer,
    async handle({ query, caller, services, now }) {
      const reference = query.image;
      const { image, tag } = reference;
      checkRegistry(services, image);
      const watched = await services.repositories.byImage(caller.teamId, image);
      const limit = services.settings.subrequests;
      const requests = createBudget(limit);
      const verified = await verifyImage(services.signatures, {
        teamId: caller.teamId,
        reference,
        policy: watched?.policy ?? null,
        recentIndexes: async () => (watched === null ? [] : await services.checks.recentIndexes(watched.id)),
        async pushedAt(digest) {
          if (watched === null || tag === null) return null;
          const [push] = await services.history.tagHistory(caller.teamId, watched.id, tag, null, 1);
          return push?.digest === digest ? (push.pushedAt ?? push.receivedAt) : null;
        },
        requests,
        now,
      });
      if (verified.state === 'absent') {
        throw new Problem(404, `${formatImageName(image)} has no such ${tag === null ? 'digest' : 'tag'}.`);
      }
      return verifyView(reference, verified, { made: limit - requests.left, limit });
    },
  }),
];
