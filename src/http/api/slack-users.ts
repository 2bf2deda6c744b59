import * as z from 'zod';
import { notFound } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { iso, nameText, time } from '../schemas/common.ts';

const slackId = {
  workspace: z
    .string()
    .regex(/^[TE][A-Z0-9]{2,20}$/, { error: 'expected the id of a workspace: T…' })
    .meta({ description: 'Id of the Slack workspace, or of the organization.' }),
  user: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,20}$/, { error: 'expected the id of a member: U…' })
    .meta({ description: 'In Slack: the profile, “Copy member ID”.' }),
};
const role = z.enum(['responder', 'admin']).meta({
  description: '`responder` acknowledges and snoozes; `admin` marks as expected too, which may change a policy.',
});
const input = z.strictObject({ ...slackId, name: nameText, role }).meta({ id: 'SlackUserInput' });
const answer = z
  .object({ id: z.string(), ...slackId, name: z.string(), role, addedAt: time, addedBy: z.string() })
  .meta({ id: 'SlackUser' });

export const slackUserRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/slack-users',
    operationId: 'listSlackUsers',
    summary: 'Who may press buttons in Slack',
    scope: 'read',
    response: z.object({ items: z.array(answer) }),
    async handle({ caller, services }) {
      const users = await services.slackUsers.list(caller.teamId);
      return {
        items: users.map((each) => ({ id: `${each.workspace}/${each.user}`, ...each, addedAt: iso(each.addedAt) })),
      };
    },
  }),
  route({
    method: 'post',
    path: '/slack-users',
    operationId: 'addSlackUser',
    summary: 'Let somebody press buttons in Slack, or change their role',
    scope: 'admin',
    body: input,
    response: answer,
    async handle({ body, caller, services, now }) {
      const added = { ...body, addedAt: now, addedBy: caller.name };
      const target = `${body.workspace}/${body.user}`;
      const detail = { name: body.name, role: body.role };
      const audit = { teamId: caller.teamId, at: now, actor: caller.name, action: 'slack-user.added', target, detail };
      await services.slackUsers.put(caller.teamId, added, audit);
      return { id: target, ...added, addedAt: iso(now) };
    },
  }),
  route({
    method: 'delete',
    path: '/slack-users/:workspace/:user',
    operationId: 'removeSlackUser',
    summary: 'Take somebody off the list; at once',
    scope: 'admin',
    params: z.object(slackId),
    response: z.object({ removed: z.literal(true) }),
    async handle({ params: { workspace, user }, caller, services, now }) {
      const target = `${workspace}/${user}`;
      const audit = {
        teamId: caller.teamId,
        at: now,
        actor: caller.name,
        action: 'slack-user.removed',
        target,
        detail: null,
      };
      if (!(await services.slackUsers.remove(caller.teamId, workspace, user, audit))) throw notFound();
      return { removed: true as const };
    },
  }),
];
