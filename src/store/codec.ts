import type { Digest } from '../domain/digest.ts';
import { digestHex } from '../domain/digest.ts';
import type { PushKind, PushOrigin } from '../domain/evidence.ts';
import type { Finding, Verdict } from '../domain/finding.ts';
import type { Sighting, SightingAction, SightingSource } from '../domain/sighting.ts';
import type { CiRunState } from '../domain/workflow-run.ts';

/** Small integers stand for words in rows that there are millions of. Append only: the numbers are in databases. */
const KINDS = ['unresolved', 'manifest', 'index', 'artifact', 'child', 'untagged', 'deleted'] as const;
const ORIGINS = ['dockerhub', 'github', 'distribution', 'read-back', 'sweep', 'baseline', 'audit-log'] as const;
const VERDICTS = ['pending', 'trusted', 'rogue', 'undetermined'] as const;
const OUTCOMES = ['recorded', 'noted', 'not-understood', 'unwatched'] as const;
const SAFE_HOW = ['trusted', 'baseline'] as const;
const SIGHTING_SOURCES = ['webhook', 'token-list', 'audit-log'] as const;
const SIGHTING_ACTIONS = ['push', 'use', 'tag-delete', 'settings', 'token', 'other'] as const;
const STRENGTHS = ['named', 'deduced', 'ambiguous'] as const;
const RUN_STATES = ['requested', 'in-progress', 'completed'] as const;

export type DeliveryOutcome = (typeof OUTCOMES)[number];

function decoder<T extends string>(words: readonly T[]): (code: number) => T {
  return (code) => {
    const word = words[code];
    if (word === undefined)
      throw new RangeError(`unknown code ${code} in the database: was it written by a newer version?`);
    return word;
  };
}

export const kindCode = (kind: PushKind): number => KINDS.indexOf(kind);
export const kindOf = decoder<PushKind>(KINDS);
export const originCode = (origin: PushOrigin): number => ORIGINS.indexOf(origin);
export const originOf = decoder<PushOrigin>(ORIGINS);
export const verdictCode = (verdict: Verdict | null): number | null =>
  verdict === null ? null : VERDICTS.indexOf(verdict);
export const verdictOf = decoder<Verdict>(VERDICTS);
export const outcomeCode = (outcome: DeliveryOutcome): number => OUTCOMES.indexOf(outcome);
export const outcomeOf = decoder<DeliveryOutcome>(OUTCOMES);
export const safeHowCode = (how: (typeof SAFE_HOW)[number]): number => SAFE_HOW.indexOf(how);
export const safeHowOf = decoder<(typeof SAFE_HOW)[number]>(SAFE_HOW);

export const sightingSourceCode = (source: SightingSource): number => SIGHTING_SOURCES.indexOf(source);
export const sightingSourceOf = decoder<SightingSource>(SIGHTING_SOURCES);
export const sightingActionCode = (action: SightingAction): number => SIGHTING_ACTIONS.indexOf(action);
export const sightingActionOf = decoder<SightingAction>(SIGHTING_ACTIONS);
export const strengthCode = (strength: Sighting['strength']): number => STRENGTHS.indexOf(strength);
export const strengthOf = decoder<Sighting['strength']>(STRENGTHS);
/** In the order in which a run goes through them: what is further on is never overwritten by what was before. */
export const runStateCode = (state: CiRunState): number => RUN_STATES.indexOf(state);
export const runStateOf = decoder<CiRunState>(RUN_STATES);

/** Webhook origins have the lowest codes: `origin <= LAST_WEBHOOK_ORIGIN` in SQL. */
export const LAST_WEBHOOK_ORIGIN = originCode('distribution');

/** D1 gives BLOBs as arrays of numbers. */
export type Blob = readonly number[];

export function hexOf(bytes: Blob | Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

export function digestOf(bytes: Blob | null): Digest | null {
  return bytes === null ? null : `sha256:${hexOf(bytes)}`;
}

/** Hex digits for `unhex(…)` inside JSON parameters, which cannot carry BLOBs. */
export function hexParam(digest: Digest | null): string | null {
  return digest === null ? null : digestHex(digest);
}

/** As the column holds them; null where there are none. */
export function findingsParam(findings: readonly Finding[]): string | null {
  return findings.length === 0 ? null : JSON.stringify(findings);
}

export const DAY_MS = 86_400_000;

/** Days since the epoch. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The 16 bytes (as hex) that stand for a delivery: a UUID as it is (`X-GitHub-Delivery`, a Distribution event id), any
 * other id as the first half of its SHA-256.
 */
export async function deliveryKey(id: string): Promise<string> {
  if (UUID.test(id)) return id.replaceAll('-', '').toLowerCase();
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id));
  return hexOf(new Uint8Array(hash, 0, 16));
}

/** The events that there are millions of are stored as a letter. */
const EVENTS = new Map([
  ['package.published', 'p'],
  ['package.updated', 'u'],
  ['registry_package.published', 'P'],
  ['registry_package.updated', 'U'],
  ['workflow_run.requested', 'r'],
  ['workflow_run.in_progress', 'i'],
  ['workflow_run.completed', 'c'],
]);
const EVENT_NAMES = new Map([...EVENTS].map(([name, letter]) => [letter, name]));

export const eventCode = (event: string): string => EVENTS.get(event) ?? event;
export const eventOf = (stored: string): string => EVENT_NAMES.get(stored) ?? stored;
