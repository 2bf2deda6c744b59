import type { Context } from 'hono';
import { mediaType, readBody } from '../http/body.ts';
import { Problem } from '../http/problem.ts';
import { isSameSecret } from '../secrets.ts';
import { type PageEnv, PageProblem } from './page.ts';

const MAX_FORM = 16 * 1024;
/** What people type in many words; other fields may be secrets and are never shown again. */
const TYPED_FIELDS = ['reason', 'note'] as const;

/**
 * The fields of a form that one of our pages sent. A browser says from where it sends a form, and other sites can
 * neither lie about that nor read the token. All three must agree.
 * @throws PageProblem 403 for anything else: nothing was changed then.
 */
export async function readPost(
  c: Context<PageEnv>,
  csrf: string | null,
  maxBytes: number = MAX_FORM,
): Promise<URLSearchParams> {
  const site = c.req.header('sec-fetch-site');
  // Absent in old browsers only; `same-site` is another host of ours, or a neighbour's.
  if (site !== undefined && site !== 'same-origin') throw foreign();
  const origin = c.req.header('origin');
  if (origin === undefined || !ownOrigins(c).includes(origin)) throw foreign();
  if (mediaType(c.req.raw) !== 'application/x-www-form-urlencoded') throw foreign();
  const form = new URLSearchParams(new TextDecoder().decode(await body(c, maxBytes)));
  const token = form.get('csrf') ?? '';
  form.delete('csrf');
  if (csrf === null || !isSameSecret(token, csrf)) throw tooOld(form);
  return form;
}

async function body(c: Context<PageEnv>, maxBytes: number): Promise<Uint8Array> {
  try {
    return await readBody(c.req.raw, maxBytes);
  } catch (error) {
    if (error instanceof Problem) throw new PageProblem(413, 'That is more than this form takes. Nothing was changed.');
    throw error;
  }
}

/** This request's own, and the public one: behind a tunnel the Worker sees another than the browser. */
function ownOrigins(c: Context<PageEnv>): string[] {
  const { publicUrl } = c.var.services.settings;
  const own = new URL(c.req.url).origin;
  return publicUrl === '' ? [own] : [own, new URL(publicUrl).origin];
}

const foreign = (): PageProblem =>
  new PageProblem(403, 'This form did not come from a page of this installation. Nothing was changed.');

export const tooOld = (form: URLSearchParams): PageProblem =>
  new PageProblem(
    403,
    'This form is too old: you have signed in again or out since it was shown. Nothing was changed.',
    TYPED_FIELDS.flatMap((name) => form.getAll(name)).filter((text) => text !== ''),
  );
