import * as z from 'zod';
import type { AccountAnswer, AuditPage, AuditRow } from '../usecases/registry-accounts.ts';
import { cut, optionalText, readPast } from './fields.ts';
import { rows as pageRows, unreadable } from './page.ts';

/** Rows that the API gives if nobody asks for more: a page with fewer is the last one, whatever we asked for. */
const DEFAULT_PAGE_SIZE = 25;
const DATA_ENTRIES = 32;

const pageSchema = z.object({ logs: pageRows });

const rowSchema = z.object({
  account: optionalText,
  action: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
  name: optionalText,
  actor: optionalText,
  data: z.record(z.string(), z.unknown()).catch({}),
  timestamp: z.unknown(),
  // Docker ends it with a line feed.
  action_description: z
    .string()
    .transform((description) => cut(description.trim()))
    .catch(''),
});

/**
 * A page of an audit log. All of it is `unavailable` if one of its rows does not say what was done or when: a row left
 * out could be the push that somebody hides. Everything else of a row may be missing, and is cut to 255 characters.
 *
 * There is no `next`, and the largest page that the API gives is not documented: more may follow a page that has at
 * least the documented default, so that a server that caps what we ask for hides nothing.
 * @param account that was asked for
 * @param now ms since the epoch
 * @see https://docs.docker.com/reference/api/hub/latest/#tag/audit-logs
 */
export function readAuditPage(json: unknown, account: string, now: number): AccountAnswer<AuditPage> {
  const page = pageSchema.safeParse(json);
  if (!page.success) return unreadable('no audit log');
  const rows: AuditRow[] = [];
  for (const [at, each] of page.data.logs.entries()) {
    const row = rowSchema.safeParse(each);
    const time = row.success ? readPast(row.data.timestamp, now) : null;
    if (!row.success || time === null || time === 'unreadable')
      return unreadable(`an audit log in which row ${at + 1} has no readable action or time`);
    const { action, name, actor, data, action_description: description } = row.data;
    rows.push({ account: row.data.account || account, action, name, actor, data: texts(data), at: time, description });
  }
  return { kind: 'found', value: { rows, more: rows.length >= DEFAULT_PAGE_SIZE } };
}

/** Documented as texts; what is neither a text nor a plain value is left out, as is what comes after 32 of them. */
function texts(data: Readonly<Record<string, unknown>>): Record<string, string> {
  const plain = Object.entries(data).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[cut(key), cut(String(value))] as const]
      : [],
  );
  return Object.fromEntries(plain.slice(0, DATA_ENTRIES));
}
