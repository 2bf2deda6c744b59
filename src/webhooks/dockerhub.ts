/**
 * Docker Hub's webhook. It has no signature, no digest and no event name, and anybody who has the URL can post one: it
 * only makes us look. `callback_url` is a stranger's URL and is never read.
 * @see https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */

import * as z from 'zod';
import type { DeliveryContent, PushClaim } from '../domain/delivery.ts';
import { formatImageName } from '../domain/reference.ts';
import { narrow, optionalName, optionalString, readJson } from './json.ts';
import { NotUnderstood } from './problem.ts';
import { readImage, readTag } from './target.ts';

const EVENT = 'push';
/** 9999-12-31T23:59:59Z in seconds since the epoch. */
const LAST_SECOND = 253_402_300_799;

const seconds = z.number().min(0, 'not a time').max(LAST_SECOND, 'not a time in seconds since 1970');

const Payload = z.object({
  push_data: z.object({ tag: z.string(), pushed_at: seconds.nullish(), pusher: optionalName }),
  repository: z.object({ repo_name: optionalString, namespace: optionalString, name: optionalString }),
});
type Payload = z.output<typeof Payload>;

/**
 * What a Docker Hub delivery claims: one tag of one repository. `bodyHash` (hex SHA-256 of the body) identifies the
 * delivery where repository, tag and time do not. Never throws.
 */
export function parseDockerHub(body: Uint8Array, bodyHash: string): DeliveryContent {
  try {
    const claim = claimOf(narrow(Payload, readJson(body)), bodyHash);
    // Neither a tag nor a digest: nothing to look at. The sweep finds what it may have been about.
    if (claim.tag === '' && claim.digest === null) return { kind: 'noted', event: EVENT, deliveryId: bodyHash };
    return { kind: 'pushes', claims: [claim] };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return { kind: 'not-understood', event: EVENT, deliveryId: bodyHash, problem: error.message };
  }
}

function claimOf({ push_data, repository }: Payload, bodyHash: string): PushClaim {
  const image = readImage('docker.io', pathOf(repository), 'repository.repo_name');
  const target = readTag(push_data.tag, 'push_data.tag');
  const pushedAt = push_data.pushed_at ?? null;
  const name = formatImageName(image);
  return {
    image,
    ...target,
    pusher: push_data.pusher ? { name: push_data.pusher, id: null } : null,
    pushedAt: pushedAt === null ? null : Math.round(pushedAt * 1000),
    // There is no delivery id. The same push is told again with the same time and account. The account is part of it:
    // whoever knows the URL could else post the right account first, and make the real delivery a repeat nobody reads.
    deliveryId: pushedAt === null ? bodyHash : `${name}:${push_data.tag}@${pushedAt} ${push_data.pusher ?? ''}`.trim(),
    event: EVENT,
  };
}

function pathOf({ repo_name, namespace, name }: Payload['repository']): string {
  if (repo_name) return repo_name;
  if (namespace && name) return `${namespace}/${name}`;
  throw NotUnderstood.at('repository.repo_name', 'missing, and so is repository.namespace or repository.name');
}
