import type { AlertFacts } from '../domain/alert.ts';
import type { Finding } from '../domain/finding.ts';
import type { Notification } from '../usecases/ports.ts';
import { EXPECT_MINUTES, type Restore, restoreOf } from './restore.ts';
import { revocationOf } from './revocation.ts';
import { context, type SlackBlock } from './slack-blocks.ts';
import { code, codeBlock, link, prose, shortName, slackDate } from './slack-text.ts';
import { findingWords, type PushInWords } from './words.ts';

/** Pieces that the messages about an alert share, as mrkdwn. */

/** The alert is only about a webhook that lied: the registry never had what it claimed. */
export function isForgery(alert: AlertFacts): boolean {
  return alert.confirmedAt === null && alert.findings.some((finding) => finding.code === 'forged-delivery');
}

/** `docker.io/org/app:3.4.0`, as text. */
export function plainReference(alert: AlertFacts): string {
  const tag = alert.tags[0];
  return tag === undefined ? alert.image : `${alert.image}:${tag}`;
}

/** `app 3.4.0`, for headlines: only there are names shortened. */
export function headlineName(alert: AlertFacts): string {
  const name = shortName(alert.image.split('/').at(-1) ?? alert.image);
  const more = alert.tags.length > 1 ? ` and ${alert.tags.length - 1} more` : '';
  return `${name} ${shortName(alert.tags[0] ?? 'without a tag')}${more}`;
}

export function reference(alert: AlertFacts): string {
  return code(plainReference(alert), 700);
}

export function pushInWords(alert: AlertFacts): PushInWords {
  return {
    tag: alert.tags[0] ?? '',
    safe: alert.safe?.digest ?? null,
    pushedAt: alert.pushedAt,
    confirmed: alert.confirmedAt !== null,
  };
}

/** What happened, in one sentence and without the account. */
export function whatHappened(alert: AlertFacts): string {
  if (alert.tags.length === 0 && !isForgery(alert)) return 'received a push without a tag';
  if (isForgery(alert)) return 'was pushed, says a webhook; the registry has no such thing';
  if (alert.previous === null) return 'was pushed';
  return alert.previous === alert.digest ? 'was pushed again, with the digest it had' : 'was overwritten';
}

export function byAccount(alert: AlertFacts): string {
  return alert.pusher === null ? '' : ` by ${code(alert.pusher.name, 200)}`;
}

const TAGS_LISTED = 20;

/** At most `listed` tags, and how many more there are. */
export function tagList(tags: readonly string[], listed = TAGS_LISTED): string {
  const names = tags.slice(0, listed).map((tag) => code(tag, 128));
  const more = tags.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The digest to go back to, in full, and how far to believe it; never a guess. */
export function safeDigest(alert: AlertFacts): string {
  if (alert.safe === null && alert.tags.length === 0)
    return '*No tag points at it*, so there is no digest to go back to.';
  if (alert.safe === null)
    return '*We know no trusted digest for this tag.* Do not guess one: look it up in your release log.';
  const { digest, how } = alert.safe;
  const tag = code(alert.tags[0] ?? '', 128);
  const source = how === 'trusted' ? 'last trusted' : 'as found when Pushwarden started watching, judged by nobody';
  const whose = alert.tags.length > 1 ? `${source}; for ${tag}, not for the other tags` : `${source}`;
  return `*Safe digest* (${whose})\n${code(digest)}`;
}

/** A finding as a bullet, with or without its explanation. */
export function findingBullet(finding: Finding, push: PushInWords, explained: boolean): string {
  const { title, explanation } = findingWords(finding, push);
  return explained ? `• *${prose(title, 100)}.* ${prose(explanation, 600)}` : `• *${prose(title, 100)}*`;
}

/** Where to revoke what pushed. */
export function revokeWords(alert: AlertFacts): string {
  const { registry, pages } = revocationOf(alert.image);
  const whose = alert.pusher === null ? '' : ` of ${code(alert.pusher.name, 200)}`;
  const where =
    pages.length === 0
      ? `where ${code(registry, 200)} keeps its accounts and tokens`
      : `at ${registry}: ${pages.map((page) => link(page.url, page.label)).join(', ')}`;
  return `*Revoke* the token${whose} that pushed, ${where}. In doubt, revoke all that can push here.`;
}

/**
 * What to do now, in order, as texts for sections of their own (a command must never be cut). The expectation comes
 * before the restore, or our own advice raises the next alarm.
 */
export function stepsNow(alert: AlertFacts, notification: Notification): string[] {
  const worst = alert.findings.find((finding) => finding.code !== 'tag-moved' && finding.code !== 'forged-delivery');
  const lead = worst === undefined ? [] : [prose(findingWords(worst, pushInWords(alert)).action, 600)];
  const restore = restoreOf(alert, notification.alertId, notification.link);
  const first = ['*Do now*', ...lead, `1. ${revokeWords(alert)}`].join('\n');
  return restore === null ? [`${first}\n2. ${noRestoreWords(alert)}`] : [first, restoreWords(restore)];
}

function restoreWords(restore: Restore): string {
  const tag = code(restore.tag, 128);
  const api =
    restore.expect === null ? ' `POST /api/v1/repositories/{id}/expectations`' : `\n${codeBlock(restore.expect)}`;
  return [
    `2. *Expect* ${tag} at the safe digest for ${EXPECT_MINUTES} minutes first, or the restore itself alarms:${api}`,
    `3. *Restore* ${tag}:\n${codeBlock(restore.command)}`,
  ].join('\n');
}

function noRestoreWords(alert: AlertFacts): string {
  if (alert.tags.length === 0) return 'No tag points at it that we know of. Delete the digest if nobody made it.';
  if (alert.safe !== null && alert.safe.digest === alert.digest) {
    return 'Nothing to restore: the tag points at the safe digest now.';
  }
  if (alert.safe !== null)
    return 'Point the tag back at the safe digest. Expect it there first, or the restore itself alarms.';
  return 'Look up the right digest, expect the tag there (or the restore itself alarms), then point the tag back.';
}

/** Small print: ids that make a repeat recognisable, in every message. */
export function alertContext(
  notification: Notification,
  alert: AlertFacts,
  more: readonly (string | null)[] = [],
): SlackBlock {
  const next = alert.nextDecisionAt === null ? null : `More is decided ${slackDate(alert.nextDecisionAt)}`;
  return context([...idsOf(notification), `Push ${code(alert.push, 100)}`, ...more, next]);
}

export function idsOf(notification: Notification): string[] {
  const event = `Event ${code(notification.eventId, 200)}`;
  return notification.alertId === null ? [event] : [`Alert ${code(notification.alertId, 100)}`, event];
}
