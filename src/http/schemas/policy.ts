import * as z from 'zod';
import { isKeyless, type KeylessAuthority } from '../../domain/authority.ts';
import type { CiIdentity } from '../../domain/ci.ts';
import { DEFAULT_TOKENS, type Policy } from '../../domain/policy.ts';
import { patternStart } from '../../domain/subject-pattern.ts';
import { authorityLists } from './authorities.ts';
import { REPOSITORY_ID, repositoryIdProblem } from './repository-id.ts';

const mode = z.enum(['require', 'observe', 'off']);
const shortText = z.string().trim().min(1).max(255);

const ciIdentity = z
  .strictObject({
    oidcIssuer: z
      .url({ protocol: /^https?$/ })
      .max(255)
      .meta({ examples: ['https://token.actions.githubusercontent.com'] }),
    repositoryId: z.string().max(255).toLowerCase().meta({
      description:
        'GitHub `repository_id`, GitLab `project_id`, CircleCI project UUID, Buildkite pipeline UUID or `organization/pipeline`: names can be taken over, ids cannot.',
      pattern: REPOSITORY_ID,
    }),
    repository: shortText.optional().meta({
      description:
        'Its name as the CI tells it, exact. For CircleCI, where builds of forks belong to the same project.',
      examples: ['github.com/org/app'],
    }),
    workflow: shortText
      .optional()
      .meta({ description: 'Path of the workflow file.', examples: ['.github/workflows/release.yml'] }),
    ref: shortText.optional().meta({ description: 'Full git ref, exact.', examples: ['refs/heads/main'] }),
    refPattern: shortText
      .optional()
      .meta({ description: 'Full git ref, `*` stands for anything.', examples: ['refs/tags/v*'] }),
    environment: shortText.optional(),
    event: shortText.optional(),
  })
  .refine((identity) => identity.ref === undefined || identity.refPattern === undefined, {
    error: 'give ref or refPattern, not both',
  })
  .refine(
    (identity) =>
      [identity.ref, identity.refPattern].every(
        (ref) => ref === undefined || ref.startsWith('refs/') || ref.startsWith('*'),
      ),
    {
      error: 'a ref is written in full: refs/heads/main, refs/tags/v*',
    },
  )
  .superRefine(({ oidcIssuer, repositoryId }, context) => {
    const problem = repositoryIdProblem(oidcIssuer, repositoryId);
    if (problem !== null) context.addIssue({ code: 'custom', path: ['repositoryId'], message: problem });
  })
  .meta({ id: 'CiIdentity' });

const ci = z
  .strictObject({
    mode: mode.optional().meta({ description: '`require` if identities are given, else `off`.' }),
    announceFirst: z
      .boolean()
      .default(false)
      .meta({ description: 'CI announces `started` before it pushes: a push outside that window is rogue at once.' }),
    windowSeconds: z.int().min(60).max(86_400).default(3600),
    identities: z.array(ciIdentity).max(20).default([]),
    lookUpRun: z.boolean().default(false).meta({
      description: 'Ask the CI provider about the run that provenance names: it has to exist and to fit.',
    }),
    concurrentRuns: z.enum(['accept', 'ignore']).default('ignore').meta({
      description:
        'accept: a run of an identity that was in progress at the time counts as if CI had announced the push. Weak: anyone who holds a token can push meanwhile.',
    }),
  })
  .transform((value) => ({
    ...value,
    mode: value.mode ?? (value.identities.length > 0 ? ('require' as const) : ('off' as const)),
  }))
  // A rule that nothing can satisfy would call every push rogue.
  .refine((value) => value.mode !== 'require' || value.identities.length > 0, {
    path: ['identities'],
    error: 'name at least one CI identity, or set ci.mode to off',
  })
  .refine((value) => !value.announceFirst || value.mode === 'require', {
    path: ['announceFirst'],
    error: 'announceFirst needs ci.mode require',
  })
  .refine((value) => !value.announceFirst || value.concurrentRuns === 'ignore', {
    path: ['concurrentRuns'],
    error: 'a CI that announces first vouches for each digest: a run in progress cannot stand in for that (ignore)',
  });

const signatures = z
  .strictObject({
    mode: mode.optional().meta({ description: '`require` if authorities are given, else `off`.' }),
    repository: z
      .string()
      .max(255)
      .regex(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/, { error: 'expected a repository path of the same registry' })
      .optional()
      .meta({
        description: "Another repository of the same registry that holds the signatures: cosign's COSIGN_REPOSITORY.",
      }),
    authorities: authorityLists.prefault([]),
  })
  .transform((value) => ({
    ...value,
    mode: value.mode ?? (value.authorities.length > 0 ? ('require' as const) : ('off' as const)),
  }))
  .refine((value) => value.mode !== 'require' || value.authorities.length > 0, {
    path: ['authorities'],
    error: 'name at least one authority that may sign, or set signatures.mode to observe',
  });

const tokens = z.strictObject({
  mode: z.enum(['require', 'off']).default('off').meta({
    description: '`require`: a push that is attributed to a token which nobody marked as expected here is a finding.',
  }),
  dormantDays: z.int().min(0).max(3650).default(DEFAULT_TOKENS.dormantDays),
  freshMinutes: z.int().min(0).max(10_080).default(DEFAULT_TOKENS.freshMinutes),
});

/** What a maintainer expects of pushes. Every key may be left out. */
export const policyInput = z
  .strictObject({
    pushers: z
      .array(shortText)
      .min(1, { error: 'an empty list would call every push rogue; null accepts any account' })
      .max(100)
      .nullable()
      .default(null)
      .meta({ description: 'Accounts that may push: logins, or `id:41898282` for GitHub ids. null: any.' }),
    immutableTags: z
      .array(z.string().regex(/^[A-Za-z0-9._*-]{1,128}$/, { error: 'expected a tag, with * for anything' }))
      .max(100)
      .default(['*.*.*']),
    rollbacks: z.enum(['alert', 'allow']).default('alert'),
    ci: ci.prefault({}),
    signatures: signatures.prefault({}),
    tokens: tokens.prefault({}),
    settleSeconds: z.int().min(0).max(3600).default(120),
    deadlineSeconds: z.int().min(0).max(86_400).default(1800),
  })
  .refine((policy) => policy.deadlineSeconds >= policy.settleSeconds, {
    path: ['deadlineSeconds'],
    error: 'the deadline cannot come before the settle time',
  })
  .meta({ id: 'PolicyInput' });

/** A stored policy, complete. */
export const policyOutput = z
  .unknown()
  .meta({ id: 'Policy', description: 'The policy with every default filled in; see PolicyInput.' });

/** What a policy leaves open, in words for the person who saved it. */
export function policyWarnings(policy: Policy): string[] {
  const warnings: string[] = [];
  if (policy.pushers === null) warnings.push('pushers is null: a push by any account is accepted.');
  if (policy.ci.mode !== 'require') warnings.push('ci.mode is not require: a push that no CI run made is accepted.');
  else if (!policy.ci.announceFirst)
    warnings.push(
      `ci.announceFirst is off: a push without a CI run is told ${policy.deadlineSeconds} s after it, not at once.`,
    );
  warnings.push(...policy.ci.identities.flatMap(openCiIdentity));
  if (policy.ci.concurrentRuns === 'accept') warnings.push(...runWarnings(policy.ci.identities));
  if (policy.immutableTags.length === 0) warnings.push('immutableTags is empty: a release tag may be overwritten.');
  return [...warnings, ...signatureWarnings(policy.signatures)];
}

function runWarnings(identities: Policy['ci']['identities']): string[] {
  const weak =
    'ci.concurrentRuns is accept, which is weak: anyone who holds a token can push while any of these jobs runs, and is believed.';
  const never = identities.every(({ environment }) => environment !== undefined);
  return never
    ? [weak, 'ci.concurrentRuns: no identity can ever match, as a run does not tell its environment.']
    : [weak];
}

/** What is the same for somebody else's job. */
function openCiIdentity({ oidcIssuer, repositoryId, repository }: CiIdentity): string[] {
  if (repositoryId.includes('/'))
    return [
      `ci.identities: ${repositoryId} is a name, which somebody else can take after a rename. Name the pipeline's UUID, and have tokens carry it (--claim pipeline_id).`,
    ];
  if (!oidcIssuer.startsWith('https://oidc.circleci.com') || repository !== undefined) return [];
  return [
    `ci.identities: if CircleCI passes secrets to builds of forks, a fork's job is one of project ${repositoryId} as well. Name repository, as github.com/OWNER/REPO.`,
  ];
}

function signatureWarnings({ mode, authorities = [] }: Policy['signatures']): string[] {
  const named = authorities.flat();
  if (mode !== 'require') return [`signatures.mode is ${mode}: an image that nobody signed is accepted.`];
  if (named.length === 0)
    return ['signatures.authorities names nobody: pushes stay undetermined until it says who may sign.'];
  return named.flatMap((authority): string[] => {
    if (isKeyless(authority)) return openIdentity(authority);
    if (authority.key.transparencyLog === 'require') return [];
    const { fingerprint } = authority.key;
    return [
      `signatures.authorities: for key ${authority.name ?? fingerprint} the transparency log is ignored, so nothing says when it signed: who steals it can sign unseen.`,
    ];
  });
}

const GITHUB_ACTIONS = 'https://token.actions.githubusercontent.com';

/** A pattern that lets workflows of repositories sign that may be anybody's. */
function openIdentity({ keyless }: KeylessAuthority): string[] {
  const { identity, oidcIssuer, sourceRepository, sourceRepositoryId } = keyless;
  const { subjectRegExp } = identity;
  if (subjectRegExp === undefined || sourceRepository !== undefined || sourceRepositoryId !== undefined) return [];
  if (oidcIssuer !== GITHUB_ACTIONS || /^https:\/\/github\.com\/[^/]+\//.test(patternStart(subjectRegExp))) return [];
  return [
    `signatures.authorities: ${subjectRegExp} may match workflows of any owner at GitHub. Begin it with ^https://github\\.com/OWNER/, or name sourceRepository.`,
  ];
}
