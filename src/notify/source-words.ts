import type { HealthFact } from '../domain/health.ts';
import type { PartStatus, SourcePart } from '../domain/source.ts';
import type { HealthWords } from './health-words-shape.ts';
import { utcMinute } from './utc.ts';

/** Words about registry accounts that are read for tokens and their uses. */

export type FactAboutSources = Extract<HealthFact, { readonly kind: 'source-blind' | 'audit-log-gap' }>;

export const PART_WORDS: Readonly<Record<SourcePart, string>> = {
  'personal-tokens': 'personal tokens',
  'organization-tokens': 'organization tokens',
  'audit-log': 'audit log',
};

export function sourceHealthWords(fact: FactAboutSources): HealthWords {
  switch (fact.kind) {
    case 'source-blind':
      return {
        title: `We do not see the ${PART_WORDS[fact.part]} of ${fact.source}`,
        what: `Since ${utcMinute(fact.since)} it does not let us read them: ${fact.reason}.`,
        consequence:
          fact.part === 'audit-log'
            ? 'Which token pushed is not named any more; a push that no webhook tells of waits for the sweep.'
            : partCost(fact.part),
        action:
          'If the login was changed or revoked, give it anew under Settings, Sources. If a right was taken away, give it back or disconnect the source.',
      };
    case 'audit-log-gap':
      return {
        title: `The audit log of ${fact.account} has a gap`,
        what:
          fact.since === null
            ? 'Where it was read to is not known any more.'
            : `The row where it was last read to (${utcMinute(fact.since)}) is not in it any more.`,
        consequence: 'Uses of tokens since then may be missing here. What is missing is unknown, not absent.',
        action: `Look through the log at the registry from ${fact.since === null ? 'the last day you know to be complete' : utcMinute(fact.since)} on.`,
      };
  }
}

/** How a part answers, in a word or two. */
export const PART_STATES: Readonly<Record<PartStatus['state'], string>> = {
  unread: 'Not read yet',
  off: 'Not with this login',
  ok: 'Answers',
  'signed-out': 'Login refused',
  forbidden: 'May not read it',
  'not-on-plan': 'Not on this plan',
  waiting: 'Asked to wait',
  failing: 'No answer',
};

/** What to do about a part that does not answer; `null`: nothing. */
export function sourceAdvice(part: SourcePart, { state }: PartStatus): string | null {
  switch (state) {
    case 'unread':
    case 'off':
    case 'ok':
      return null;
    case 'signed-out':
      return 'The login was revoked, has expired or is wrong. Make a new token and give it under Settings, Sources, or with PATCH /api/v1/sources/{id}.';
    case 'forbidden':
      return part === 'audit-log'
        ? 'The login may not read the audit log: use an owner, or an organization token with scope-activity-read.'
        : `The login may not read the ${PART_WORDS[part]}: use a personal token of an owner.`;
    case 'not-on-plan':
      return 'The plan of this account does not have it. Without it, attribution goes by last-used times; it is asked again every day.';
    case 'waiting':
      return 'Docker Hub asked us to wait. Nothing to do, unless it lasts.';
    case 'failing':
      return 'Docker Hub does not answer in a way we understand. Nothing to do, unless it lasts.';
  }
}

/** What goes unnoticed while a part cannot be read. */
export const partCost = (part: SourcePart): string =>
  part === 'audit-log'
    ? 'Which token pushed is not named; a push that no webhook tells of waits for the sweep.'
    : 'A token that is used, made or left lying goes unnoticed, bait included.';
