import * as z from 'zod';
import { isTag } from '../domain/reference.ts';
import type { TagUpdaters } from '../usecases/propose-policy.ts';
import { readPast } from './fields.ts';
import { createHttp, type HttpOptions, parseJson } from './http.ts';

const READ = 20;

/** Nothing that would leave its place in a path. */
const PATH = /^[a-z0-9][a-z0-9_-]{0,254}\/[a-z0-9][a-z0-9._-]{0,254}$/;

const pageSchema = z.object({ results: z.array(z.unknown()).max(100) });
const tagSchema = z.object({
  name: z.string().refine(isTag),
  last_updater_username: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/),
  last_updated: z.unknown(),
});

/**
 * Who last pushed each of an image's latest tags, as Docker Hub tells everybody of a public image. It is a hint for a
 * first policy: nothing is judged by it. What cannot be read of one tag is left out.
 * @see https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/ListRepositoryTags
 */
export function createTagUpdaters(options: HttpOptions): TagUpdaters {
  const send = createHttp(options);
  return async ({ registry, path }, requests, now) => {
    if (registry !== 'docker.io' || !PATH.test(path)) return { state: 'absent' };
    if (!requests.take()) return { state: 'unavailable', reason: 'no more requests are left' };
    const [namespace = '', name = ''] = path.split('/');
    const answer = await send({ path: `/v2/namespaces/${namespace}/repositories/${name}/tags?page_size=${READ}` });
    if (answer.kind === 'trouble') return { state: 'unavailable', reason: answer.reason };
    if (answer.status === 404) return { state: 'absent' };
    const page = pageSchema.safeParse(answer.status === 200 ? parseJson(answer.body ?? '') : null);
    if (!page.success) return { state: 'unavailable', reason: `Docker Hub answered ${answer.status} and no tags` };
    const updates = page.data.results.flatMap((each) => {
      const tag = tagSchema.safeParse(each);
      const at = tag.success ? readPast(tag.data.last_updated, now) : null;
      return tag.success && typeof at === 'number'
        ? [{ tag: tag.data.name, account: tag.data.last_updater_username, at }]
        : [];
    });
    return { state: 'present', value: updates };
  };
}
