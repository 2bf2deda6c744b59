import { type Authority, isKeyless } from '../domain/authority.ts';
import type { CiIdentity } from '../domain/ci.ts';
import { shortDigest } from '../domain/digest.ts';
import { DEFAULT_TOKENS, type Policy } from '../domain/policy.ts';

/** A policy as a person would say it: what it is about, and what it asks for. Plain text, names as they came. */

export interface PolicyLine {
  readonly about: string;
  readonly says: readonly string[];
}

export function policyInWords(policy: Policy): PolicyLine[] {
  return [
    { about: 'Who may push', says: pushersInWords(policy) },
    { about: 'Tags that never move', says: policy.immutableTags.length === 0 ? ['None'] : policy.immutableTags },
    {
      about: 'A tag goes back',
      says: [policy.rollbacks === 'alert' ? 'It is told, unless CI announced it' : 'That is allowed'],
    },
    { about: 'CI', says: ciInWords(policy) },
    { about: 'Signatures', says: signaturesInWords(policy) },
    { about: 'Tokens', says: tokensInWords(policy) },
    { about: 'Waiting', says: waitsInWords(policy) },
  ];
}

function pushersInWords({ pushers }: Policy): readonly string[] {
  if (pushers === null) return ['Any account'];
  return pushers.length === 0 ? ['Nobody: each push is told'] : pushers;
}

function ciInWords({ ci }: Policy): readonly string[] {
  if (ci.mode === 'off') return ['Not asked for'];
  const weight =
    ci.mode === 'require' ? 'A CI run must have made each push' : 'Looked at, and never an alarm by itself';
  return [
    weight,
    ...(ci.announceFirst ? [`CI announces each release first, at most ${minutes(ci.windowSeconds)} before`] : []),
    ...(ci.lookUpRun === true ? ['Runs that provenance names are looked up'] : []),
    ...(ci.concurrentRuns === 'accept' ? ['A release job that was in progress is enough, which is weak'] : []),
    ...ci.identities.map(identityInWords),
  ];
}

function identityInWords(identity: CiIdentity): string {
  const { repository, repositoryId, workflow, ref, refPattern, environment, event, oidcIssuer } = identity;
  const parts = [
    workflow ?? 'any workflow',
    `of ${repository ?? 'the repository'} (id ${repositoryId})`,
    ref === undefined ? '' : `at ${ref}`,
    refPattern === undefined ? '' : `at refs like ${refPattern}`,
    environment === undefined ? '' : `in environment ${environment}`,
    event === undefined ? '' : `started by ${event}`,
    `vouched for by ${oidcIssuer}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function signaturesInWords({ signatures }: Policy): readonly string[] {
  const { mode, authorities = [], repository } = signatures;
  if (mode === 'off') return ['Not asked for'];
  const weight = mode === 'require' ? 'Each push must be signed' : 'Looked at, and never an alarm by itself';
  const lists = authorities.flatMap((list, n) => [
    ...(authorities.length === 1 ? [] : [n === 0 ? 'One of these must have signed:' : 'And one of these:']),
    ...list.map(authorityInWords),
  ]);
  const kept = repository === undefined ? [] : [`Signatures are kept in ${repository}`];
  return [weight, ...(lists.length === 0 ? ['By whom is not asked'] : lists), ...kept];
}

function authorityInWords(authority: Authority): string {
  const name = authority.name === undefined ? '' : `${authority.name}: `;
  if (!isKeyless(authority)) {
    const log = authority.key.transparencyLog === 'require' ? ', with an entry in a transparency log' : '';
    return `${name}key ${shortDigest(authority.key.fingerprint)}${log}`;
  }
  const { identity, oidcIssuer } = authority.keyless;
  return `${name}${identity.subject ?? identity.subjectRegExp ?? 'anybody'}, vouched for by ${oidcIssuer}`;
}

function tokensInWords({ tokens = DEFAULT_TOKENS }: Policy): readonly string[] {
  return [
    tokens.mode === 'require' ? 'Only tokens that are marked as expected here' : 'Any token of an expected account',
    ...(tokens.dormantDays === 0 ? [] : [`One that slept for ${tokens.dormantDays} days is told`]),
    ...(tokens.freshMinutes === 0
      ? []
      : [`One that is younger than ${tokens.freshMinutes} min and made from a new place is told`]),
  ];
}

function waitsInWords({ settleSeconds, deadlineSeconds }: Policy): readonly string[] {
  return [
    `What may arrive in any order is judged ${minutes(settleSeconds)} after the push`,
    `What may be late, ${minutes(deadlineSeconds)} after it`,
  ];
}

const minutes = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
