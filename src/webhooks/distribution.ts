/**
 * Notifications of a CNCF Distribution registry: envelopes of events.
 * @see https://distribution.github.io/distribution/about/notifications/
 */

import * as z from 'zod';
import type { DeliveryContent, PushClaim } from '../domain/delivery.ts';
import { isDigest } from '../domain/digest.ts';
import { narrow, optionalName, optionalString, readJson } from './json.ts';
import { NotUnderstood } from './problem.ts';
import { readImage, readTag } from './target.ts';

/** What Distribution sends, and what proxies in front of it make of that. */
export const DISTRIBUTION_CONTENT_TYPES: readonly string[] = [
  'application/vnd.docker.distribution.events.v2+json',
  'application/vnd.docker.distribution.events.v1+json',
  'application/json',
];

const EVENT = 'notification';
const MOST_EVENTS = 1000;
const LONGEST_ID = 255;

/** A push event is sent for each blob too; only these are images. */
const MANIFEST_TYPES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);

/** A digest of another algorithm (`sha512:…`), which registries accept. */
const OTHER_DIGEST = /^(?!sha256:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

class UnsupportedDigest extends NotUnderstood {}

const Envelope = z.object({ events: z.array(z.unknown()).max(MOST_EVENTS) });
const Event = z.object({ action: z.string().max(64), id: z.string().max(LONGEST_ID).nullish() });
const Push = z.object({
  timestamp: optionalString,
  target: z.object({
    mediaType: optionalString,
    digest: optionalString,
    repository: optionalString,
    tag: optionalString,
  }),
  actor: z.object({ name: optionalName }).nullish(),
});

/** One event, read: a claim, or how to call what is not one. */
type Read = { readonly id: string | null } & (
  | { readonly claim: PushClaim }
  | { readonly other: string }
  | { readonly problem: string; readonly wellFormed: boolean }
);

/**
 * What an envelope says: its pushes of manifests, and apart from them what could not be understood, so that one strange
 * event does not hide the others. Otherwise one entry: `noted`. `registryHost` comes from the hook's configuration,
 * never from the payload. `bodyHash` (hex SHA-256 of the body) identifies what has no id. Never throws.
 */
export function parseDistribution(
  body: Uint8Array,
  registryHost: string,
  bodyHash: string,
): readonly DeliveryContent[] {
  try {
    const { events } = narrow(Envelope, readJson(body));
    return contentsOf(
      events.map((event, index) => readEvent(event, index, registryHost, bodyHash)),
      bodyHash,
    );
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return [{ kind: 'not-understood', event: EVENT, deliveryId: bodyHash, problem: error.message }];
  }
}

function contentsOf(events: readonly Read[], bodyHash: string): DeliveryContent[] {
  const contents: DeliveryContent[] = [];
  const claims = events.flatMap((event) => ('claim' in event ? [event.claim] : []));
  if (claims.length > 0) contents.push({ kind: 'pushes', claims });
  const failed = events.flatMap((event) => ('problem' in event ? [event] : []));
  const [first] = failed;
  if (first !== undefined) {
    // Distribution sends again until it is answered with success, and everything else waits behind it: whoever may push
    // could silence the registry with one odd digest if that were refused.
    const wellFormed = failed.every((event) => event.wellFormed) ? { wellFormed: true } : {};
    contents.push({
      kind: 'not-understood',
      event: EVENT,
      deliveryId: bodyHash,
      problem: first.problem,
      ...wellFormed,
    });
  }
  if (contents.length > 0) return contents;
  const noted = events.find((event) => 'other' in event);
  return [{ kind: 'noted', event: noted?.other ?? EVENT, deliveryId: noted?.id ?? bodyHash }];
}

function readEvent(value: unknown, index: number, registryHost: string, bodyHash: string): Read {
  const at = ['events', index];
  try {
    const { action, id } = narrow(Event, value, at);
    const known = id || null;
    if (action !== 'push') return { id: known, other: action };
    const push = narrow(Push, value, at);
    if (!isManifest(push)) return { id: known, other: 'push of a blob' };
    return { id: known, claim: claimOf(push, at.join('.'), registryHost, known ?? `${bodyHash}.${index}`) };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return { id: null, problem: error.message, wellFormed: error instanceof UnsupportedDigest };
  }
}

/** Blobs have no tags: a tagged push is an image whatever its media type (Docker's old schema 1, what comes next). */
function isManifest({ target }: z.output<typeof Push>): boolean {
  return Boolean(target.tag) || MANIFEST_TYPES.has(target.mediaType ?? '');
}

function claimOf(push: z.output<typeof Push>, at: string, registryHost: string, deliveryId: string): PushClaim {
  const { target, actor, timestamp } = push;
  if (!target.digest) throw NotUnderstood.at(`${at}.target.digest`, 'missing');
  if (OTHER_DIGEST.test(target.digest)) throw new UnsupportedDigest(`${at}.target.digest: not a sha256 digest`);
  if (!isDigest(target.digest)) throw NotUnderstood.at(`${at}.target.digest`, 'not a sha256 digest');
  if (!target.repository) throw NotUnderstood.at(`${at}.target.repository`, 'missing');
  const image = readImage(registryHost, target.repository, `${at}.target.repository`);
  const { tag, digest } = readTag(target.tag ?? '', `${at}.target.tag`);
  if (digest !== null && digest !== target.digest) {
    throw NotUnderstood.at(`${at}.target.tag`, `another digest than ${at}.target.digest`);
  }
  return {
    image,
    tag,
    digest: target.digest,
    pusher: actor?.name ? { name: actor.name, id: null } : null,
    pushedAt: timestamp ? readTime(timestamp, `${at}.timestamp`) : null,
    deliveryId,
    event: 'push',
  };
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** RFC 3339, with Go's nanoseconds, in ms since the epoch; `null` for Go's zero time (the year 1). */
function readTime(text: string, field: string): number | null {
  const [, moment, fraction = '', zone] = RFC3339.exec(text) ?? [];
  const time = moment === undefined ? Number.NaN : Date.parse(`${moment}${fraction.slice(0, 4)}${zone}`.toUpperCase());
  if (Number.isNaN(time)) throw NotUnderstood.at(field, 'not an RFC 3339 time');
  return time < 0 ? null : time;
}
