import type { JSX } from 'hono/jsx/jsx-runtime';
import { Icon, type IconName } from './icon.tsx';

export type ShownEvidence = 'present' | 'absent' | 'invalid' | 'unavailable' | 'waiting' | 'not-asked';

const STATES: Readonly<Record<ShownEvidence, readonly [IconName, string]>> = {
  present: ['yes', 'Present'],
  absent: ['no', 'Absent'],
  invalid: ['wrong', 'Invalid'],
  unavailable: ['undetermined', 'Unavailable'],
  waiting: ['pending', 'Not yet'],
  'not-asked': ['eye', 'Not asked'],
};

/** States of evidence are not verdicts and have no colour. */
export function EvidenceState({ state }: { readonly state: ShownEvidence }): JSX.Element {
  const [icon, word] = STATES[state];
  return (
    <span class={`ev ${state}`}>
      <Icon name={icon} />
      {word}
    </span>
  );
}
