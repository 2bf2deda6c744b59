import { type Authority, isKeyless } from '../domain/authority.ts';
import type { CiIdentity } from '../domain/ci.ts';
import type { ReplayedTag } from '../usecases/replay-policy.ts';
import { findingTitle } from './words.ts';

/** What is said of a policy before anybody has agreed to it. Plain text with names as they came. */

/** Who an authority lets sign: a name for people, and what exactly is compared. */
export function signerInWords(authority: Authority): { readonly name: string; readonly exact: string } {
  if (!isKeyless(authority)) return { name: 'A key', exact: authority.key.fingerprint };
  const { subject, subjectRegExp } = authority.keyless.identity;
  const identity = subject ?? subjectRegExp ?? '';
  // A pattern escapes what would mean something in it.
  const [, repository, file] =
    /^\^?https:\/\/(github\.com\/[^/]+\/[^/]+)\/\.github\/workflows\/([^/@]+)@/.exec(identity.replaceAll('\\', '')) ??
    [];
  const name = repository === undefined ? identity : `${file} in ${repository}`;
  return { name, exact: `${identity}, vouched for by ${authority.keyless.oidcIssuer}` };
}

export function workflowInWords(identity: CiIdentity): { readonly name: string; readonly exact: string } {
  const { oidcIssuer, repositoryId, repository, workflow, ref, refPattern, environment } = identity;
  const conditions = [
    `repository ${repository ?? `with id ${repositoryId}`} at ${oidcIssuer}`,
    ref === undefined ? null : `at ${ref}`,
    refPattern === undefined ? null : `at refs like ${refPattern}`,
    environment === undefined ? null : `in environment ${environment}`,
  ];
  return {
    name: workflow ?? 'Any workflow',
    exact: conditions.filter((condition) => condition !== null).join(', '),
  };
}

/** `18 would pass, 2 would alarm`. */
export function replaySummary(tags: readonly ReplayedTag[]): string {
  const count = (says: ReplayedTag['says']): number => tags.filter((tag) => tag.says === says).length;
  const parts = [
    [count('passes'), 'would pass'],
    [count('alarms'), 'would alarm'],
    [count('unknown'), 'cannot be told'],
    [count('not-asked'), 'not asked about'],
  ] as const;
  if (tags.length > 0 && count('not-asked') === tags.length) return 'Nothing: it asks for no signature and no CI run';
  const told = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return told.length === 0 ? 'No tag could be read' : told.join(', ');
}

export const REPLAY_WORDS: Readonly<Record<ReplayedTag['says'], string>> = {
  passes: 'Passes',
  alarms: 'Would alarm',
  unknown: 'Cannot be told',
  'not-asked': 'Not asked about',
};

/** Why a tag would have passed or not. */
export function replayReason({ says, findings, passed, untold }: ReplayedTag): string {
  switch (says) {
    case 'alarms':
      return findings.map(({ code }) => findingTitle(code)).join('. ');
    case 'unknown':
      return untold.map((part) => UNTOLD[part]).join(' ');
    case 'passes':
      return passed.map((part) => PASSED[part]).join(' ');
    case 'not-asked':
      return 'This policy asks for nothing that could be told of a tag which is there already.';
  }
}

const PASSED = {
  signature: 'Signed by whom you name.',
  ci: 'Made by a workflow that you name.',
  pusher: 'Pushed by an account that you name.',
} as const;

const UNTOLD = {
  signature: 'Not every place for signatures could be read.',
  ci: 'What names its CI run could not be checked.',
  pusher: 'Nobody tells who pushed it.',
  announcement: 'Nothing signed names its CI run. CI may have announced it, and nobody kept that.',
} as const;

/** What cannot be known of tags that were there before anybody watched. */
export function notReplayed(knowsPushers: boolean): string {
  const pushers = knowsPushers
    ? 'Who pushed is the registry’s word about the last push of each tag.'
    : 'Who pushed these tags the registry tells nobody.';
  return `${pushers} Whether a tag moved, and what CI announced, cannot be told afterwards: those parts begin with the first push.`;
}

/** What registries and signatures did not tell, for the person who has to fill it in. */
export function whoPushes(registry: string): string {
  if (registry === 'ghcr.io')
    return 'GitHub tells nobody who pushed before. For pushes from Actions it is github-actions[bot], else the login of whoever pushed.';
  if (registry === 'docker.io')
    return 'The Docker ID whose token your release uses. Docker Hub did not tell us who pushed before.';
  return 'The name that your registry’s notifications will give.';
}
