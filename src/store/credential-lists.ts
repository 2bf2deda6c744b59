import type { D1Database } from '@cloudflare/workers-types';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import { CREDENTIAL_COLUMNS, type CredentialRecord, type CredentialRow, credentialOf } from './credentials.ts';

/** A credential as a page lists it. */
export interface ListedCredential extends CredentialRecord {
  /** The first few of the images that it is expected on, by name. */
  readonly expectedImages: readonly string[];
}

/** `null` and empty: any. */
export interface CredentialFilter {
  readonly kind: CredentialKind | null;
  readonly mark: CredentialMark | null;
  /** Whole name of an account: the account itself and its tokens. */
  readonly account: string;
  /** A part of its name, account, id or note, whatever the case. */
  readonly text: string;
}

export type Attention = 'canary-used' | 'unexpected-used' | 'retired-used' | 'expiring';

export interface CredentialList {
  readonly credentials: readonly ListedCredential[];
  /** What asks for somebody, on the first page of an unfiltered list; at most 10. */
  readonly attention: readonly { readonly credential: ListedCredential; readonly why: Attention }[];
  /** The next page begins before this id; `null`: this was the last one. */
  readonly next: number | null;
  /** A registry account is connected. */
  readonly hasSource: boolean;
}

/** So many are looked through for what a filter wants; the next page goes on there. */
const WINDOW = 1000;
const ATTENTION = 10;
/** Marked ones among which those in use are looked for. */
const MOST_MARKED = 200;
const IMAGES_NAMED = 3;
/** A use or an end so far away asks for nobody, in ms. */
const USED_WITHIN_MS = 30 * 86_400_000;
const ENDS_WITHIN_MS = 14 * 86_400_000;

const EXPECTED = `(SELECT json_group_array(r.registry || '/' || r.path) FROM (SELECT value FROM json_each(c.expected_on) LIMIT ${IMAGES_NAMED}) j
    CROSS JOIN repositories r ON r.id = j.value AND r.team_id = c.team_id) AS expectedImages`;
const COLUMNS = `${CREDENTIAL_COLUMNS}, ${EXPECTED}`;

// Newest first, from where the page before ended. A mark has an index of its own: few are marked.
const ALL = `(SELECT * FROM credentials INDEXED BY credentials_by_team WHERE team_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ${WINDOW})`;
const MARKED = `(SELECT * FROM credentials INDEXED BY credentials_by_mark
  WHERE team_id = ?1 AND id < ?2 AND mark = ?3 AND mark <> 'none' ORDER BY id DESC LIMIT ${WINDOW})`;

const MATCHES = `(?3 IS NULL OR c.mark = ?3) AND (?4 IS NULL OR c.kind = ?4)
  AND (?5 = '' OR c.account = ?5 OR (c.account IS NULL AND c.name = ?5))
  AND (?6 = '' OR instr(lower(c.name || char(10) || coalesce(c.account, '') || char(10) || c.external_id || char(10) || coalesce(c.note, '')), lower(?6)) > 0)`;

// Few are marked, and each is looked at by its latest use; tokens that end soon come by their index.
const NEEDED = `SELECT ${COLUMNS}, a.why FROM (
    SELECT id, mark || '-used' AS why FROM (SELECT * FROM credentials INDEXED BY credentials_by_mark
        WHERE team_id = ?1 AND mark IN ('canary', 'unexpected', 'retired') AND mark <> 'none' LIMIT ${MOST_MARKED}) m
      WHERE EXISTS (SELECT 1 FROM sightings s WHERE s.credential_id = m.id AND s.at > max(coalesce(m.retired_at, m.marked_at, 0), ?2 - ${USED_WITHIN_MS}))
    UNION ALL SELECT id, 'expiring' FROM (SELECT id FROM credentials INDEXED BY credentials_by_expiry
        WHERE team_id = ?1 AND expires_at > ?2 AND expires_at <= ?2 + ${ENDS_WITHIN_MS} AND gone_at IS NULL ORDER BY expires_at LIMIT ${ATTENTION})) a
  JOIN credentials c ON c.id = a.id LIMIT ${ATTENTION}`;

const NOTHING = 'SELECT 1 WHERE false';

type ListedRow = CredentialRow & { expectedImages: string };

const listedOf = ({ expectedImages, ...row }: ListedRow): ListedCredential => ({
  ...credentialOf(row),
  expectedImages: JSON.parse(expectedImages) as string[], // the names that the statement puts together
});

const isFiltered = ({ kind, mark, account, text }: CredentialFilter): boolean =>
  kind !== null || mark !== null || account !== '' || text !== '';

/** Credentials as a page lists them, in one round trip. */
export function createCredentialListStore(db: D1Database) {
  return {
    /** @param before only credentials whose id is lower; reads what it shows, and of a filtered list at most 1000 more. */
    async read(
      teamId: number,
      filter: CredentialFilter,
      before: number | null,
      limit: number,
      now: number,
    ): Promise<CredentialList> {
      const { kind, mark, account, text } = filter;
      const byMark = mark !== null && mark !== 'none';
      const from = byMark ? MARKED : ALL;
      const place = [teamId, before ?? Number.MAX_SAFE_INTEGER] as const;
      const filtered = isFiltered(filter);
      const end = db.prepare(`SELECT count(*) AS n, min(id) AS last FROM ${from}`);
      const [page, sources, looked, needed] = await db.batch([
        db
          .prepare(`SELECT ${COLUMNS} FROM ${from} c WHERE ${MATCHES} LIMIT ?7`)
          .bind(...place, mark, kind, account, text, limit),
        db.prepare('SELECT EXISTS (SELECT 1 FROM sources WHERE team_id = ?1) AS has').bind(teamId),
        filtered ? end.bind(...place, ...(byMark ? [mark] : [])) : db.prepare(NOTHING),
        filtered || before !== null ? db.prepare(NOTHING) : db.prepare(NEEDED).bind(teamId, now),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const rows = <T>(result: { readonly results: unknown[] } | undefined): T[] => (result?.results ?? []) as T[];
      const credentials = rows<ListedRow>(page).map(listedOf);
      const [window] = rows<{ n: number; last: number }>(looked);
      const more = credentials.length === limit ? credentials.at(-1)?.id : window?.n === WINDOW ? window.last : null;
      return {
        credentials,
        attention: rows<ListedRow & { why: Attention }>(needed).map(({ why, ...row }) => ({
          credential: listedOf(row),
          why,
        })),
        next: more ?? null,
        hasSource: rows<{ has: number }>(sources)[0]?.has === 1,
      };
    },
  };
}

export type CredentialListStore = ReturnType<typeof createCredentialListStore>;
