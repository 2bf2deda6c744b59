import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type * as z from 'zod';
import type { Services } from '../compose.ts';
import type { Right } from '../domain/person.ts';
import type { AppEnv } from '../http/context.ts';
import type { LiveSession } from '../store/sessions.ts';
import type { Handler } from '../usecases/handle-alert.ts';

/** Hono's type parameter for the pages. */
export interface PageEnv {
  Bindings: AppEnv['Bindings'];
  Variables: { services: Services; visit: Visit | null };
}

/** A signed-in browser's request. */
export interface Visit {
  readonly session: LiveSession;
  /** Stands in every form; follows from the session's token. */
  readonly csrf: string;
}

/** What a page's handler is given: the visitor may do this, and a form is the visitor's own. */
export interface PageInput {
  readonly c: Context<PageEnv>;
  readonly services: Services;
  readonly visit: Visit;
  readonly now: number;
  /** Fields of a POST form, without the token; empty for GET. */
  readonly form: URLSearchParams;
}

/** A page or a form's target. One table of these is the whole dashboard: tests go through it. */
export interface PageRoute {
  readonly method: 'get' | 'post';
  /** As Hono writes it: `/alerts/:id`. */
  readonly path: string;
  readonly right: Right;
  /** How long a form may be, in bytes, if it holds more than what people type. */
  readonly maxForm?: number;
  readonly run: (input: PageInput) => Promise<Response>;
}

/** What stands in the frame. */
export interface PageContent {
  readonly title: string;
  /** The navigation's entry that this page belongs to. */
  readonly at?: string;
  readonly main: Child;
}

/** A form or an address that cannot be served, in words for the person in front of it. */
export class PageProblem extends Error {
  override readonly name = 'PageProblem';
  readonly status: 400 | 403 | 404 | 409 | 413 | 429 | 503;
  /** What was typed, so that it is not lost. Never a secret. */
  readonly typed: readonly string[];

  constructor(status: PageProblem['status'], message: string, typed: readonly string[] = []) {
    super(message);
    this.status = status;
    this.typed = typed;
  }
}

/** The one answer for what is not there, whoever asks: another team's things are not there. */
export const notHere = (): PageProblem => new PageProblem(404, 'We do not watch this.');

/** Who does what a form says. */
export const handlerOf = ({ visit: { session }, now }: PageInput): Handler => ({
  teamId: session.teamId,
  name: session.name,
  now,
});

/** Narrows a form by its schema. @throws PageProblem 400 naming each field and what is wrong with it. */
export function readForm<T extends z.ZodType>(schema: T, form: URLSearchParams): z.output<T> {
  const result = schema.safeParse(Object.fromEntries(form));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new PageProblem(400, problems.join('; '), [...form.values()]);
}

/** The number in a path. @throws PageProblem 404 */
export function idOf(text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text)) throw notHere();
  return Number(text);
}
