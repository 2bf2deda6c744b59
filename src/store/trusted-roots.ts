import type { D1Database } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { TrustedRootData, TrustedRoots } from '../usecases/ports.ts';
import { type AuditEntry, auditEntry } from './audit.ts';
import { type Blob, digestOf, hexParam } from './codec.ts';

/** Trusted roots of the installation: what came with the release, and which are kept up to date. */
export interface InstallationRoots {
  readonly vendored: readonly { readonly name: string; readonly id: Digest; readonly json: string }[];
  readonly mirrors: readonly { readonly name: string; readonly url: string }[];
}

/** A trusted root as the API lists it. Times are ms since the epoch. */
export interface TrustedRootRecord {
  readonly name: string;
  /** `null`: it has not been fetched yet. */
  readonly id: Digest | null;
  readonly source: 'vendored' | 'tuf' | 'given';
  readonly url: string | null;
  readonly updatedAt: number | null;
  readonly addedBy: string | null;
  readonly freshUntil: number | null;
  readonly stale: boolean;
  /** Why the last attempt to refresh it failed. */
  readonly problem: string | null;
}

/** A root in memory; `freshUntil` `null`: it is never stale, 0: it always is. */
interface Kept {
  readonly root: { readonly name: string; readonly id: Digest; readonly json: string } | null;
  readonly freshUntil: number | null;
  readonly readAt: number;
}

/** How long a root is used before it is read again, in ms: verifying costs no round trip to D1 for each push. */
const KEEP_MS = 60_000;
const MOST_KEPT = 200;
/** Of one team. Each may have 128 KiB. */
export const MOST_GIVEN = 20;

interface Row {
  name: string;
  json: string;
  id: Blob;
  fresh_until: number | null;
}

interface MirrorRow {
  name: string;
  id: Blob | null;
  refreshed_at: number | null;
  fresh_until: number | null;
  problem: string | null;
}

/**
 * Trusted roots by name: a team's own, else the one that is kept up to date, else the one that came with the release.
 * Of a mirror that is configured no more nothing is used: what came with the release may be newer.
 */
export function createTrustedRootStore(db: D1Database, { vendored, mirrors }: InstallationRoots) {
  const kept = new Map<string, Kept>();
  const keyOf = (teamId: number, name: string): string => `${teamId} ${name}`;
  const isMirror = (name: string): boolean => mirrors.some((mirror) => mirror.name === name);
  const vendoredOf = (name: string) => vendored.find((each) => each.name === name) ?? null;

  /** One round trip for all names. CROSS JOIN: by name into each table, and no further row. */
  async function read(teamId: number, names: readonly string[], now: number): Promise<void> {
    const [given, fetched] = await db.batch<Row>([
      db
        .prepare(
          `SELECT t.name, t.json, t.id, NULL AS fresh_until
           FROM json_each(?2) n CROSS JOIN trusted_roots t ON t.team_id = ?1 AND t.name = n.value`,
        )
        .bind(teamId, JSON.stringify(names)),
      db
        .prepare(
          `SELECT t.name, t.trusted_root AS json, t.trusted_root_id AS id, t.fresh_until
           FROM json_each(?1) n CROSS JOIN tuf_mirrors t ON t.name = n.value WHERE t.trusted_root IS NOT NULL`,
        )
        .bind(JSON.stringify(names.filter(isMirror))),
    ]);
    if (kept.size > MOST_KEPT) kept.clear();
    for (const name of names) {
      const is = (row: Row): boolean => row.name === name;
      const row = given?.results.find(is) ?? fetched?.results.find(is);
      const root = row === undefined ? vendoredOf(name) : { name, id: idOf(row.id), json: row.json };
      const freshUntil = row === undefined ? 0 : row.fresh_until;
      kept.set(keyOf(teamId, name), { root, freshUntil, readAt: now });
    }
  }

  const trustedRoots: TrustedRoots = {
    async get(teamId, names, now) {
      const isOld = (name: string): boolean => {
        const known = kept.get(keyOf(teamId, name));
        return known === undefined || Math.abs(now - known.readAt) >= KEEP_MS;
      };
      const wanted = [...new Set(names)];
      const old = wanted.filter(isOld);
      if (old.length > 0) await read(teamId, old, now);
      return wanted.flatMap((name): TrustedRootData[] => {
        const known = kept.get(keyOf(teamId, name));
        if (known === undefined || known.root === null) return [];
        return [{ ...known.root, stale: isStale(known.freshUntil, now) }];
      });
    },
  };

  return {
    ...trustedRoots,

    /** What is in memory may have changed. */
    forget(): void {
      kept.clear();
    },

    /** The installation's, then the team's own, by name. */
    async list(teamId: number, now: number): Promise<TrustedRootRecord[]> {
      const [fetched, given] = await db.batch<unknown>([
        db.prepare(
          'SELECT name, trusted_root_id AS id, refreshed_at, fresh_until, problem FROM tuf_mirrors ORDER BY name LIMIT 100',
        ),
        db
          .prepare('SELECT name, id, added_at, added_by FROM trusted_roots WHERE team_id = ?1 ORDER BY name LIMIT 100')
          .bind(teamId),
      ]);
      // The columns are those selected above.
      const mirrorRows = (fetched?.results ?? []) as MirrorRow[];
      const givenRows = (given?.results ?? []) as { name: string; id: Blob; added_at: number; added_by: string }[];
      const names = [...new Set([...vendored, ...mirrors].map(({ name }) => name))].sort();
      const installation = names.map((name) => {
        const mirror = mirrors.find((each) => each.name === name);
        const row = mirror === undefined ? undefined : mirrorRows.find((each) => each.name === name);
        return mirrorRecord(name, mirror?.url ?? null, row, vendoredOf(name), now);
      });
      return [
        ...installation,
        ...givenRows.map((row) => ({
          name: row.name,
          id: idOf(row.id),
          source: 'given' as const,
          url: null,
          updatedAt: row.added_at,
          addedBy: row.added_by,
          freshUntil: null,
          stale: false,
          problem: null,
        })),
      ];
    },

    /** Whether the installation has a root of this name: no team can give one. */
    isReserved(name: string): boolean {
      return isMirror(name) || vendoredOf(name) !== null;
    },

    /** Adds a team's root, or replaces the one of that name. Answers `false` if the team has as many as it may. */
    async put(
      teamId: number,
      root: { readonly name: string; readonly id: Digest; readonly json: string },
      now: number,
      audit: AuditEntry,
    ): Promise<boolean> {
      const written = await db
        .prepare(
          `INSERT INTO trusted_roots (team_id, name, json, id, added_at, added_by) SELECT ?1, ?2, ?3, unhex(?4), ?5, ?6
           WHERE (SELECT count(*) FROM trusted_roots WHERE team_id = ?1 AND name <> ?2) < ${MOST_GIVEN}
           ON CONFLICT (team_id, name) DO UPDATE SET json = excluded.json, id = excluded.id, added_at = excluded.added_at, added_by = excluded.added_by
           RETURNING name`,
        )
        .bind(teamId, root.name, root.json, hexParam(root.id), now, audit.actor)
        .first<{ name: string }>();
      if (written === null) return false;
      kept.clear();
      await auditEntry(db, audit).run();
      return true;
    },

    /**
     * Deletes a team's root unless a policy names it. Answers with the images whose policies do: none, it is deleted.
     * `null`: there is no such root.
     */
    async remove(teamId: number, name: string, audit: AuditEntry): Promise<readonly ImageName[] | null> {
      const users = `SELECT registry, path FROM repositories WHERE team_id = ?1
        AND EXISTS (SELECT 1 FROM json_tree(policy, '$.signatures.authorities') j WHERE j.key = 'trustedRoot' AND j.value = ?2)`;
      const [used, deleted] = await db.batch<ImageName>([
        db.prepare(`${users} ORDER BY registry, path LIMIT 20`).bind(teamId, name),
        db
          .prepare(`DELETE FROM trusted_roots WHERE team_id = ?1 AND name = ?2 AND NOT EXISTS (${users})`)
          .bind(teamId, name),
      ]);
      if (deleted?.meta.changes === 1) {
        kept.clear();
        await auditEntry(db, audit).run();
        return [];
      }
      const images = used?.results ?? [];
      return images.length === 0 ? null : images;
    },
  };
}

export type TrustedRootStore = ReturnType<typeof createTrustedRootStore>;

const isStale = (freshUntil: number | null, now: number): boolean => freshUntil !== null && now >= freshUntil;

function mirrorRecord(
  name: string,
  url: string | null,
  row: MirrorRow | undefined,
  vendored: { readonly id: Digest } | null,
  now: number,
): TrustedRootRecord {
  const id = digestOf(row?.id ?? null);
  return {
    name,
    id: id ?? vendored?.id ?? null,
    source: id === null && vendored !== null ? 'vendored' : 'tuf',
    url,
    updatedAt: row?.refreshed_at ?? null,
    addedBy: null,
    freshUntil: row?.fresh_until ?? null,
    stale: isStale(row?.fresh_until ?? 0, now),
    problem: row?.problem ?? null,
  };
}

/** The column is never null where a root is. */
function idOf(bytes: Blob): Digest {
  const id = digestOf(bytes);
  if (id === null) throw new RangeError('a trusted root without its digest');
  return id;
}
