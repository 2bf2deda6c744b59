import type { Context } from 'hono';
import * as z from 'zod';
import type { Services } from '../compose.ts';
import { readBody } from './body.ts';
import type { AppEnv, Caller } from './context.ts';
import { check, parseInput } from './input.ts';
import { type Lines, ndjsonResponse } from './ndjson.ts';

const MAX_BODY = 256 * 1024;

const NONE = z.object({});

/** What a handler is given: everything already checked. */
export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  readonly services: Services;
  readonly now: number;
  readonly c: Context<AppEnv>;
}

interface Described<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Below `/api/v1`, as Hono writes it: `/repositories/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly scope: 'read' | 'admin';
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly status?: 200 | 201 | 202;
  readonly response: R;
}

type Handler<P, Q, B, A> = (input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>) => Promise<A>;

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>
  extends Described<P, Q, B, R> {
  readonly handle: Handler<P, Q, B, z.input<R>>;
}

/** What an NDJSON route answers: `response` describes a line. */
interface LinesDefinition<P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType>
  extends Described<P, Q, typeof NONE, R> {
  /** Name and description of the headers that its answers may have. */
  readonly headers: Readonly<Record<string, string>>;
  readonly handle: Handler<P, Q, typeof NONE, Lines>;
}

/** A route of the API: the same schemas check its requests and describe it in the OpenAPI document. */
export interface ApiRoute {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly scope: 'read' | 'admin';
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  readonly status: 200 | 201 | 202;
  readonly mediaType: 'application/json' | 'application/x-ndjson';
  /** Of the answer; of NDJSON, of a line. */
  readonly response: z.ZodType;
  /** Of the answer, with what each says. */
  readonly headers: Readonly<Record<string, string>>;
  /** In which it answers too, if asked to. */
  readonly otherMediaTypes?: readonly string[];
  readonly run: (c: Context<AppEnv>) => Promise<Response>;
}

/** Defines a route; its handler sees the types of its schemas. */
export function route<
  P extends z.ZodType = typeof NONE,
  Q extends z.ZodType = typeof NONE,
  B extends z.ZodType = typeof NONE,
  R extends z.ZodType = z.ZodType,
>(definition: Definition<P, Q, B, R>): ApiRoute {
  const { handle, ...described } = definition;
  const { status = 200 } = described;
  return {
    ...parts(described),
    mediaType: 'application/json',
    headers: {},
    async run(c) {
      const answer = await handle(await inputOf(described, c));
      c.header('cache-control', 'no-store');
      return c.json(answer, status);
    },
  };
}

/** Defines a route that answers with lines of JSON. */
export function linesRoute<
  P extends z.ZodType = typeof NONE,
  Q extends z.ZodType = typeof NONE,
  R extends z.ZodType = z.ZodType,
>(definition: LinesDefinition<P, Q, R>): ApiRoute {
  const { handle, headers, ...described } = definition;
  return {
    ...parts(described),
    mediaType: 'application/x-ndjson',
    headers,
    run: async (c) => ndjsonResponse(await handle(await inputOf(described, c))),
  };
}

/** What a route answers that also writes documents: JSON, or an answer of its own. */
interface DocumentDefinition<P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType>
  extends Described<P, Q, typeof NONE, R> {
  readonly otherMediaTypes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly handle: Handler<P, Q, typeof NONE, z.input<R> | Response>;
}

/** Defines a route that answers with JSON, or with a document if the request asks for one. */
export function documentRoute<
  P extends z.ZodType = typeof NONE,
  Q extends z.ZodType = typeof NONE,
  R extends z.ZodType = z.ZodType,
>(definition: DocumentDefinition<P, Q, R>): ApiRoute {
  const { handle, headers, otherMediaTypes, ...described } = definition;
  return {
    ...parts(described),
    mediaType: 'application/json',
    otherMediaTypes,
    headers,
    async run(c) {
      const answer = await handle(await inputOf(described, c));
      const response = answer instanceof Response ? answer : c.json(answer);
      response.headers.set('cache-control', 'no-store');
      response.headers.set('vary', 'Accept');
      return response;
    },
  };
}

type AnyDescribed = Described<z.ZodType, z.ZodType, z.ZodType, z.ZodType>;

const parts = ({ params = NONE, query = NONE, body, status = 200, ...rest }: AnyDescribed) => ({
  ...rest,
  params,
  query,
  body: body ?? null,
  status,
});

/** @throws Problem 400 that names what is wrong with the request. */
async function inputOf<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  { params, query, body }: Described<P, Q, B, z.ZodType>,
  c: Context<AppEnv>,
): Promise<RouteInput<z.output<P>, z.output<Q>, z.output<B>>> {
  const { services, caller } = c.var;
  return {
    params: check(params ?? NONE, c.req.param(), 'path') as z.output<P>, // the schema that just checked it
    query: check(query ?? NONE, c.req.query(), 'query') as z.output<Q>, // the same
    body: (body === undefined ? {} : parseInput(body, await readBody(c.req.raw, MAX_BODY))) as z.output<B>, // the same
    caller,
    services,
    now: services.clock.now(),
    c,
  };
}
