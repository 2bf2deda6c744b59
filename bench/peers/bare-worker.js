// The least a Worker can do to take a GitHub `package` delivery: check the HMAC, write the same rows as Pushwarden in one
// D1 batch, wake one queue. No router, no schema library, no settings, no error handling.
const ACTOR = `INSERT INTO actors (team_id, provider, external_id, name, first_seen_at) VALUES (1, 'github', ?1, ?2, ?3)
  ON CONFLICT (team_id, provider, external_id) DO NOTHING`;
const PUSH = `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, actor_id, delivery, verdict, next_at)
  SELECT r.id, (SELECT coalesce(max(seq), 0) + 1 FROM pushes WHERE repository_id = r.id), ?1, ?2, 0, 1, ?3,
    (SELECT id FROM actors WHERE team_id = 1 AND provider = 'github' AND external_id = ?4), ?5, 0, ?3 + 30000
  FROM repositories r WHERE r.team_id = 1 AND r.registry = 'ghcr.io' AND r.path = ?6
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE hook_id = 2 AND day = ?7 AND key = ?5)
  RETURNING repository_id AS repository, seq`;
const DELIVERY = `INSERT INTO deliveries (hook_id, day, key, received_at, repository_id, outcome, event, user_agent, body_sha256)
  VALUES (2, ?1, ?2, ?3, 2, 0, ?4, ?5, ?6) ON CONFLICT (hook_id, day, key) DO UPDATE SET repeats = repeats + 1`;

const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));
let key;

export default {
  async fetch(request, env) {
    key ??= crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(env.HUB_SECRET),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    const body = await request.arrayBuffer();
    const signature = fromHex(request.headers.get('x-hub-signature-256').slice('sha256='.length));
    if (!(await crypto.subtle.verify('HMAC', await key, signature, body))) return new Response(null, { status: 401 });

    const { package: pushed, sender } = JSON.parse(new TextDecoder().decode(body));
    const { tag } = pushed.package_version.container_metadata;
    const delivery = fromHex(request.headers.get('x-github-delivery').replaceAll('-', ''));
    const now = Date.now();
    const day = Math.floor(now / 86_400_000);
    const hash = await crypto.subtle.digest('SHA-256', body);
    const results = await env.DB.batch([
      env.DB.prepare(ACTOR).bind(String(sender.id), sender.login, now),
      env.DB.prepare(PUSH).bind(
        tag.name,
        fromHex(tag.digest.slice('sha256:'.length)),
        now,
        String(sender.id),
        delivery,
        `${pushed.namespace}/${pushed.name}`,
        day,
      ),
      env.DB.prepare(DELIVERY).bind(day, delivery, now, 'p', request.headers.get('user-agent'), new Uint8Array(hash)),
    ]);
    const pushes = results[1].results;
    if (env.SEND === 'yes' && pushes.length > 0)
      await env.CHECKS.sendBatch(pushes.map((check) => ({ body: { check } })));
    return Response.json({ pushes }, { status: 202 });
  },
};
