import type { AlertFacts } from '../domain/alert.ts';
import type { Notification } from '../usecases/ports.ts';
import { revocationOf } from './revocation.ts';
import { alertActions } from './slack-actions.ts';
import {
  alertContext,
  byAccount,
  findingBullet,
  headlineName,
  isForgery,
  plainReference,
  pushInWords,
  reference,
  safeDigest,
  stepsNow,
  tagList,
  whatHappened,
} from './slack-alert-parts.ts';
import { blocksLength, header, notificationText, type SlackBlock, type SlackMessage, section } from './slack-blocks.ts';
import { signatureBlocks } from './slack-signatures.ts';
import { code, SLACK_LIMITS, shortName, slackDate } from './slack-text.ts';
import { findingTitle } from './words.ts';

/**
 * How much is said. Over Slack's limit the explanations go and the tag list shrinks; with every name at its longest,
 * digests and commands fit then. The safe digest is never dropped.
 */
type Detail = 'all' | 'titles';

/**
 * An alert as it stands: what happened, what is safe, what to do, why. The message that opens it, and later (`status`
 * says what changed) what its parent message is updated to.
 */
export function alertMessage(notification: Notification, alert: AlertFacts, status: string | null): SlackMessage {
  const build = isForgery(alert) ? forgeryBlocks : rogueBlocks;
  const text = alertText(alert);
  const blocks = build(notification, alert, status, 'all');
  if (blocksLength(blocks) <= SLACK_LIMITS.allBlocks) return { text, blocks };
  return { text, blocks: build(notification, alert, status, 'titles') };
}

function alertText(alert: AlertFacts): string {
  const by = alert.pusher === null ? '' : ` by ${shortName(alert.pusher.name)}`;
  if (isForgery(alert)) {
    const claim = `FORGED WEBHOOK: a delivery claims that ${plainReference(alert)} was pushed${by}.`;
    return notificationText(claim, 'The registry has no such thing: no image is at risk.');
  }
  const worst = alert.findings[0];
  const why = worst === undefined ? '' : ` ${findingTitle(worst.code)}.`;
  const safe = alert.safe === null ? 'We know no trusted digest for this tag.' : `Safe digest ${alert.safe.digest}`;
  return notificationText(`ROGUE: ${plainReference(alert)} ${whatHappened(alert)}${by}.${why}`, safe);
}

function rogueBlocks(
  notification: Notification,
  alert: AlertFacts,
  status: string | null,
  detail: Detail,
): readonly SlackBlock[] {
  const { registry, pages } = revocationOf(alert.image);
  return [
    header(`🛑 Rogue push: ${headlineName(alert)}`),
    ...(status === null ? [] : [section(status)]),
    section(eventWords(alert)),
    section(safeDigest(alert)),
    ...stepsNow(alert, notification).map(section),
    ...why(alert, detail),
    ...(detail === 'all' ? signatureBlocks(alert.findings) : []),
    section(digestWords(alert)),
    ...moreTags(alert, detail),
    ...alertActions(notification, alert, [{ label: `Revoke at ${registry}`, url: pages[0]?.url ?? null }]),
    alertContext(notification, alert),
  ];
}

/** Nothing was pushed: another headline, no digests and no restore, so that nobody moves a tag for a lie. */
function forgeryBlocks(
  notification: Notification,
  alert: AlertFacts,
  status: string | null,
  detail: Detail,
): readonly SlackBlock[] {
  return [
    header(`🛑 Forged webhook: ${headlineName(alert)}`),
    ...(status === null ? [] : [section(status)]),
    section(
      `*No image is at risk.* A webhook delivery claims that ${reference(alert)} was pushed${byAccount(alert)}, ${slackDate(alert.pushedAt)}; the registry has no such thing.`,
    ),
    section(
      '*Do now*\nSomeone knows your webhook address. Change it: rotate the secret of this repository, and put the new address in at the registry (while both work, no delivery is lost). There is nothing to restore.',
    ),
    ...why(alert, detail),
    ...alertActions(notification, alert),
    alertContext(notification, alert),
  ];
}

function why(alert: AlertFacts, detail: Detail): SlackBlock[] {
  if (alert.findings.length === 0) return [];
  const push = pushInWords(alert);
  const lines = (explained: boolean) =>
    ['*Why*', ...alert.findings.map((f) => findingBullet(f, push, explained))].join('\n');
  const full = lines(true);
  return [section(detail === 'all' && full.length <= SLACK_LIMITS.section ? full : lines(false))];
}

function digestWords(alert: AlertFacts): string {
  const now =
    alert.digest === null ? '*Now* at a digest the registry has not told us yet' : `*Now* ${code(alert.digest)}`;
  if (alert.previous === null) return `*Before* no digest that we know of\n${now}`;
  const isSafe = alert.previous === alert.safe?.digest ? ' (the safe digest)' : '';
  return `*Before* ${code(alert.previous)}${isSafe}\n${now}`;
}

/** Who, when, and whether it is real. */
function eventWords(alert: AlertFacts): string {
  const event = `${reference(alert)} ${whatHappened(alert)}${byAccount(alert)}, ${slackDate(alert.pushedAt)}.`;
  const who = alert.pusher === null ? ' The account is not named.' : '';
  const real =
    alert.confirmedAt === null
      ? '*Not confirmed by the registry yet:* so far only a webhook says so.'
      : `The registry confirmed it, ${slackDate(alert.confirmedAt)}.`;
  return `${event}${who}\n${real}`;
}

function moreTags(alert: AlertFacts, detail: Detail): SlackBlock[] {
  if (alert.tags.length < 2) return [];
  return [section(`*Tags at this digest*\n${tagList(alert.tags, detail === 'all' ? 20 : 5)}`)];
}
