import * as z from 'zod';
import { formatImageName } from '../../domain/reference.ts';
import { contentsDependencies } from '../../jobs/dependencies.ts';
import { comparePush } from '../../usecases/compare-push.ts';
import { expectTag } from '../../usecases/handle-alert.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import type { PushKey } from '../../usecases/stores.ts';
import { sendTestAlert } from '../../usecases/test-alert.ts';
import { changesView } from '../change-views.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { changesAnswer } from '../schemas/changes.ts';
import { digestText, idParam, iso, pageQuery, tagText, time } from '../schemas/common.ts';
import { deliveryAnswer, page, pushAnswer, tagAnswer } from '../schemas/records.ts';
import { deliveryView, pushView } from '../views.ts';
import { repositoryOf } from './repositories.ts';

const pushQuery = pageQuery.extend({
  verdict: z.enum(['pending', 'trusted', 'rogue', 'undetermined']).optional(),
  folded: z.stringbool().default(false).meta({ description: 'Also parts of indexes and signatures.' }),
});

const pushId = z.object({ id: z.string().regex(/^\d{1,12}-\d{1,12}$/, { error: 'expected an id like 12-345' }) });
function keyOf(id: string): PushKey {
  const [repository = 0, seq = 0] = id.split('-').map(Number);
  return { repository, seq };
}

const tagParams = idParam.extend({ tag: tagText });

const expectation = z
  .strictObject({
    tag: tagText,
    digest: digestText,
    minutes: z.int().min(1).max(1440).default(30),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'ExpectationInput' });

const expectationAnswer = z.object({ tag: z.string(), digest: z.string(), until: time }).meta({ id: 'Expectation' });

const pageOf = <T>(items: T[], limit: number, next: (last: T) => string): { items: T[]; next: string | null } => {
  const last = items.length === limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? null : next(last) };
};

export const pushRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/repositories/:id/pushes',
    operationId: 'listPushes',
    summary: 'Pushes of an image, newest first',
    scope: 'read',
    params: idParam,
    query: pushQuery,
    response: page(pushAnswer),
    async handle({ params, query, caller, services }) {
      await repositoryOf(services, caller.teamId, params.id);
      const cursor = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor) || 0;
      const options = { cursor, limit: query.limit, verdict: query.verdict ?? null, folded: query.folded };
      const records = await services.history.pushes(caller.teamId, params.id, options);
      const { items, next } = pageOf(records, query.limit, (last) => String(last.seq));
      return { items: items.map(pushView), next };
    },
  }),
  route({
    method: 'get',
    path: '/pushes/:id',
    operationId: 'getPush',
    summary: 'One push with its evidence and the deliveries that told of it',
    scope: 'read',
    params: pushId,
    response: pushAnswer.extend({ deliveries: z.array(deliveryAnswer) }),
    async handle({ params, caller, services }) {
      const { repository, seq } = keyOf(params.id);
      const found = await services.history.push(caller.teamId, repository, seq);
      if (found === null) throw notFound();
      return { ...pushView(found.push), deliveries: found.deliveries.map(deliveryView) };
    },
  }),
  route({
    method: 'get',
    path: '/pushes/:id/changes',
    operationId: 'getChanges',
    summary: 'What changed in the image against the one before, as far as it was read: no registry is asked',
    scope: 'read',
    params: pushId,
    response: changesAnswer,
    async handle({ params, caller, services }) {
      const key = keyOf(params.id);
      const comparison = await services.comparisons.read(caller.teamId, key);
      if (comparison === null) throw notFound();
      return changesView(key, comparison);
    },
  }),
  route({
    method: 'post',
    path: '/pushes/:id/changes',
    operationId: 'comparePush',
    summary: 'Read what the image and the one before hold, and say what changed',
    scope: 'admin',
    params: pushId,
    response: changesAnswer,
    async handle({ params, caller, services, now }) {
      const key = keyOf(params.id);
      if ((await services.comparisons.read(caller.teamId, key)) === null) throw notFound();
      const requests = createBudget(services.settings.subrequests);
      await comparePush(contentsDependencies(services, requests), { ...caller, now }, key);
      const comparison = await services.comparisons.read(caller.teamId, key);
      if (comparison === null) throw notFound();
      return changesView(key, comparison);
    },
  }),
  route({
    method: 'get',
    path: '/repositories/:id/tags',
    operationId: 'listTags',
    summary: 'Tags with their digest and the digest to go back to',
    scope: 'read',
    params: idParam,
    query: pageQuery,
    response: page(tagAnswer),
    async handle({ params, query, caller, services }) {
      await repositoryOf(services, caller.teamId, params.id);
      const records = await services.history.tags(caller.teamId, params.id, query.cursor ?? '', query.limit);
      const { items, next } = pageOf(records, query.limit, (last) => last.name);
      const view = items.map(({ changedAt, deletedAt, safe, ...rest }) => ({
        ...rest,
        changedAt: iso(changedAt),
        deletedAt: deletedAt === null ? null : iso(deletedAt),
        safe: safe === null ? null : { ...safe, at: iso(safe.at) },
      }));
      return { items: view, next };
    },
  }),
  route({
    method: 'get',
    path: '/repositories/:id/tags/:tag/history',
    operationId: 'tagHistory',
    summary: 'Every push of a tag, newest first, like a reflog',
    scope: 'read',
    params: tagParams,
    query: pageQuery,
    response: page(pushAnswer),
    async handle({ params, query, caller, services }) {
      await repositoryOf(services, caller.teamId, params.id);
      const cursor = query.cursor === undefined ? null : Number(query.cursor) || 0;
      // One more than asked for tells where the next page starts.
      const records = await services.history.tagHistory(caller.teamId, params.id, params.tag, cursor, query.limit + 1);
      const after = records[query.limit];
      return {
        items: records.slice(0, query.limit).map(pushView),
        next: after === undefined ? null : String(after.seq),
      };
    },
  }),
  route({
    method: 'post',
    path: '/repositories/:id/expectations',
    operationId: 'expect',
    summary: 'Expect a tag at a digest for some minutes, before moving it by hand: it then raises no alarm',
    scope: 'admin',
    params: idParam,
    body: expectation,
    status: 201,
    response: expectationAnswer,
    async handle({ params, body, caller, services, now }) {
      const record = await repositoryOf(services, caller.teamId, params.id);
      const target = { repository: record.id, teamId: caller.teamId, policy: record.policy };
      const image = formatImageName(record.image);
      const expiresAt = await expectTag(services, { ...caller, now }, { target, image, ...body });
      return { tag: body.tag, digest: body.digest, until: iso(expiresAt) };
    },
  }),
  route({
    method: 'post',
    path: '/repositories/:id/test-alert',
    operationId: 'testAlert',
    summary: 'Send a clearly marked test to the channel of this image',
    scope: 'admin',
    params: idParam,
    status: 202,
    response: z.object({ event: z.string(), sending: z.literal(true) }),
    async handle({ params, caller, services, now }) {
      const record = await repositoryOf(services, caller.teamId, params.id);
      const sent = await sendTestAlert(services, { ...caller, now }, record);
      if (sent.is === 'no-channel')
        throw new Problem(409, 'There is no channel for this image yet: add one with POST /api/v1/channels.');
      if (sent.is === 'refused')
        throw new Problem(409, `The channel "${sent.channel}" refuses messages: ${sent.reason}. Change it first.`);
      return { event: sent.event, sending: true as const };
    },
  }),
];
