import type { D1Database } from '@cloudflare/workers-types';
import type { Shown } from '../scripts/page-addresses.ts';
import type { PushClaim } from '../src/domain/delivery.ts';
import { fillPushes } from '../test/fixtures/many-pushes.ts';
import { deliveryOf, journey, registryOf, Tags, WATCHED } from '../test/fixtures/push-journey.ts';

/** Alerts that nobody has taken, and of each of a busy day: as much as the inbox shows at once. */
const OPEN_ALERTS = 60;
/** What piles up over the years. */
const CLOSED_ALERTS = 5000;
const IMAGES = 300;

const PROVIDERS = ['dockerhub', 'github'] as const;

/** Years of pushes, alerts and changes: half of the pushes of each of two images. Answers with what there is to look at. */
export async function seedPages(db: D1Database, pushes: number): Promise<Shown> {
  for (const provider of PROVIDERS) await fillPushes(db, provider, pushes / PROVIDERS.length);
  const rogue = await raiseAlerts(db);
  const years = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <';
  await db.batch([
    db.prepare(
      `${years} ${CLOSED_ALERTS}) INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, closed_at, closed_by, resolution, reason)
       SELECT 1, a.repository_id, 'closed' || i, 'closed', a.facts, i, i, i, 'person:owner', 'incident', 'seen and dealt with' FROM n, (SELECT * FROM alerts WHERE id = 1) a`,
    ),
    db.prepare(
      `${years} ${CLOSED_ALERTS}) INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at)
       SELECT 1, 'no-channel', 'i' || i, '{"kind":"no-channel","image":"docker.io/acme/app"}', i, i, i FROM n`,
    ),
    db.prepare(
      `${years} ${CLOSED_ALERTS}) INSERT INTO audit_log (team_id, at, actor, action, target, detail) SELECT 1, i, 'person:owner', 'key.created', 'k' || i, '{"scope":"read"}' FROM n`,
    ),
    db
      .prepare(
        `${years} ${IMAGES}) INSERT INTO repositories (team_id, hook_id, registry, path, policy, channel_id, created_at, baseline_at, next_sweep_at)
         SELECT 1, ?1, 'docker.io', 'acme/app-' || i, (SELECT policy FROM repositories WHERE id = ?2), 1, 0, 0, 9e15 FROM n`,
      )
      .bind(WATCHED.dockerhub.hook, WATCHED.dockerhub.id),
  ]);
  const { image, id } = WATCHED.dockerhub;
  return {
    alert: 'A-1',
    image: `${image.registry}/${image.path}`,
    repository: id,
    tag: rogue.tag,
    digest: rogue.digest,
    push: `${rogue.repository}-${rogue.seq}`,
    credential: 'C-1',
    channel: 1,
  };
}

/** Pushes by somebody whom the policy does not name, told and judged by the product itself. */
async function raiseAlerts(db: D1Database) {
  const tags = new Tags();
  const { accept, judge } = journey(db, registryOf(tags));
  for (let n = 0; n < OPEN_ALERTS; n += 1) {
    const tag = `rogue-${n}`;
    const delivery = deliveryOf('dockerhub', tag, tags.move(tag));
    const { content } = delivery;
    if (content.kind !== 'pushes') throw new TypeError('a push is a push');
    const claims = content.claims.map((claim): PushClaim => ({ ...claim, pusher: { name: 'mallory', id: null } }));
    const { pushes } = await accept({ ...delivery, content: { ...content, claims } });
    await judge(pushes);
  }
  const row = await db
    .prepare(
      `SELECT repository_id AS repository, seq, tag, lower(hex(digest)) AS hex FROM pushes WHERE alert_id = 1 ORDER BY seq LIMIT 1`,
    )
    .first<{ repository: number; seq: number; tag: string; hex: string }>();
  if (row === null) throw new Error('no alert was opened');
  return { ...row, digest: `sha256:${row.hex}` };
}
