import * as z from 'zod';
import {
  type Connector,
  connectSource,
  pollSourceNow,
  removeSource,
  renewSource,
  type SourceChange,
} from '../../usecases/connect-source.ts';
import { idOf, notHere, type PageInput, PageProblem, readForm } from '../page.ts';
import { seeOther } from '../show.tsx';

const accountName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9_-]{1,62}$/, { error: 'expected a Docker Hub user or organization name' });
const secret = z
  .string()
  .min(8, { error: 'expected a token or password of 8 characters or more' })
  .max(500, { error: 'at most 500 characters' });

const newSource = z.object({
  account: accountName,
  organization: z.union([z.literal('').transform(() => undefined), accountName]).optional(),
  secret,
});

const connectorOf = ({ visit: { session }, now }: PageInput): Connector => ({
  teamId: session.teamId,
  name: session.name,
  now,
});

/** As `readForm`, and whatever was typed is not shown again: a secret is among it. */
function readSecretForm<T extends z.ZodType>(schema: T, form: URLSearchParams): z.output<T> {
  try {
    return readForm(schema, form);
  } catch (error) {
    if (error instanceof PageProblem) throw new PageProblem(error.status, error.message);
    throw error;
  }
}

const refused = (): PageProblem =>
  new PageProblem(400, 'Docker Hub does not let this account in with that secret. Is it revoked, expired or mistyped?');

export async function connectForm(input: PageInput): Promise<Response> {
  const given = readSecretForm(newSource, input.form);
  const id = await connectSource(input.services, connectorOf(input), given);
  if (id === 'refused') throw refused();
  if (id === 'there')
    throw new PageProblem(409, `${given.account} is connected already: give it a new login there instead.`);
  return seeOther(input.c, '/settings/sources?done=connected');
}

export async function loginForm(input: PageInput): Promise<Response> {
  const id = idOf(input.c.req.param('id'));
  const given = readSecretForm(z.object({ secret }), input.form);
  return answer(input, await renewSource(input.services, connectorOf(input), id, given.secret), 'login');
}

export async function pollForm(input: PageInput): Promise<Response> {
  const id = idOf(input.c.req.param('id'));
  return answer(input, await pollSourceNow(input.services, connectorOf(input), id), 'polled');
}

export async function removeForm(input: PageInput): Promise<Response> {
  const id = idOf(input.c.req.param('id'));
  return answer(input, await removeSource(input.services, connectorOf(input), id), 'disconnected');
}

function answer({ c }: PageInput, done: SourceChange, word: string): Response {
  if (done === 'not-there') throw notHere();
  if (done === 'refused') throw refused();
  return seeOther(c, `/settings/sources?done=${word}`);
}
