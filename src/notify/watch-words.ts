import type { WatchAlertFacts } from '../domain/alert.ts';
import type { AnswerWords } from './answer-words.ts';
import { explainCredential, tokenInWords } from './credential-words.ts';
import { shortName } from './slack-text.ts';
import { findingTitle } from './words.ts';

/** Words of alerts about a credential or a setting. Plain text: whoever renders it escapes it. */

/** What is the matter, without whose it is: `A bait token was used`. */
export function watchTitle({ findings: [worst] }: WatchAlertFacts): string {
  return worst === undefined ? 'A watched credential was used' : findingTitle(worst.code);
}

/** `personal token ci-publish`; for a setting the registry's own name of what was changed. */
export function watchSubject({ credential, findings }: WatchAlertFacts): string {
  if (credential !== null) return tokenInWords(credential);
  const [finding] = findings;
  return finding?.code === 'protection-disarmed' ? finding.target : 'settings';
}

export const watchHeadline = (alert: WatchAlertFacts): string =>
  `${watchTitle(alert)}: ${shortName(watchSubject(alert))}`;

/** What the findings advise, each thing once. */
export const watchActions = ({ findings }: WatchAlertFacts): string[] => [
  ...new Set(findings.map((finding) => explainCredential(finding).action)),
];

/** Where the API says what else the credential could have pushed; `null` for a setting. */
export const reachPath = ({ credential }: WatchAlertFacts): string | null =>
  credential === null ? null : `/api/v1/credentials/C-${credential.id}/blast-radius`;

/** Where Docker Hub's tokens are revoked. The addresses are ours, never from a payload. */
const REVOKE = {
  'dockerhub-pat': 'https://app.docker.com/settings/personal-access-tokens',
  'dockerhub-oat': 'https://app.docker.com',
} as const;

/** `null`: there is no token, or its registry has no page that we know of. */
export function revokePage({ credential }: WatchAlertFacts): string | null {
  const kind = credential?.kind;
  return kind === 'dockerhub-pat' || kind === 'dockerhub-oat' ? REVOKE[kind] : null;
}

export function isWatchReal({ about }: WatchAlertFacts): AnswerWords {
  return about === 'credential'
    ? { answer: 'Yes', why: 'The registry itself says that it was used.' }
    : { answer: 'Yes', why: 'The registry itself told us of the change.' };
}

export function watchedRisk({ about }: WatchAlertFacts): AnswerWords {
  return about === 'credential'
    ? { answer: 'All that it can push', why: 'No push is known to go with it, so there is no tag to restore.' }
    : { answer: 'Whatever is pushed since', why: 'No push goes with it, so there is no tag to restore.' };
}

export function watchRevokeAnswer({ credential, findings }: WatchAlertFacts): AnswerWords {
  if (credential !== null) return { answer: tokenInWords(credential), why: 'Before anything else.' };
  const [finding] = findings;
  const actor = finding?.code === 'protection-disarmed' ? finding.actor : null;
  return actor === null
    ? { answer: 'Not named', why: 'The registry does not say who did it. Ask your team first.' }
    : { answer: `What ${actor} can do`, why: 'If it was not somebody of yours.' };
}
