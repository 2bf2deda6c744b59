import type { FindingCode } from './finding.ts';

/** How urgent a message is. `critical`: somebody may be pulling a rogue image now. `notice`: about ourselves. */
export type Severity = 'notice' | 'high' | 'critical';

const ORDER: readonly Severity[] = ['notice', 'high', 'critical'];

/** Not less urgent than. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return ORDER.indexOf(severity) >= ORDER.indexOf(least);
}

/**
 * Findings that can be told at once and have no innocent reading: what moved, who pushed, a credential that should not
 * have been used. `no-ci-run` only where CI announces first; else it may be a release job that says nothing.
 */
const CRITICAL: ReadonlySet<string> = new Set<FindingCode>([
  'tag-moved',
  'unexpected-pusher',
  'unexpected-token',
  'canary-used',
  'fresh-token-used',
  'token-used-outside-ci',
]);

/** How urgent an alert with these findings is. */
export function severityOfFindings(
  findings: readonly { readonly code: string; readonly announceFirst?: boolean }[],
): Severity {
  return findings.some(({ code, announceFirst }) => CRITICAL.has(code) || announceFirst === true) ? 'critical' : 'high';
}

/** Findings that name a credential: the one thing that changes what a person does next. */
export function namesCredential(code: string): boolean {
  return code.startsWith('unexpected-') || code.endsWith('-used') || code === 'token-used-outside-ci';
}
