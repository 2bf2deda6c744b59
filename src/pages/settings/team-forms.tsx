import * as z from 'zod';
import { ROLES } from '../../domain/person.ts';
import { nameText } from '../../http/schemas/common.ts';
import { hashSecret, newSecret } from '../../secrets.ts';
import { idOf, notHere, type PageInput, PageProblem, readForm } from '../page.ts';
import { Copy } from '../parts/digest.tsx';
import { seeOther, show } from '../show.tsx';
import { openSession } from '../visit.ts';
import { auditBy } from './frame.tsx';

const DAY_MS = 86_400_000;
/** An invitation that is bound to an account can wait; one that the first comer takes must not. */
const BOUND_MS = 30 * DAY_MS;
const ADDRESS_MS = 14 * DAY_MS;
const OPEN_MS = 3 * DAY_MS;

const role = z.enum(ROLES);
const invitation = z.discriminatedUnion('by', [
  z.object({
    by: z.literal('github'),
    login: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9-]{1,39}(?:_[A-Za-z0-9]{1,20})?$/, { error: 'expected a GitHub login' }),
    role,
  }),
  z.object({ by: z.literal('access'), login: z.email({ error: 'expected an e-mail address' }).max(200), role }),
  z.object({ by: z.literal('link'), login: nameText, role }),
]);
type Invitation = z.output<typeof invitation>;

export async function invite(input: PageInput): Promise<Response> {
  const given = readForm(invitation, input.form);
  return given.by === 'link' ? addMember(input, given) : inviteIdentity(input, { ...given, by: given.by });
}

async function inviteIdentity(
  input: PageInput,
  { by, login, role }: Invitation & { readonly by: 'github' | 'access' },
): Promise<Response> {
  const { c, services, visit, now } = input;
  const account = by === 'github' ? await services.findGitHubAccount(login) : 'unavailable';
  // Whoever registers a free name would be let in.
  if (account === 'none') throw new PageProblem(400, `GitHub has no account ${login}. Nobody was invited.`);
  const externalId = account === 'unavailable' ? null : account.externalId;
  const life = externalId !== null ? BOUND_MS : by === 'access' ? ADDRESS_MS : OPEN_MS;
  const { teamId, name } = visit.session;
  await services.people.invite(
    { teamId, role, provider: by, login, externalId, expiresAt: now + life, by: name, now },
    auditBy(input, 'member.invited', login, { provider: by, role, id: externalId }),
  );
  return seeOther(c, `/settings?done=${by === 'github' && externalId === null ? 'invited-open' : 'invited'}`);
}

async function addMember(input: PageInput, { login: name, role }: Invitation): Promise<Response> {
  const { services, visit, now } = input;
  const audit = auditBy(input, 'member.added', name, { role });
  const id = await services.people.addMember({ teamId: visit.session.teamId, name, role, now }, audit);
  if (id === null) throw new PageProblem(409, `There is a member "${name}" already, or the team is full.`);
  return showLink(input, id, name);
}

export async function giveLink(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const member = await services.people.member(visit.session.teamId, id);
  if (member === null) throw notHere();
  return showLink(input, id, member.name);
}

/** Shows a link once: only its hash is kept. */
async function showLink(input: PageInput, personId: number, name: string): Promise<Response> {
  const { c, services, visit, now } = input;
  const token = newSecret();
  const link = { hash: await hashSecret(token), teamId: visit.session.teamId, personId, now };
  if (!(await services.signInLinks.add(link, auditBy(input, 'link.created', name))))
    throw new PageProblem(409, 'That member signs in with an account of their own: no link is needed.');
  const url = `${services.settings.publicUrl || new URL(c.req.url).origin}/signin/link/${token}`;
  const main = (
    <div class="slim stack">
      <h1>Sign-in link for {name}</h1>
      <p>Give it to {name} and to nobody else. It opens once, within 15 minutes, and is not shown again.</p>
      <p>
        <code class="secret">{url}</code>
      </p>
      <div class="btns">
        <Copy text={url} label="Copy the link" />
        <a class="btn" href="/settings">
          Back to the team
        </a>
      </div>
    </div>
  );
  return show(c, { title: 'Sign-in link', at: '/settings', main });
}

export async function changeRole(input: PageInput): Promise<Response> {
  const { c, services, visit, form } = input;
  const id = idOf(c.req.param('id'));
  const { teamId } = visit.session;
  const member = await services.people.member(teamId, id);
  if (member === null) throw notHere();
  const given = readForm(z.object({ role }), form).role;
  const audit = auditBy(input, 'member.role-changed', member.name, { before: member.role, after: given });
  if (!(await services.people.changeRole(teamId, id, given, audit))) throw lastOwner();
  return seeOther(c, '/settings?done=role');
}

export async function removeMember(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const { teamId } = visit.session;
  const member = await services.people.member(teamId, id);
  if (member === null) throw notHere();
  const audit = auditBy(input, 'member.removed', member.name, { role: member.role });
  if (!(await services.people.removeMember(teamId, id, audit))) throw lastOwner();
  return seeOther(c, '/settings?done=removed');
}

const lastOwner = (): PageProblem =>
  new PageProblem(409, 'That is the only owner: a team is never left without. Make somebody else an owner first.');

export async function withdraw(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const audit = auditBy(input, 'invitation.withdrawn', String(id));
  if (!(await services.people.withdraw(visit.session.teamId, id, audit))) throw notHere();
  return seeOther(c, '/settings?done=withdrawn');
}

/** Another team, other rights: the session goes on under a new token. */
export async function switchTeam(input: PageInput): Promise<Response> {
  const { c, services, visit, form } = input;
  const { session } = visit;
  const wanted = idOf(form.get('team') ?? undefined);
  const teams = session.personId === null ? [] : await services.people.teamsOf(session.personId);
  if (!teams.some(({ id }) => id === wanted)) throw notHere();
  await openSession(c, wanted, session.owner, session);
  return seeOther(c, '/');
}
