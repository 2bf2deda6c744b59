import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import { severityOfFindings } from '../domain/severity.ts';
import type { NewSighting } from '../usecases/credential-stores.ts';
import type { AlertChange, CheckedPush, PushKey } from '../usecases/stores.ts';
import { alertEvent } from './alert-events.ts';
import {
  findingsParam,
  hexParam,
  kindCode,
  LAST_WEBHOOK_ORIGIN,
  originCode,
  safeHowCode,
  verdictCode,
} from './codec.ts';
import { foldChildren } from './fold-children.ts';
import { wantContents } from './image-contents.ts';
import { pushEvents } from './push-events.ts';
import { countPushes } from './push-weeks.ts';
import { addSightings } from './sightings.ts';

const ROGUE = verdictCode('rogue');

/** The save counts only if nobody saved the push since it was loaded: a judgement of older facts never wins. */
const ROWS = `WITH c AS MATERIALIZED (SELECT value ->> 'r' AS r, value ->> 's' AS s, value ->> 'rev' AS rev, value ->> 'next_rev' AS next_rev,
    unhex(value ->> 'digest') AS digest, value ->> 'kind' AS kind, value ->> 'confirmed' AS confirmed, unhex(value ->> 'subject') AS subject, value ->> 'verdict' AS verdict,
    value ->> 'findings' AS findings, value ->> 'evidence' AS evidence, value ->> 'next' AS next, value ->> 'attempts' AS attempts,
    value ->> 'previous' AS previous, value ->> 'tag' AS tag, value ->> 'received' AS received, unhex(value ->> 'before') AS before,
    value ->> 'beforeAt' AS before_at, value ->> 'leftAt' AS left_at, value ->> 'safe' AS safe FROM json_each(?1))`;

const SET = `kind = c.kind, confirmed_at = c.confirmed, subject = c.subject, verdict = c.verdict, findings = c.findings,
  evidence = c.evidence, next_at = c.next, attempts = c.attempts, previous = coalesce(pushes.previous, c.previous), rev = c.next_rev`;
const MATCH = 'pushes.repository_id = c.r AND pushes.seq = c.s AND pushes.rev = c.rev';
const RETURNING = 'RETURNING repository_id AS repository, seq';

// Writes 1 row per push; 2 when the digest becomes known (its index).
const UPDATE = `${ROWS} UPDATE pushes SET ${SET} FROM c WHERE ${MATCH} ${RETURNING}`;
const UPDATE_WITH_DIGEST = `${ROWS} UPDATE pushes SET digest = c.digest, ${SET} FROM c WHERE ${MATCH} ${RETURNING}`;

const SAVED = 'EXISTS (SELECT 1 FROM pushes p WHERE p.repository_id = c.r AND p.seq = c.s AND p.rev = c.next_rev)';

// Writes 1 row per push that moves its tag (trusted at once or not).
const MOVE_TAGS = `${ROWS} INSERT INTO tags (repository_id, name, digest, push_seq, changed_at, previous_digest, previous_at, left_at,
    safe_digest, safe_at, safe_how)
  SELECT c.r, c.tag, c.digest, c.s, c.received, c.before, c.before_at, c.left_at,
    iif(c.safe, c.digest, NULL), iif(c.safe, ?2, NULL), iif(c.safe, ${safeHowCode('trusted')}, NULL) FROM c WHERE ${SAVED}
  ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, push_seq = excluded.push_seq, changed_at = excluded.changed_at,
    previous_digest = excluded.previous_digest, previous_at = excluded.previous_at, left_at = excluded.left_at, deleted_at = NULL,
    safe_digest = coalesce(excluded.safe_digest, safe_digest), safe_at = coalesce(excluded.safe_at, safe_at),
    safe_how = coalesce(excluded.safe_how, safe_how)
  WHERE excluded.push_seq > push_seq`;

// Writes 1 row per push that is trusted later than it moved its tag.
const TRUST_TAGS = `${ROWS} UPDATE tags SET safe_digest = c.digest, safe_at = ?2, safe_how = ${safeHowCode('trusted')}
  FROM c WHERE tags.repository_id = c.r AND tags.name = c.tag AND tags.digest = c.digest AND ${SAVED}
    AND (tags.safe_digest IS NOT c.digest OR tags.safe_how <> ${safeHowCode('trusted')})`;

// Writes 1 row per push that turned out not to be what its tag should go back to.
const DISTRUST_TAGS = `WITH c AS MATERIALIZED (SELECT value ->> 'r' AS r, value ->> 's' AS s, value ->> 'next_rev' AS next_rev, value ->> 'tag' AS tag,
    unhex(value ->> 'digest') AS digest, unhex(value ->> 'safe') AS safe, value ->> 'safeAt' AS safe_at, value ->> 'safeHow' AS safe_how FROM json_each(?1))
  UPDATE tags SET safe_digest = c.safe, safe_at = c.safe_at, safe_how = c.safe_how
  FROM c WHERE tags.repository_id = c.r AND tags.name = c.tag AND tags.safe_digest = c.digest AND ${SAVED}`;

const param = (push: CheckedPush): Record<string, unknown> => ({
  r: push.push.key.repository,
  s: push.push.key.seq,
  rev: push.push.rev,
  next_rev: push.push.nextRev,
  tag: push.push.tag,
  received: push.push.receivedAt,
  digest: hexParam(push.digest),
  kind: kindCode(push.kind),
  confirmed: push.confirmedAt,
  subject: hexParam(push.subject),
  verdict: verdictCode(push.verdict),
  findings: findingsParam(push.findings),
  evidence: push.evidence === null ? null : JSON.stringify(push.evidence),
  next: push.nextAt,
  attempts: push.attempts,
  previous: push.movesTag === null ? null : push.push.tagState?.pushSeq,
  before: hexParam(push.movesTag?.previous?.digest ?? null),
  beforeAt: push.movesTag?.previous?.at,
  leftAt: push.movesTag?.leftAt,
  safe: push.trustsTag ? 1 : 0,
});

const distrustParam = ({ push, digest }: CheckedPush): Record<string, unknown> => {
  const safe = push.tagState?.safe ?? null;
  return {
    r: push.key.repository,
    s: push.key.seq,
    next_rev: push.nextRev,
    tag: push.tag,
    digest: hexParam(digest),
    safe: hexParam(safe?.digest ?? null),
    safeAt: safe?.at ?? null,
    safeHow: safe === null ? null : safeHowCode(safe.how),
  };
};

/**
 * The account that a webhook names was used, once the registry has what it pushed. One release is one use: a manifest
 * without a tag counts when it is decided that it is no part of an index.
 */
function sightingOf({ push, digest, kind, verdict }: CheckedPush): NewSighting[] {
  const isTold = push.tag === '' && kind !== 'artifact' ? verdict !== 'pending' : push.kind === 'unresolved';
  if (digest === null || push.actorId === null || kind === 'child' || !isTold) return [];
  const { repository, seq } = push.key;
  const what = { source: 'webhook', action: 'push', strength: 'named', since: null, detail: null } as const;
  return [{ credential: push.actorId, at: push.receivedAt, key: `p${repository}-${seq}`, repository, seq, ...what }];
}

/** Saves judged pushes, their tags, folded children and what changed about alerts, as one batch. */
export async function saveChecked(
  db: D1Database,
  checked: readonly CheckedPush[],
  changes: readonly AlertChange[],
  children: readonly { readonly repository: number; readonly index: Digest; readonly digests: readonly Digest[] }[],
  now: number,
  eventsWritten: () => Promise<void> = async () => {},
): Promise<readonly PushKey[]> {
  const json = (pushes: readonly CheckedPush[]): string => JSON.stringify(pushes.map(param));
  const resolved = checked.filter((push) => push.digest !== null && push.push.digest === null);
  const others = checked.filter((push) => !resolved.includes(push));
  const moving = checked.filter((push) => push.movesTag !== null);
  const trusting = checked.filter((push) => push.movesTag === null && push.trustsTag);
  const counted = countPushes(db, checked);
  const updates: D1PreparedStatement[] = counted === null ? [] : [counted];
  if (resolved.length > 0) updates.push(db.prepare(UPDATE_WITH_DIGEST).bind(json(resolved)));
  if (others.length > 0) updates.push(db.prepare(UPDATE).bind(json(others)));
  const events = pushEvents(db, checked, now);
  const rest: D1PreparedStatement[] = events === null ? [] : [events];
  if (moving.length > 0) rest.push(db.prepare(MOVE_TAGS).bind(json(moving), now));
  if (trusting.length > 0) rest.push(db.prepare(TRUST_TAGS).bind(json(trusting), now));
  const distrusting = checked.filter((push) => push.distrustsTag);
  if (distrusting.length > 0) rest.push(db.prepare(DISTRUST_TAGS).bind(JSON.stringify(distrusting.map(distrustParam))));
  rest.push(...addSightings(db, checked.flatMap(sightingOf), now));
  for (const { repository, index, digests } of children) rest.push(...foldChildren(db, repository, index, digests));
  const heardAgain = [...new Set(checked.filter(isHeardAgain).map(({ push }) => push.key.repository))];
  for (const repository of heardAgain)
    rest.push(db.prepare('UPDATE repositories SET missed_webhooks = 0 WHERE id = ?1').bind(repository));
  for (const change of changes) rest.push(...alertStatements(db, change, now));
  const alarming = changes.flatMap((change) => ('also' in change ? [change.push, ...change.also] : []));
  if (alarming.length > 0) rest.push(wantContents(db, alarming.map(savedKey), now));
  if (updates.length === 0 && rest.length === 0) return [];

  const results = await db.batch<PushKey>([...updates, ...rest]);
  if (events !== null && (results[updates.length]?.meta.changes ?? 0) > 0) await eventsWritten();
  const saved = new Set(
    results.slice(0, updates.length).flatMap((result) => result.results.map((key) => `${key.repository}-${key.seq}`)),
  );
  return checked.map(({ push }) => push.key).filter((key) => !saved.has(`${key.repository}-${key.seq}`));
}

/** A webhook told of it, after pushes that only the sweep had seen. */
const isHeardAgain = ({ push }: CheckedPush): boolean =>
  push.missedWebhooks > 0 &&
  (originCode(push.origin) <= LAST_WEBHOOK_ORIGIN || (push.origin === 'read-back' && push.actorId !== null));

/** The change happens only if the save of its push did. */
const IF_SAVED = 'EXISTS (SELECT 1 FROM pushes p WHERE p.repository_id = ?1 AND p.seq = ?2 AND p.rev = ?3)';

function alertStatements(db: D1Database, change: AlertChange, now: number): D1PreparedStatement[] {
  const { push } = change;
  const saved = savedKey(push);
  switch (change.kind) {
    case 'opened':
      return [
        db
          .prepare(
            `INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, severity)
             SELECT ?4, ?1, ?5, 'open', ?6, ?7, ?7, ?8 WHERE ${IF_SAVED} ON CONFLICT (repository_id, subject) WHERE state <> 'closed' DO NOTHING`,
          )
          .bind(...saved, push.teamId, change.subject, JSON.stringify(change.facts), now, severityOf(change)),
        ...[push, ...change.also].map((each) => linkPush(db, savedKey(each), change.subject)),
        db
          .prepare(
            `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
             SELECT l.team_id, 'alert-' || l.id || '-opened', l.id, l.repository_id, 'alerts', json_object('kind', 'opened', 'alert', json(l.facts)), ?5, ?5
             FROM alerts l WHERE l.repository_id = ?1 AND l.subject = ?4 AND l.state <> 'closed' AND ${IF_SAVED} ON CONFLICT (event) DO NOTHING`,
          )
          .bind(...saved, change.subject, now),
        alertEvent(db, 'opened', { repository: push.key.repository, subject: change.subject }, now),
      ];
    case 'worsened':
      return [
        db
          .prepare(
            `UPDATE alerts SET facts = ?5, updated_at = ?6, severity = ?7 WHERE id = ?4 AND state <> 'closed' AND ${IF_SAVED}`,
          )
          .bind(...saved, change.alertId, JSON.stringify(change.facts), now, severityOf(change)),
        ...[push, ...change.also].map((each) => linkPushTo(db, savedKey(each), change.alertId)),
        ...(change.silent ? [] : [worsenedMessage(db, saved, change, now)]),
      ];
    case 'cleared':
      return [
        db
          .prepare(
            `UPDATE alerts SET state = 'closed', resolution = 'cleared', closed_at = ?5, updated_at = ?5, remind_at = NULL WHERE id = ?4 AND state <> 'closed' AND ${IF_SAVED}
             AND NOT EXISTS (SELECT 1 FROM pushes o INDEXED BY pushes_by_digest WHERE o.repository_id = ?1 AND substr(o.digest, 1, 8) = substr(unhex(?6), 1, 8)
               AND o.digest = unhex(?6) AND o.verdict = ${ROGUE})`,
          )
          .bind(...saved, change.alertId, now, hexParam(change.digest)),
        db
          .prepare(
            `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
             SELECT team_id, 'alert-' || id || '-closed', id, repository_id, 'alerts', ?5, ?6, ?6 FROM alerts
             WHERE id = ?4 AND resolution = 'cleared' AND closed_at = ?6 AND ${IF_SAVED} ON CONFLICT (event) DO NOTHING`,
          )
          .bind(...saved, change.alertId, JSON.stringify(change.content), now),
        alertEvent(db, 'closed', { id: change.alertId, teamId: push.teamId }, now, closingReason(change)),
      ];
    case 'undetermined':
      return [
        db
          .prepare(
            `INSERT INTO notifications (team_id, event, repository_id, route, content, created_at, next_at)
             SELECT ?4, ?5, ?1, 'health', ?6, ?7, ?7 WHERE ${IF_SAVED} ON CONFLICT (event) DO NOTHING`,
          )
          .bind(
            ...saved,
            push.teamId,
            `push-${push.key.repository}-${push.key.seq}-undetermined`,
            JSON.stringify(change.content),
            now,
          ),
      ];
  }
}

const closingReason = ({ content }: Extract<AlertChange, { kind: 'cleared' }>): string | null =>
  content.kind === 'closed' ? content.reason : null;

const severityOf = ({ facts }: Extract<AlertChange, { kind: 'opened' | 'worsened' }>) =>
  severityOfFindings(facts.findings);

type Saved = readonly [repository: number, seq: number, rev: number];

const savedKey = ({ key, nextRev }: CheckedPush['push']): Saved => [key.repository, key.seq, nextRev];

const linkPush = (db: D1Database, saved: Saved, subject: string): D1PreparedStatement =>
  db
    .prepare(
      `UPDATE pushes SET alert_id = (SELECT id FROM alerts WHERE repository_id = ?1 AND subject = ?4 AND state <> 'closed')
       WHERE repository_id = ?1 AND seq = ?2 AND rev = ?3`,
    )
    .bind(...saved, subject);

const linkPushTo = (db: D1Database, saved: Saved, alertId: number): D1PreparedStatement =>
  db
    .prepare('UPDATE pushes SET alert_id = ?4 WHERE repository_id = ?1 AND seq = ?2 AND rev = ?3')
    .bind(...saved, alertId);

/** The event names what is new, so that the same worsening is told once. */
function worsenedMessage(
  db: D1Database,
  saved: Saved,
  change: Extract<AlertChange, { kind: 'worsened' }>,
  now: number,
): D1PreparedStatement {
  const { push, alertId, facts, newFindings, newTags } = change;
  return db
    .prepare(
      `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
       SELECT ?4, ?5, ?6, ?1, 'alerts', ?7, ?8, ?8 WHERE ${IF_SAVED} ON CONFLICT (event) DO NOTHING`,
    )
    .bind(
      ...saved,
      push.teamId,
      `alert-${alertId}-worsened-${[push.key.seq, ...newFindings].join('-')}`,
      alertId,
      JSON.stringify({ kind: 'worsened', alert: facts, newFindings, newTags }),
      now,
    );
}
