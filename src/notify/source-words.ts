import type { HealthFact } from '../domain/health.ts';
import type { SourcePart } from '../domain/source.ts';
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
            : 'A token that is used, made or left lying goes unnoticed, bait included.',
        action:
          'If the login was changed or revoked, give it anew: PATCH /api/v1/sources/{id}. If a right was taken away, give it back or disconnect the source.',
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
