import { findingTitle, wantWords } from '../../notify/words.ts';
import type { PushRecord } from '../../store/history.ts';
import { shownTime } from '../time.ts';

/** Why a push has its verdict, in a line. */
export function pushWhy({ verdict, findings, evidence, nextCheckAt }: PushRecord, now: number): string {
  const wants = (evidence?.wants ?? []).map((want) => wantWords(want).title);
  switch (verdict) {
    case 'rogue':
      return findings.map(({ code }) => findingTitle(code)).join(' · ');
    case 'pending': {
      const until = nextCheckAt === null ? '' : `, looked at again ${shownTime(nextCheckAt, now)}`;
      return wants.length === 0 ? `Waiting${until}` : `Waiting for ${wants.join(' and ')}${until}`;
    }
    case 'undetermined':
      return `Could not find out: ${wants.join(', ') || 'what was pushed'}`;
    case 'trusted':
      return trustedBy(evidence);
    case null:
      return 'Not judged';
  }
}

function trustedBy(evidence: PushRecord['evidence']): string {
  const found = evidence?.signatures?.found;
  // Rows written before signatures were verified hold another shape.
  const isSigned = Array.isArray(found) && found.some(({ state }) => state === 'valid');
  const reasons = [evidence?.announcement == null ? '' : 'Announced by CI', isSigned ? 'signed' : ''];
  return reasons.filter((reason) => reason !== '').join(', ') || 'Nothing in the policy is against it';
}
