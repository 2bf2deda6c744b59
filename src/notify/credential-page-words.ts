import { type CredentialKind, type CredentialMark, isToken } from '../domain/credential.ts';
import type { SightingAction, SightingSource } from '../domain/sighting.ts';
import { isBlind, type SourceStatus } from '../domain/source.ts';
import type { AnswerWords } from './answer-words.ts';
import { ACTION_WORDS, BY_WORDS } from './blast-radius-words.ts';
import { utcMinute } from './utc.ts';

/** Words of the pages about credentials. Plain text: whoever renders it escapes it. */

export const LONG_KIND: Readonly<Record<CredentialKind, string>> = {
  'dockerhub-account': 'Docker Hub account',
  'github-sender': 'GitHub account',
  'distribution-actor': 'Registry account',
  'dockerhub-pat': 'Docker Hub personal token',
  'dockerhub-oat': 'Docker Hub organization token',
  'dockerhub-oidc': 'Docker Hub OIDC connection',
};

export const MARK_NAMES: Readonly<Record<CredentialMark, string>> = {
  none: 'Not marked',
  expected: 'Expected',
  unexpected: 'Unexpected',
  retired: 'Retired',
  canary: 'Bait',
};

/** What a mark does. */
export const MARK_EFFECTS: Readonly<Record<CredentialMark, string>> = {
  none: 'Nobody has said anything of it. Policies that accept only expected tokens do not accept it.',
  expected: 'It may push where you say. Its other uses are kept in the history.',
  unexpected: 'A push with it is a finding, whatever the policy says.',
  retired: 'Used no more: a push with it is a finding from now on. What it pushed before stays as it was judged.',
  canary: 'A canary that lies where only a thief looks. Any use at all is an alert at once.',
};

/** A credential without a label has a name all the same. */
export const nameOrNone = (name: string): string => (name === '' ? 'without a label' : name);

export function markAnswer(mark: CredentialMark, images: number | null): AnswerWords {
  switch (mark) {
    case 'none':
      return { answer: 'Nobody has said', why: 'Say below whether it may push, and where.' };
    case 'expected':
      return images === null
        ? { answer: 'Yes, everywhere', why: 'Somebody of your team said so.' }
        : {
            answer: images === 1 ? 'Yes, on one image' : `Yes, on ${images} images`,
            why: 'Elsewhere a push with it is a finding.',
          };
    case 'unexpected':
      return { answer: 'No', why: MARK_EFFECTS.unexpected };
    case 'retired':
      return { answer: 'No, it is retired', why: MARK_EFFECTS.retired };
    case 'canary':
      return { answer: 'No: it is bait', why: 'Nothing honest uses it. Any use at all is an alert at once.' };
  }
}

/** Whether we would see it used. Of a token only its registry tells; of an account webhooks do. */
export function sightAnswer(kind: CredentialKind, source: SourceStatus | null, now: number): AnswerWords {
  if (!isToken(kind)) {
    return kind === 'dockerhub-account'
      ? { answer: 'Its pushes', why: 'Webhooks name the account, and not the token that it pushed with.' }
      : { answer: 'Its pushes', why: 'Webhooks of the images that are watched name it.' };
  }
  if (source === null)
    return { answer: 'No', why: 'The account that lists it is connected no more: nobody tells us of its uses.' };
  const list = source[kind === 'dockerhub-pat' ? 'personal-tokens' : 'organization-tokens'];
  const isListed = kind !== 'dockerhub-oidc' && list.state === 'ok';
  const isLogged = source['audit-log'].state === 'ok';
  if (isLogged) return { answer: 'Yes, each of them', why: 'The registry’s audit log names it.' };
  if (isListed)
    return {
      answer: 'Only its last use',
      why: 'The list of tokens has one last-used time: of several uses between two looks it shows the last.',
    };
  return isBlind(list, now)
    ? {
        answer: 'No: we are blind',
        why: 'The account does not let us read its tokens at this moment. Our problem, not an attack.',
      }
    : { answer: 'Not yet', why: 'The account has not let us read its tokens.' };
}

/** What a square of the calendar means. @param alarmsSince alerts opened before that were not looked through */
export function calendarNote(kind: CredentialKind, source: SourceStatus | null, alarmsSince: number | null): string {
  const cut = alarmsSince === null ? '' : ` Alerts opened before ${utcMinute(alarmsSince)} are not marked here.`;
  return `${countedWords(kind, source)}${cut}`;
}

function countedWords(kind: CredentialKind, source: SourceStatus | null): string {
  if (!isToken(kind)) return 'Counted: pushes to watched images, and what an audit log says besides.';
  return source?.['audit-log'].state === 'ok'
    ? 'Counted: what the audit log names, and last-used times that moved.'
    : 'The registry gives one last-used time: a square says that it was seen used that day, not how often.';
}

export const actionWords = (action: SightingAction): string => (action === 'push' ? 'pushed' : ACTION_WORDS[action]);

export const toldBy = (source: SightingSource): string => BY_WORDS[source];
