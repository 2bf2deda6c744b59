import * as z from 'zod';
import { markCredential } from '../usecases/mark-credential.ts';
import { credentialAddress } from './addresses.ts';
import { notHere, type PageInput, readForm } from './page.ts';
import { seeOther } from './show.tsx';

/** The number of `C-12`. @throws PageProblem 404 */
export function credentialIdOf({ c }: PageInput): number {
  const [, id] = /^C-([1-9]\d{0,11})$/.exec(c.req.param('id') ?? '') ?? [];
  if (id === undefined) throw notHere();
  return Number(id);
}

const marking = z.object({
  mark: z.enum(['none', 'expected', 'unexpected', 'retired', 'canary'], { error: 'choose one of them' }),
  where: z.enum(['everywhere', 'some'], { error: 'choose one of the two' }),
  ciOnly: z.literal('yes').optional(),
  note: z.string().trim().min(1, { error: 'say why' }).max(500, { error: 'at most 500 characters' }),
});

const images = z
  .array(
    z
      .string()
      .regex(/^[1-9]\d{0,14}$/)
      .transform(Number),
  )
  .max(500);

/** What a maintainer says of a credential: the same as `PATCH /api/v1/credentials/{id}` with all of it given. */
export async function markForm(input: PageInput): Promise<Response> {
  const { c, services, visit, now, form } = input;
  const id = credentialIdOf(input);
  const { mark, where, ciOnly, note } = readForm(marking, form);
  const on = images.safeParse(form.getAll('on'));
  if (!on.success) throw notHere();
  const by = { teamId: visit.session.teamId, name: visit.session.name, now };
  const change = { mark, expectedOn: where === 'some' ? on.data : null, ciOnly: ciOnly === 'yes', note };
  if (!(await markCredential(services, by, id, change))) throw notHere();
  return seeOther(c, `${credentialAddress(id)}?done=marked`);
}
