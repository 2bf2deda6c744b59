import { type AlertFacts, type AnyAlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { AnswerWords } from './answer-words.ts';
import { revocationOf } from './revocation.ts';
import { isForgery } from './slack-alert-parts.ts';
import { shortName } from './slack-text.ts';
import { watchHeadline } from './watch-words.ts';

/** What pages say of an alert, in the order in which somebody woken at night asks. Plain text: whoever renders it escapes it. */

/** `Tag 3.4.0 of kong/kubernetes-ingress-controller was overwritten by a push your pipeline did not make`. */
export function alertHeadline(alert: AnyAlertFacts): string {
  return isWatchAlert(alert) ? watchHeadline(alert) : pushHeadline(alert);
}

function pushHeadline(alert: AlertFacts): string {
  const image = shortName(pathOf(alert.image));
  const [tag] = alert.tags;
  if (isForgery(alert)) {
    const name = tag === undefined ? image : `${image}:${shortName(tag)}`;
    return `A webhook claims a push of ${name} that the registry does not have`;
  }
  if (tag === undefined) return `${image} received a push without a tag that your pipeline did not make`;
  const isOne = alert.tags.length === 1;
  const subject = `${isOne ? 'Tag' : 'Tags'} ${shortName(tag)}${isOne ? '' : ` and ${alert.tags.length - 1} more`} of ${image}`;
  return `${subject} ${isOne ? 'was' : 'were'} ${pushInWords(alert)}`;
}

function pushInWords({ previous, digest, findings }: AlertFacts): string {
  // A lost webhook says nothing about who made the push.
  if (findings.length > 0 && findings.every(({ code }) => code === 'unreported-push')) {
    const what = previous === null ? 'pushed' : previous === digest ? 'pushed again' : 'overwritten';
    return `${what}, and no webhook told us`;
  }
  if (previous === null) return 'pushed, and not by your pipeline';
  return previous === digest
    ? 'pushed again, and not by your pipeline'
    : 'overwritten by a push your pipeline did not make';
}

/** `kong/kubernetes-ingress-controller` of `docker.io/kong/…`. */
const pathOf = (image: string): string => image.slice(image.indexOf('/') + 1);

export function isItReal(alert: AlertFacts): AnswerWords {
  if (isForgery(alert)) {
    return {
      answer: 'No image is at risk',
      why: 'The registry knows no such thing. Somebody knows your webhook address.',
    };
  }
  if (alert.confirmedAt === null) {
    return { answer: 'Not known yet', why: 'So far only a webhook says so. We go on asking the registry.' };
  }
  return { answer: 'Yes', why: 'The registry itself gave us this digest. A forged webhook cannot do that.' };
}

/** Where there is a safe digest, its `why`; the digest is shown whole by whoever renders it. */
export function safeDigestWords(alert: AlertFacts): AnswerWords {
  if (isForgery(alert)) return { answer: 'Nothing to restore', why: 'No tag was moved.' };
  if (alert.safe === null && alert.tags.length === 0)
    return { answer: 'No tag points at it', why: 'So there is no digest to go back to.' };
  if (alert.safe === null) {
    return {
      answer: 'We know no trusted digest for this tag',
      why: 'Do not guess one: look it up in your release log.',
    };
  }
  const whose = alert.tags.length > 1 ? ` of ${alert.tags[0]}, not of the other tags` : ' of this tag';
  return alert.safe.how === 'trusted'
    ? { answer: alert.safe.digest, why: `The last trusted digest${whose}.` }
    : { answer: alert.safe.digest, why: `As found${whose} when Pushwarden started watching: judged by nobody.` };
}

/** Only the account is known, if anything: one of its tokens pushed. */
export function revokeAnswer(alert: AlertFacts): AnswerWords {
  if (isForgery(alert)) {
    return {
      answer: 'The webhook address',
      why: 'Rotate the secret of this repository, and put the new address in at the registry.',
    };
  }
  const { registry } = revocationOf(alert.image);
  if (alert.pusher === null)
    return {
      answer: 'Not named',
      why: `${registry} does not say who pushed. In doubt, revoke all that can push here.`,
    };
  return {
    answer: `A token of ${alert.pusher.name}`,
    why: `${registry} names the account and not the token. In doubt, revoke all of them that can push here.`,
  };
}

/** Many open alerts in one sentence: what they have in common. `12 open alerts, all by ci-bot` */
export function openAlertsHeadline(alerts: readonly AnyAlertFacts[], isMore: boolean): string {
  const count = `${alerts.length}${isMore ? ' or more' : ''} open alerts`;
  const accounts = new Set(alerts.map((each) => (isWatchAlert(each) ? each.account : (each.pusher?.name ?? null))));
  const [account] = accounts;
  if (accounts.size === 1 && account !== null && account !== undefined) return `${count}, all by ${shortName(account)}`;
  const pushed = alerts.flatMap((each) => (isWatchAlert(each) ? [] : [each.image]));
  if (pushed.length === 0) return `${count} about credentials and settings`;
  const images = new Set(pushed);
  const [image] = images;
  if (pushed.length < alerts.length) {
    return `${count}, in ${images.size} ${images.size === 1 ? 'image' : 'images'} and about credentials or settings`;
  }
  if (images.size === 1 && image !== undefined) return `${count}, all of ${shortName(pathOf(image))}`;
  return `${count}, in ${images.size} images`;
}
