import type { CredentialKind } from '../domain/credential.ts';
import { PUSH_COLUMNS, PUSH_JOINS, type PushRecord, type PushRow, pushOf } from './history.ts';

/** A token that a push is attributed to, by name. */
export interface NamedToken {
  readonly id: number;
  readonly kind: CredentialKind;
  readonly name: string;
}

/** A push with what a list of releases says of it. */
export interface ReleasePush extends PushRecord {
  readonly tokens: readonly NamedToken[];
  /** Address of the run that announced it. */
  readonly run: string | null;
}

// Reads a row per token that a push is attributed to, and the announcement that vouches for it.
export const RELEASE_COLUMNS = `${PUSH_COLUMNS},
  CASE WHEN p.attribution IS NOT NULL THEN (SELECT json_group_array(json_object('id', k.id, 'kind', k.kind, 'name', k.name))
    FROM json_each(p.attribution, '$.uses') u CROSS JOIN credentials k ON k.id = u.value ->> 'credential' AND k.team_id = r.team_id) END AS tokens,
  (SELECT n.claims ->> 'runUrl' FROM announcements n WHERE n.id = p.evidence ->> '$.announcement' AND n.repository_id = p.repository_id) AS run`;
export const RELEASE_JOINS = PUSH_JOINS;

export interface ReleaseRow extends PushRow {
  tokens: string | null;
  run: string | null;
}

export const releaseOf = (row: ReleaseRow): ReleasePush => ({
  ...pushOf(row),
  tokens: row.tokens === null ? [] : (JSON.parse(row.tokens) as NamedToken[]), // as RELEASE_COLUMNS builds it
  run: row.run,
});
