/**
 * GitHub's `package` and `registry_package` events about container images in GHCR, and its `workflow_run` events. The
 * first two say the same under another key. Multi-platform pushes send one event per manifest, the parts with an empty tag.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#package
 */

import * as z from 'zod';
import type { DeliveryContent, PushClaim } from '../domain/delivery.ts';
import { type Digest, isDigest } from '../domain/digest.ts';
import type { Pusher } from '../domain/policy.ts';
import { narrow, optionalName, optionalString, parseJson, readJson } from './json.ts';
import { NotUnderstood } from './problem.ts';
import { readImage, readTag, type Target } from './target.ts';
import { readWorkflowRun } from './workflow-run.ts';

/** Headers are not signed: what they say is cut, and decides only how the signed body is read. */
const LONGEST_EVENT = 64;

const Package = z.object({
  name: z.string(),
  namespace: optionalString,
  owner: z.object({ login: optionalString }).nullish(),
  // `created_at` and `updated_at` are left alone: they are 0001-01-01 or the package's, not the push's.
  package_version: z.object({
    version: optionalString,
    name: optionalString,
    package_url: optionalString,
    // Missing in `updated`.
    container_metadata: z
      .object({
        tag: z.object({ name: optionalString, digest: optionalString }).nullish(),
        manifest: z.object({ digest: optionalString }).nullish(),
      })
      .nullish(),
  }),
});
type Package = z.output<typeof Package>;

const Envelope = z.object({
  action: z.string().max(LONGEST_EVENT),
  package: z.unknown().optional(),
  registry_package: z.unknown().optional(),
  sender: z.unknown().optional(),
});
const Kind = z.object({ package_type: optionalString, ecosystem: optionalString });
const Sender = z
  .object({ login: optionalName, id: z.union([z.number(), z.string()], 'expected number or string').nullish() })
  .nullish();

/**
 * What a GitHub delivery says; `event` is `X-GitHub-Event`, `deliveryId` is `X-GitHub-Delivery` (the same on a
 * redelivery). Only published or updated container packages are claims; runs of workflows are runs; what else a hook
 * may send is noted. Never throws.
 */
export function parseGitHub(event: string, deliveryId: string, contentType: string, body: Uint8Array): DeliveryContent {
  const name = event.slice(0, LONGEST_EVENT);
  if (!isRead(name)) return { kind: 'noted', event: name, deliveryId };
  try {
    const json = readBody(contentType, body);
    const envelope = narrow(Envelope, json);
    const done = `${name}.${envelope.action}`;
    if (name === 'workflow_run') {
      const run = readWorkflowRun(envelope.action, json);
      return run === null
        ? { kind: 'noted', event: done, deliveryId }
        : { kind: 'ci-run', event: done, deliveryId, run };
    }
    if (name === 'meta') return readMeta(envelope, done, deliveryId, json);
    const isPush = envelope.action === 'published' || envelope.action === 'updated';
    if (!isPush || !isContainer(narrow(Kind, envelope[name], [name])))
      return { kind: 'noted', event: done, deliveryId };
    const target = targetOf(name, narrow(Package, envelope[name], [name]));
    const pusher = pusherOf(narrow(Sender, envelope.sender, ['sender']));
    return { kind: 'pushes', claims: [{ ...target, pusher, pushedAt: null, deliveryId, event: done }] };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return { kind: 'not-understood', event: name, deliveryId, problem: error.message };
  }
}

const READ = ['package', 'registry_package', 'workflow_run', 'meta'] as const;

function isRead(event: string): event is (typeof READ)[number] {
  return READ.some((each) => each === event);
}

const Owner = z.object({
  repository: z.object({ full_name: optionalString }).nullish(),
  organization: z.object({ login: optionalString }).nullish(),
});

/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#meta */
function readMeta(
  { action, sender }: z.output<typeof Envelope>,
  event: string,
  deliveryId: string,
  json: unknown,
): DeliveryContent {
  if (action !== 'deleted') return { kind: 'noted', event, deliveryId };
  const { repository, organization } = narrow(Owner, json);
  const target = repository?.full_name || organization?.login || 'an organization';
  const actor = pusherOf(narrow(Sender, sender, ['sender']))?.name ?? null;
  return { kind: 'hook-deleted', event, deliveryId, target: target.slice(0, 255), actor };
}

/** JSON, or the other content type that a GitHub webhook can have: a form with the JSON in `payload`. */
function readBody(contentType: string, body: Uint8Array): unknown {
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType.trim())) return readJson(body);
  const payload = new URLSearchParams(new TextDecoder().decode(body)).get('payload');
  if (payload === null) throw NotUnderstood.at('payload', 'missing in the form');
  return parseJson(payload);
}

function isContainer(kind: z.output<typeof Kind>): boolean {
  const type = (kind.package_type || kind.ecosystem || '').toLowerCase();
  return type === 'container' || type === 'docker';
}

function pusherOf(sender: z.output<typeof Sender>): Pusher | null {
  if (!sender?.login) return null;
  return { name: sender.login, id: sender.id == null ? null : String(sender.id) };
}

function targetOf(event: string, pack: Package): Target & Pick<PushClaim, 'image'> {
  const namespace = pack.namespace || pack.owner?.login;
  if (!namespace) throw NotUnderstood.at(`${event}.namespace`, 'missing');
  const image = readImage('ghcr.io', `${namespace.toLowerCase()}/${pack.name}`, `${event}.namespace and ${event}.name`);

  const version = pack.package_version;
  const at = `${event}.package_version`;
  const named = version.container_metadata?.tag?.name;
  const target =
    named == null
      ? readTag(tagOfUrl(version.package_url ?? ''), `${at}.package_url`)
      : readTag(named, `${at}.container_metadata.tag.name`);
  const digest = digestOf(version, target.digest, at);
  if (target.tag === '' && digest === null) {
    throw NotUnderstood.at(at, 'neither a tag nor a sha256 digest in version, name or container_metadata');
  }
  return { image, tag: target.tag, digest };
}

/** The tag of `ghcr.io/org/app:tag`; empty if there is none. */
function tagOfUrl(url: string): string {
  const colon = url.lastIndexOf(':');
  return colon > url.lastIndexOf('/') && !url.includes('@') ? url.slice(colon + 1) : '';
}

/** The one digest that every field with a digest agrees on. Fields without one are ignored: samples are scrubbed. */
function digestOf(version: Package['package_version'], fromTag: Digest | null, at: string): Digest | null {
  const fields = [
    ['version', version.version],
    ['name', version.name],
    ['container_metadata.manifest.digest', version.container_metadata?.manifest?.digest],
    ['container_metadata.tag.digest', version.container_metadata?.tag?.digest],
    ['container_metadata.tag.name', fromTag],
  ] as const;
  let first: { readonly field: string; readonly digest: Digest } | null = null;
  for (const [field, digest] of fields) {
    if (!digest || !isDigest(digest)) continue;
    first ??= { field, digest };
    if (first.digest !== digest) throw NotUnderstood.at(`${at}.${field}`, `another digest than ${at}.${first.field}`);
  }
  return first?.digest ?? null;
}
