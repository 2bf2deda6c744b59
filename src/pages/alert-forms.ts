import * as z from 'zod';
import { isWatchAlert } from '../domain/alert.ts';
import { SNOOZES } from '../domain/snooze.ts';
import { EXPECT_MINUTES, restoreOf } from '../notify/restore.ts';
import { closeAlert, expectTag, type Handling, snoozeAlert, takeAlert } from '../usecases/handle-alert.ts';
import { handlerOf, notHere, type PageInput, PageProblem, readForm } from './page.ts';
import { seeOther } from './show.tsx';

/** The number of `A-12`. @throws PageProblem 404 */
export function alertIdOf({ c }: PageInput): number {
  const [, id] = /^A-([1-9]\d{0,11})$/.exec(c.req.param('id') ?? '') ?? [];
  if (id === undefined) throw notHere();
  return Number(id);
}

export async function takeAlertForm(input: PageInput): Promise<Response> {
  const id = alertIdOf(input);
  return answer(input, id, await takeAlert(input.services, handlerOf(input), id), 'taken', '');
}

const snoozing = z.object({ until: z.enum(SNOOZES, { error: 'choose when' }) });

export async function snoozeForm(input: PageInput): Promise<Response> {
  const id = alertIdOf(input);
  const { until } = readForm(snoozing, input.form);
  const done = await snoozeAlert(input.services, handlerOf(input), id, until);
  if (done === 'taken') throw new PageProblem(409, 'Somebody has it already: there is nobody to remind.');
  return answer(input, id, done, 'snoozed', '');
}

const closing = z.object({
  resolution: z.enum(['expected', 'incident'], { error: 'choose one of the two' }),
  reason: z.string().trim().min(1, { error: 'say what happened' }).max(1000, { error: 'at most 1000 characters' }),
});

export async function closeAlertForm(input: PageInput): Promise<Response> {
  const id = alertIdOf(input);
  const given = readForm(closing, input.form);
  const done = await closeAlert(input.services, handlerOf(input), id, given);
  return answer(input, id, done, 'closed', given.reason);
}

/** What the alert itself advises: its first tag at its safe digest. Nothing in the form can make it another. */
export async function expectForm(input: PageInput): Promise<Response> {
  const { services, visit } = input;
  const id = alertIdOf(input);
  const alert = await services.inbox.alert(visit.session.teamId, id);
  if (alert === null || isWatchAlert(alert.facts)) throw notHere(); // no push, no tag
  const { facts } = alert;
  const watched = await services.repositories.get(visit.session.teamId, alert.repository);
  if (watched === null) throw notHere();
  const restore = restoreOf(facts, null, null);
  if (restore === null) throw new PageProblem(409, 'There is no safe digest to point this tag back at.');
  await expectTag(services, handlerOf(input), {
    target: { repository: watched.id, teamId: visit.session.teamId, policy: watched.policy },
    image: facts.image,
    tag: restore.tag,
    digest: restore.safe,
    minutes: EXPECT_MINUTES,
    reason: `restore after A-${id}`,
  });
  return seeOther(input.c, `/alerts/A-${id}?done=expected`);
}

function answer(input: PageInput, id: number, done: Handling, word: string, typed: string): Response {
  if (done === 'not-there') throw notHere();
  if (done === 'closed')
    throw new PageProblem(409, 'Somebody has closed this alert meanwhile.', typed === '' ? [] : [typed]);
  return seeOther(input.c, `/alerts/A-${id}?done=${word}`);
}
