import * as z from 'zod';
import type { Services } from '../../compose.ts';
import { artifactTagSubject } from '../../domain/digest.ts';
import { formatImageName } from '../../domain/reference.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import { type RecentTag, suggestPolicy } from '../../usecases/suggest-policy.ts';
import { Problem } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { imageText } from '../schemas/common.ts';
import { suggestionAnswer } from '../schemas/signatures.ts';
import { suggestionView } from '../signature-views.ts';
import { checkRegistry } from './verify.ts';

const query = z.object({
  image: imageText,
  tags: z.coerce.number().int().min(1).max(20).default(5).meta({ description: 'How many tags to read.' }),
});

/** Pushes looked through for tags that changed. */
const PUSHES = 200;

/**
 * Tags by their last push, or `null` if nothing was pushed since the image is watched: what was there at registration
 * is in no order.
 */
async function recentTags({ history }: Services, teamId: number, repository: number): Promise<RecentTag[] | null> {
  const options = { cursor: Number.MAX_SAFE_INTEGER, limit: PUSHES, verdict: null, folded: false };
  const pushes = await history.pushes(teamId, repository, options);
  const latest = new Map<string, RecentTag | null>();
  for (const { tag, digest, kind, origin, verdict } of pushes) {
    if (origin === 'baseline' || tag === '' || latest.has(tag) || artifactTagSubject(tag) !== null) continue;
    latest.set(tag, kind === 'deleted' || digest === null ? null : { tag, digest, isRogue: verdict === 'rogue' });
  }
  const tags = [...latest.values()].filter((tag) => tag !== null);
  return tags.length === 0 ? null : tags;
}

export const suggestionRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/policy-suggestion',
    operationId: 'suggestPolicy',
    summary: 'Read the signatures of the last tags of an image and propose a policy that fits them; changes nothing',
    scope: 'read',
    query,
    response: suggestionAnswer,
    async handle({ query: { image, tags }, caller, services, now }) {
      checkRegistry(services, image);
      const watched = await services.repositories.byImage(caller.teamId, image);
      const limit = services.settings.subrequests;
      const requests = createBudget(limit);
      const suggested = await suggestPolicy(services.signatures, {
        teamId: caller.teamId,
        image,
        policy: watched?.policy ?? null,
        recent: watched === null ? null : await recentTags(services, caller.teamId, watched.id),
        count: tags,
        requests,
        now,
      });
      if ('state' in suggested) {
        if (suggested.state === 'absent') throw new Problem(404, `The registry has no ${formatImageName(image)}.`);
        throw new Problem(503, `The tags of ${formatImageName(image)} cannot be listed now: ${suggested.reason}.`);
      }
      return suggestionView(image, suggested, { made: limit - requests.left, limit });
    },
  }),
];
