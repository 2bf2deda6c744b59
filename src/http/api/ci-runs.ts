import * as z from 'zod';
import { runUrl } from '../../domain/workflow-run.ts';
import type { ListedRun, RunCursor } from '../../usecases/ci-runs.ts';
import { Problem } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { iso, isoOrNull, pageQuery, time } from '../schemas/common.ts';
import { page } from '../schemas/records.ts';

const text = z.string().nullable();
const runAnswer = z
  .object({
    server: z.string(),
    run: z.int(),
    attempt: z.int(),
    repositoryId: z.string(),
    repository: z.string(),
    headRepositoryId: text.meta({ description: 'Whose code it ran: another repository is a fork; null is gone.' }),
    workflow: text,
    name: text,
    headBranch: text.meta({ description: 'A branch or a tag: GitHub does not say which.' }),
    headSha: z.string(),
    event: z.string(),
    state: z.enum(['requested', 'in-progress', 'completed']),
    status: text,
    conclusion: text,
    actor: text,
    triggeringActor: text,
    url: text,
    createdAt: time,
    startedAt: time,
    updatedAt: time,
    completedAt: time.nullable(),
  })
  .meta({ id: 'CiRun' });

const query = pageQuery.extend({
  repository: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, { error: "expected the source repository's numeric id at GitHub" })
    .meta({ description: 'Numeric id of the source repository.' }),
});

export const ciRunRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/ci-runs',
    operationId: 'listCiRuns',
    summary:
      'Runs of CI that webhooks told of in 400 days: on the first page those that go on, then the last ended first',
    scope: 'read',
    query,
    response: page(runAnswer),
    async handle({ query: { repository, cursor, limit }, caller, services }) {
      const before = cursor === undefined ? null : readCursor(cursor);
      const listed = await services.runs.list(caller.teamId, repository, before, limit);
      const ended = listed.filter(({ run }) => run.completedAt !== null);
      const last = ended.length === limit ? ended.at(-1) : undefined;
      return { items: listed.map(runView), next: last === undefined ? null : cursorAfter(last) };
    },
  }),
];

function readCursor(cursor: string): RunCursor {
  const [, completedAt, startedAt, id] = /^(\d{1,15})-(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? [];
  if (id === undefined) throw new Problem(400, 'cursor: expected next of the page before.');
  return { completedAt: Number(completedAt), startedAt: Number(startedAt), id: Number(id) };
}

const cursorAfter = ({ id, run }: ListedRun): string => `${run.completedAt ?? 0}-${run.startedAt}-${id}`;

function runView({ run }: ListedRun): z.input<typeof runAnswer> {
  const { id, createdAt, startedAt, updatedAt, completedAt, ...rest } = run;
  return {
    run: id,
    ...rest,
    url: runUrl(run),
    createdAt: iso(createdAt),
    startedAt: iso(startedAt),
    updatedAt: iso(updatedAt),
    completedAt: isoOrNull(completedAt),
  };
}
