import { claimsOf } from '../simulate/ci-job.ts';
import { dockerHubBody } from '../simulate/dockerhub-webhook.ts';
import { ACTIONS_BOT, githubHeaders, packageBody, type Sender } from '../simulate/github-webhook.ts';
import type { Deed, PlannedPush } from './happening.ts';
import type { Stage } from './stage.ts';

/** A webhook as it was sent, to be sent again. */
export interface SentWebhook {
  readonly path: string;
  readonly init: RequestInit;
}

type Webhook = Extract<Deed, { readonly kind: 'webhook' }>;
type Announcement = Extract<Deed, { readonly kind: 'announce' }>;

/** The request with which a registry tells of a push. The same deed gives the same request, but for its time. */
export function webhookRequest(stage: Stage, deed: Webhook): SentWebhook {
  const { push } = deed;
  const { webhook } = stage.watched(push.repository);
  const { pathname: path } = new URL(webhook.url);
  return push.repository.owner.kind === 'github'
    ? { path, init: githubInit(deed, webhook.secret ?? '') }
    : { path, init: dockerHubInit(push, stage.begin + push.at) };
}

function dockerHubInit(push: PlannedPush, at: number): RequestInit {
  const pusher = push.by.kind === 'token' ? push.repository.owner.name : push.by.name;
  const body = dockerHubBody({ path: push.repository.path, tag: push.tag, pusher, at });
  return { method: 'POST', body, headers: { 'content-type': 'application/json' } };
}

function githubInit({ push, child, event }: Webhook, secret: string): RequestInit {
  const kind = event ?? 'package';
  const { path } = push.repository;
  const sender = senderOf(push);
  const body =
    child === null
      ? packageBody({ event: kind, path, tag: push.tag, image: push.image, children: push.children, sender })
      : packageBody({ event: kind, path, tag: '', image: child, children: [], sender });
  const headers = githubHeaders(kind, body, secret);
  // GitHub gives a redelivery the id of the delivery.
  const id = `${push.repository.n}-${Math.round(push.at)}-${push.tag}-${kind}-${child?.digest.slice(7, 15) ?? 'tag'}`;
  return { method: 'POST', body, headers: { ...headers, 'x-github-delivery': id } };
}

function senderOf({ by, repository }: PlannedPush): Sender {
  if (by.kind === 'token' || by.name === ACTIONS_BOT.login) return ACTIONS_BOT;
  return { login: by.name, id: 9000 + repository.owner.name.length * 100 + by.name.length, type: 'User' };
}

/** A CI job says something, with a token of its own. @throws Error if it is not accepted */
export async function announce(stage: Stage, deed: Announcement): Promise<void> {
  const { pushwarden } = stage;
  const { repository, phase, digest, tags, run } = deed;
  const claims = { ...claimsOf(repository.workflow, 'v1'), run_id: String(run) };
  const offsetSeconds = Math.round((pushwarden.now() - Date.now()) / 1000);
  const token = await pushwarden.oidc.mint(claims, { audience: 'http://127.0.0.1:8787', offsetSeconds });
  const said = {
    phase,
    image: repository.image,
    ...(digest === null ? {} : { digest }),
    ...(tags.length === 0 ? {} : { tags }),
  };
  const { status, json } = await pushwarden.request('/ci/announcements', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(said),
  });
  if (json.accepted !== true) throw new Error(`an announcement was answered ${status}: ${JSON.stringify(json)}`);
}
