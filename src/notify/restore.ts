import type { AlertFacts } from '../domain/alert.ts';
import { type Digest, isDigest } from '../domain/digest.ts';
import { isTag } from '../domain/reference.ts';

/** How long a maintainer has between expecting the restore and doing it. */
export const EXPECT_MINUTES = 30;

export interface Restore {
  readonly tag: string;
  readonly safe: Digest;
  /** Opens an expectation window. `null` if we do not know where this installation answers. */
  readonly expect: string | null;
  /** Points the tag back. */
  readonly command: string;
}

/** What is to be put right. */
export type Restorable = Pick<AlertFacts, 'image' | 'tags' | 'digest' | 'safe' | 'push'>;

// An image name by the OCI grammar, with its registry. No character in it means anything to a shell.
const IMAGE = /^[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:\/[a-z0-9][a-z0-9._-]*)+$/;
const PUSH_ID = /^([0-9]+)-[0-9]+$/;
const ALERT_ID = /^[A-Za-z0-9-]{1,32}$/;

/**
 * The commands that point the alert's first tag back at its safe digest, or `null` where there is nothing to point
 * back: no tag, no safe digest, or the tag is there already. They are pasted into shells at 3 a.m.: what does not follow
 * the grammar of tags and images to the letter never becomes part of a command.
 * @param link an address of this installation.
 * @see https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_tag.md
 */
export function restoreOf(alert: Restorable, alertId: string | null, link: string | null): Restore | null {
  const tag = alert.tags[0];
  const safe = alert.safe?.digest;
  if (tag === undefined || safe === undefined || safe === alert.digest) return null;
  if (!isTag(tag) || !isDigest(safe) || alert.image.length > 400 || !IMAGE.test(alert.image)) return null;
  return {
    tag,
    safe,
    expect: expectCommand(alert.push, tag, safe, alertId, link),
    command: `crane tag ${alert.image}@${safe} ${tag}`,
  };
}

function expectCommand(
  push: string,
  tag: string,
  safe: Digest,
  alertId: string | null,
  link: string | null,
): string | null {
  const repository = PUSH_ID.exec(push)?.[1];
  if (repository === undefined || link === null || !URL.canParse(link)) return null;
  const { origin, protocol } = new URL(link);
  if (!protocol.startsWith('http') || !/^[a-z0-9.:/[\]-]+$/.test(origin)) return null;
  const reason = alertId !== null && ALERT_ID.test(alertId) ? `restore after ${alertId}` : 'restore';
  const body = JSON.stringify({ tag, digest: safe, minutes: EXPECT_MINUTES, reason });
  return [
    `curl --fail -X POST '${origin}/api/v1/repositories/${repository}/expectations'`,
    `-H "Authorization: Bearer $PUSHWARDEN_API_KEY" -H 'Content-Type: application/json' -d '${body}'`,
  ].join(' ');
}
