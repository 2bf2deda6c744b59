import type { WatchAlertFacts } from './alert.ts';
import type { WatchFinding } from './finding.ts';

/** An alert about a protection that was taken away; `key` makes it one. */
export function disarmedAlert(
  teamId: number,
  key: string,
  what: Omit<Extract<WatchFinding, { readonly code: 'protection-disarmed' }>, 'code'>,
): { readonly teamId: number; readonly subject: string; readonly facts: WatchAlertFacts } {
  const findings = [{ code: 'protection-disarmed', ...what }] as const;
  return {
    teamId,
    subject: `settings ${key}`,
    facts: { about: 'settings', credential: null, account: null, findings, at: what.at },
  };
}
