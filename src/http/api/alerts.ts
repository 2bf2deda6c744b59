import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { AlertRecord } from '../../store/inbox.ts';
import { closeAlert, takeAlert } from '../../usecases/handle-alert.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { iso, isoOrNull, pageQuery, time } from '../schemas/common.ts';
import { alertAnswer, page } from '../schemas/records.ts';
import { alertView } from '../views.ts';

const alertId = z.object({
  id: z
    .string()
    .regex(/^A-\d{1,12}$/, { error: 'expected an id like A-12' })
    .transform((id) => Number(id.slice(2))),
});
const alertQuery = pageQuery.extend({ state: z.enum(['open', 'acknowledged', 'closed']).optional() });
const closing = z
  .strictObject({ resolution: z.enum(['expected', 'incident']), reason: z.string().trim().min(1).max(1000) })
  .meta({ id: 'ClosingInput' });
const message = z.object({
  event: z.string(),
  createdAt: time,
  sentAt: time.nullable(),
  failed: z.string().nullable(),
  attempts: z.int(),
});

async function alertOf(services: Services, teamId: number, id: number): Promise<AlertRecord> {
  const alert = await services.inbox.alert(teamId, id);
  if (alert === null) throw notFound();
  return alert;
}

export const alertRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/alerts',
    operationId: 'listAlerts',
    summary: 'Alerts, newest first',
    scope: 'read',
    query: alertQuery,
    response: page(alertAnswer),
    async handle({ query, caller, services }) {
      const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor) || 0;
      const alerts = await services.inbox.alerts(caller.teamId, query.state ?? null, before, query.limit);
      const last = alerts.length === query.limit ? alerts.at(-1) : undefined;
      return { items: alerts.map(alertView), next: last === undefined ? null : String(last.id) };
    },
  }),
  route({
    method: 'get',
    path: '/alerts/:id',
    operationId: 'getAlert',
    summary: 'One alert and the messages sent about it',
    scope: 'read',
    params: alertId,
    response: alertAnswer.extend({ messages: z.array(message) }),
    async handle({ params, caller, services }) {
      const alert = await alertOf(services, caller.teamId, params.id);
      const messages = await services.inbox.messages(alert.id);
      return {
        ...alertView(alert),
        messages: messages.map((each) => ({ ...each, createdAt: iso(each.createdAt), sentAt: isoOrNull(each.sentAt) })),
      };
    },
  }),
  route({
    method: 'post',
    path: '/alerts/:id/acknowledge',
    operationId: 'acknowledgeAlert',
    summary: 'Say that somebody has it; worsening still speaks',
    scope: 'admin',
    params: alertId,
    response: alertAnswer,
    async handle({ params, caller, services, now }) {
      const done = await takeAlert(services, { ...caller, now }, params.id);
      if (done === 'closed') throw new Problem(409, 'This alert is closed.');
      return alertView(await alertOf(services, caller.teamId, params.id));
    },
  }),
  route({
    method: 'post',
    path: '/alerts/:id/close',
    operationId: 'closeAlert',
    summary: 'Close an alert as expected or as an incident, with the reason',
    scope: 'admin',
    params: alertId,
    body: closing,
    response: alertAnswer,
    async handle({ params, body, caller, services, now }) {
      const done = await closeAlert(services, { ...caller, now }, params.id, body);
      if (done === 'closed') throw new Problem(409, 'This alert is closed already.');
      return alertView(await alertOf(services, caller.teamId, params.id));
    },
  }),
];
