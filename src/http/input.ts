import type * as z from 'zod';
import { Problem } from './problem.ts';

/**
 * Narrows a JSON body by its schema.
 * @throws Problem 400 that names each field and what is wrong with it.
 */
export function parseInput<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.output<T> {
  return check(schema, parseJson(bytes), 'the body');
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    throw new Problem(400, 'The body is not JSON in UTF-8.');
  }
}

/** Narrows parameters, queries and bodies alike. @throws Problem 400 */
export function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = meant(result.error.issues)
    .slice(0, 20)
    .map((issue) => ({
      field: issue.path.map(String).join('.') || where,
      problem: issue.message.replace(/^Invalid input: /, ''),
    }));
  throw new Problem(400, errors.map(({ field, problem }) => `${field}: ${problem}`).join('; '), { errors });
}

type Issue = z.core.$ZodIssue;

/** Where a value may have several forms: the problems of the one that it comes closest to. */
function meant(issues: readonly Issue[], above: readonly PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...above, ...issue.path];
    if (issue.code !== 'invalid_union') return [{ ...issue, path }];
    const [closest] = issue.errors.map((each) => meant(each, path)).sort((a, b) => closeness(b) - closeness(a));
    return closest === undefined || closest.length === 0 ? [{ ...issue, path }] : closest;
  });
}

/** Of another type altogether, or wrong somewhere inside. */
function closeness(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map(({ code, path }) => path.length + (code === 'invalid_type' ? 0 : 0.5)));
}
