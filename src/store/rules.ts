import type { D1Database } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import type { Verdict } from '../domain/finding.ts';
import type { Policy } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import type { PushToCheck } from '../usecases/stores.ts';
import { keyedPushes, loaded, loadsOf } from './checks.ts';
import { type Blob, digestOf, kindCode, originCode } from './codec.ts';
import { ALERT_COLUMNS, type AlertRecord, type AlertRow, alertOf } from './inbox.ts';

/** What a rule for an alert is made of. */
export interface RuleMatter {
  readonly alert: AlertRecord;
  readonly image: {
    readonly id: number;
    readonly name: ImageName;
    readonly policy: Policy;
    /** As it is stored: a change names what it is a change of. */
    readonly policyText: string;
    readonly channel: string | null;
    readonly channelId: number | null;
  };
  /** The latest that were judged, and all that belong to live alerts; newest first. */
  readonly pushes: readonly JudgedPush[];
}

export interface JudgedPush {
  readonly push: PushToCheck;
  /** The digest of its tag before it. */
  readonly previous: { readonly digest: Digest; readonly at: number } | null;
  readonly alert: number | null;
  /** How its alert was closed; `null`: it has none, or a live one. */
  readonly closedAs: string | null;
  /** A change of the policy judges it again. */
  readonly isLive: boolean;
  readonly verdict: Verdict | null;
}

/** How many of the latest judged pushes are looked at, and among how many rows. */
export const RULE_PUSHES = 50;
const LOOKED_AMONG = 200;
const FOLDED = [kindCode('artifact'), kindCode('child'), kindCode('deleted')].join(', ');

/** ?1: team, ?2: alert. */
const OWN = '(SELECT repository_id FROM alerts WHERE id = ?2 AND team_id = ?1)';

// Reads at most 200 of the latest pushes by key, and those of live alerts and of this one by their digests.
const KEYS = `(SELECT json_group_array(json_array(repository_id, seq)) FROM (
    SELECT * FROM (SELECT repository_id, seq FROM (SELECT repository_id, seq, verdict, kind, origin FROM pushes WHERE repository_id = ${OWN}
        ORDER BY seq DESC LIMIT ${LOOKED_AMONG}) WHERE verdict IS NOT NULL AND kind NOT IN (${FOLDED}) AND origin <> ${originCode('baseline')}
      LIMIT ${RULE_PUSHES})
    UNION SELECT * FROM (SELECT p.repository_id, p.seq
      FROM (SELECT ?2 AS id UNION SELECT id FROM (SELECT id FROM alerts INDEXED BY alerts_live WHERE repository_id = ${OWN} AND state <> 'closed' LIMIT 50)) i
        CROSS JOIN alerts l ON l.id = i.id CROSS JOIN pushes p INDEXED BY pushes_by_digest ON p.repository_id = l.repository_id
        AND substr(p.digest, 1, 8) = substr(unhex(l.subject), 1, 8) AND p.digest = unhex(l.subject) AND p.alert_id = l.id
      WHERE l.repository_id = ${OWN} LIMIT ${RULE_PUSHES})))`;

const IMAGE = `SELECT r.id, r.registry, r.path, r.policy, r.channel_id AS channelId, c.name AS channel
  FROM repositories r LEFT JOIN channels c ON c.id = r.channel_id WHERE r.id = ${OWN} AND r.team_id = ?1`;

const AROUND = `SELECT p.seq, p.alert_id AS alert, b.digest, b.received_at AS at, l.state, l.resolution
  FROM ${keyedPushes(KEYS)} LEFT JOIN pushes b ON b.repository_id = p.repository_id AND b.seq = p.previous
    LEFT JOIN alerts l ON l.id = p.alert_id`;

const STATEMENTS = [
  `SELECT ${ALERT_COLUMNS} FROM alerts WHERE team_id = ?1 AND id = ?2`,
  IMAGE,
  AROUND,
  ...loadsOf(KEYS),
];

interface ImageRow {
  id: number;
  registry: string;
  path: string;
  policy: string;
  channelId: number | null;
  channel: string | null;
}

interface AroundRow {
  seq: number;
  alert: number | null;
  digest: Blob | null;
  at: number | null;
  state: string | null;
  resolution: string | null;
}

/** What alerts are made rules of. */
export function createRuleStore(db: D1Database) {
  return {
    /** One round trip; `null`: there is no such alert in the team, or it is about no image. */
    async read(teamId: number, alertId: number): Promise<RuleMatter | null> {
      const [alerts, images, around, ...pushes] = await db.batch(
        STATEMENTS.map((sql) => db.prepare(sql).bind(teamId, alertId)),
      );
      // The batch's answers are untyped; these are the columns that the statements name.
      const alert = alerts?.results[0] as AlertRow | undefined;
      const image = images?.results[0] as ImageRow | undefined;
      if (alert === undefined || image === undefined) return null;
      const { id, registry, path, policy, channel, channelId } = image;
      const rows = new Map(((around?.results ?? []) as AroundRow[]).map((row) => [row.seq, row]));
      return {
        alert: alertOf(alert),
        image: {
          id,
          name: { registry, path },
          policy: JSON.parse(policy) as Policy, // checked before it was stored
          policyText: policy,
          channel,
          channelId,
        },
        pushes: loaded(pushes)
          .map((push) => judgedPush(push, rows.get(push.key.seq)))
          .sort((a, b) => b.push.key.seq - a.push.key.seq),
      };
    },
  };
}

function judgedPush(push: PushToCheck, row: AroundRow | undefined): JudgedPush {
  const digest = digestOf(row?.digest ?? null);
  const isOpen = push.verdict !== null && push.verdict !== 'trusted';
  const hasLiveAlert = row?.state !== undefined && row.state !== null && row.state !== 'closed';
  return {
    push,
    previous: digest === null ? null : { digest, at: row?.at ?? 0 },
    alert: row?.alert ?? null,
    closedAs: row?.state === 'closed' ? row.resolution : null,
    isLive: isOpen && (push.nextAt !== null || hasLiveAlert),
    verdict: push.verdict,
  };
}

export type RuleStore = ReturnType<typeof createRuleStore>;
