import type { Context } from 'hono';
import * as z from 'zod';
import type { Services } from '../compose.ts';
import { readBody } from './body.ts';
import type { AppEnv, Caller } from './context.ts';
import { check, parseInput } from './input.ts';

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

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
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
  readonly handle: (input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>) => Promise<z.input<R>>;
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
  readonly response: z.ZodType;
  readonly run: (c: Context<AppEnv>) => Promise<Response>;
}

/** Defines a route; its handler sees the types of its schemas. */
export function route<
  P extends z.ZodType = typeof NONE,
  Q extends z.ZodType = typeof NONE,
  B extends z.ZodType = typeof NONE,
  R extends z.ZodType = z.ZodType,
>(definition: Definition<P, Q, B, R>): ApiRoute {
  const { handle, status = 200 } = definition;
  const params: z.ZodType = definition.params ?? NONE;
  const query: z.ZodType = definition.query ?? NONE;
  const body: z.ZodType | null = definition.body ?? null;
  return {
    ...definition,
    params,
    query,
    body,
    status,
    async run(c) {
      const { services, caller } = c.var;
      const input = {
        params: check(params, c.req.param(), 'path') as z.output<P>, // the schema that just checked it
        query: check(query, c.req.query(), 'query') as z.output<Q>, // the same
        body: (body === null ? {} : parseInput(body, await readBody(c.req.raw, MAX_BODY))) as z.output<B>, // the same
      };
      const answer = await handle({ ...input, caller, services, now: services.clock.now(), c });
      c.header('cache-control', 'no-store');
      return c.json(answer, status);
    },
  };
}
