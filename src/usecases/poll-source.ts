import { isBlind, nextStatus, type PartStatus, SOURCE_PARTS } from '../domain/source.ts';
import type { Source, SourceSave } from './credential-stores.ts';
import { type Poll, type PollDependencies, type Refused, type Step, trouble } from './poll-steps.ts';
import { readAuditLog } from './read-audit-log.ts';
import { readResources, readTokens } from './read-token-lists.ts';
import type { AccountAnswer, HubSession } from './registry-accounts.ts';

/** No poll takes this many steps; one that did would never end. */
const MOST_STEPS = 500;
/** A session is not used in its last moments. */
const SESSION_SPARE_MS = 30_000;

/**
 * Reads a source from where the last invocation stopped: tokens, what they may reach, the audit log. Each page is saved
 * with how to go on, so that whatever ends an invocation loses nothing.
 */
export async function pollSource(deps: PollDependencies, source: Source): Promise<void> {
  const now = deps.clock.now();
  const { status, nextPollAt, polledAt, cursor } = source;
  const session = await signIn(deps, source);
  if (session.kind === 'out-of-requests') return;
  if (session.kind !== 'found') {
    const refused = refusedSignIn(source, session, now);
    await deps.store.save(source, { polledAt, cursor, progress: source.progress, ...refused });
    return reportHealth(deps, source, refused.status);
  }
  const progress = source.progress ?? { startedAt: now, phase: 'personal-tokens', page: 1, seen: [], log: null };
  let poll: Poll = {
    source: session.source,
    session: session.value,
    progress,
    save: { status, nextPollAt, polledAt, cursor },
  };
  for (let n = 0; n < MOST_STEPS; n += 1) {
    const step = await stepOf(deps, poll);
    if (step.is !== 'next') return reportHealth(deps, source, step.status);
    poll = step.poll;
  }
}

function stepOf(deps: PollDependencies, poll: Poll): Promise<Step> {
  switch (poll.progress.phase) {
    case 'personal-tokens':
    case 'organization-tokens':
      return readTokens(deps, poll, poll.progress.phase);
    case 'resources':
      return readResources(deps, poll);
    case 'audit-log':
      return readAuditLog(deps, poll);
  }
}

/** Binds a stored login to its team: it cannot be moved to another. */
export const sealContext = (teamId: number): string => `source ${teamId}`;

/** How Docker Hub's tokens begin. @see https://docs.docker.com/security/access-tokens/ */
const TOKEN = /^dckr_[a-z]+_/;
/** Sign-ins that are remembered: isolates sign in each for themselves. */
const REMEMBERED = 10;

async function signIn(
  deps: PollDependencies,
  source: Source,
): Promise<AccountAnswer<HubSession> & { readonly source: Source }> {
  const known = deps.sessions.get(source.sealed);
  if (known !== undefined && known.expiresAt - SESSION_SPARE_MS > deps.clock.now())
    return { kind: 'found', value: known, source };
  const secret = await deps.seal.open(source.sealed, sealContext(source.teamId));
  const answer = await deps.hub.signIn({ identifier: source.account, secret }, deps.requests);
  if (answer.kind !== 'found') {
    deps.sessions.delete(source.sealed);
    return { ...answer, source };
  }
  deps.sessions.set(source.sealed, answer.value);
  // A password is on no list.
  if (!TOKEN.test(secret)) return { ...answer, source };
  const signedIn = [deps.clock.now(), ...source.signedIn].slice(0, REMEMBERED);
  await deps.store.signedIn(source, signedIn);
  return { ...answer, source: { ...source, signedIn } };
}

function refusedSignIn({ status }: Source, answer: Refused, now: number): Pick<SourceSave, 'status' | 'nextPollAt'> {
  const { state, at } = trouble(answer, now);
  const failed = (part: PartStatus): PartStatus =>
    part.state === 'off' ? part : nextStatus(part, state, answer.reason, now);
  return {
    status: {
      'personal-tokens': failed(status['personal-tokens']),
      'organization-tokens': failed(status['organization-tokens']),
      'audit-log': failed(status['audit-log']),
    },
    nextPollAt: at,
  };
}

/** Our own blindness is told once, and when it ends. */
async function reportHealth(
  { health, clock }: PollDependencies,
  source: Source,
  status: Source['status'],
): Promise<void> {
  const now = clock.now();
  for (const part of SOURCE_PARTS) {
    const { reason, since } = status[part];
    const fact = { kind: 'source-blind', source: sourceName(source), part, reason: reason ?? '', since } as const;
    if (isBlind(status[part], now)) await health.raise(source.teamId, fact, now);
    else if (status[part].state === 'ok' && source.status[part].state !== 'ok')
      await health.settle(source.teamId, fact, now);
  }
}

/** `Docker Hub org-release (org)`, for people. */
export function sourceName({ account, organization }: Pick<Source, 'account' | 'organization'>): string {
  return organization === '' || organization === account
    ? `Docker Hub ${account}`
    : `Docker Hub ${account} (${organization})`;
}
