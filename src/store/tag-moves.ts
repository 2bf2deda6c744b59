import type { Digest } from '../domain/digest.ts';
import type { Verdict } from '../domain/finding.ts';
import { type Blob, digestOf, kindCode, originOf, verdictOf } from './codec.ts';

/** A move of a tag to a digest, or its deletion. */
export interface TagMove {
  readonly seq: number;
  /** `null`: the tag was deleted. */
  readonly digest: Digest | null;
  /** Ms since the epoch. */
  readonly at: number;
  readonly verdict: Verdict | null;
  /** It was there when watching began. */
  readonly isBaseline: boolean;
}

export interface TagMoves {
  readonly tag: string;
  /** An open alert names it. */
  readonly isAlarming: boolean;
  /** Oldest first. The first one may have been before the time that was asked for: it is what the tag was then. */
  readonly moves: readonly TagMove[];
}

/** Strips that are shown, and how many moves of each are read: one more than are drawn apart. */
const TAGS = 12;
export const MOVES_READ = 42;
/** Tags are looked for among so many last pushes. */
const RECENT = 300;

/**
 * What tags pointed at since ?4: those that open alerts name, then those that were pushed last. Reads 300 pushes to know
 * which, and of each of 12 tags at most 42 pushes twice, along the chain of `previous`. `id` and `last`: SQL that gives
 * the repository and its last push.
 */
export const STRIPS = (id: string, last: string): string => `WITH RECURSIVE named(tag) AS (
    SELECT DISTINCT t.value FROM alerts a INDEXED BY alerts_live CROSS JOIN json_each(a.facts, '$.tags') t
    WHERE a.repository_id = ${id} AND a.state <> 'closed' LIMIT ${TAGS}),
  recent(tag, seq) AS (SELECT tag, max(seq) FROM pushes WHERE repository_id = ${id} AND seq > ${last} - ${RECENT}
    AND kind NOT IN (${kindCode('artifact')}, ${kindCode('child')}) AND tag <> '' GROUP BY tag),
  chosen(tag, alarming) AS MATERIALIZED (SELECT tag, max(alarming) FROM (SELECT tag, 1 AS alarming, 0 AS seq FROM named
      UNION ALL SELECT tag, 0, seq FROM recent)
    GROUP BY tag ORDER BY max(alarming) DESC, max(seq) DESC LIMIT ${TAGS}),
  chain(tag, alarming, seq, n) AS (SELECT c.tag, c.alarming, t.push_seq, 1 FROM chosen c CROSS JOIN tags t ON t.repository_id = ${id} AND t.name = c.tag
    UNION ALL SELECT chain.tag, chain.alarming, p.previous, chain.n + 1 FROM chain CROSS JOIN pushes p ON p.repository_id = ${id} AND p.seq = chain.seq
      WHERE p.previous IS NOT NULL AND p.received_at > ?4 AND chain.n < ${MOVES_READ})
  SELECT chain.tag, chain.alarming, p.seq, p.digest, p.received_at AS at, p.verdict, p.origin
  FROM chain CROSS JOIN pushes p ON p.repository_id = ${id} AND p.seq = chain.seq ORDER BY chain.alarming DESC, chain.n`;

export interface MoveRow {
  tag: string;
  alarming: number;
  seq: number;
  digest: Blob | null;
  at: number;
  verdict: number | null;
  origin: number;
}

/** Tags in the order in which they are shown. */
export function movesOf(rows: readonly MoveRow[]): TagMoves[] {
  const tags = [...Map.groupBy(rows, ({ tag }) => tag)].map(([tag, moves]) => ({
    tag,
    isAlarming: moves.some(({ alarming }) => alarming === 1),
    moves: moves.map(moveOf).toReversed(),
  }));
  const last = ({ moves }: TagMoves): number => moves.at(-1)?.seq ?? 0;
  const isRogue = ({ moves, isAlarming }: TagMoves): number => Number(isAlarming || moves.at(-1)?.verdict === 'rogue');
  return tags.sort((a, b) => isRogue(b) - isRogue(a) || last(b) - last(a));
}

const moveOf = ({ seq, digest, at, verdict, origin }: MoveRow): TagMove => ({
  seq,
  digest: digestOf(digest),
  at,
  verdict: verdict === null ? null : verdictOf(verdict),
  isBaseline: originOf(origin) === 'baseline',
});
