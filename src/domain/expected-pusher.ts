import type { Finding } from './finding.ts';
import type { Pusher } from './policy.ts';

/** The account that an alert found unexpected, if that is one of its findings: what "this was us" makes expected. */
export function unexpectedPusher(findings: readonly Finding[]): Pusher | null {
  const found = findings.find((finding) => finding.code === 'unexpected-pusher');
  return found?.pusher ?? null;
}
