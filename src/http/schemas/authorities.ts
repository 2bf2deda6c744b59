import * as z from 'zod';
import { escapePattern, patternProblem } from '../../domain/subject-pattern.ts';
import { nameText } from './common.ts';

/** Who may sign, as people write it: in the words of sigstore's policy-controller. */

const GITHUB_ACTIONS = 'https://token.actions.githubusercontent.com';

/** Issuers that are known to be written without a slash at their end; others (Auth0's) have one. */
const KNOWN_ISSUERS = new Set([
  GITHUB_ACTIONS,
  'https://gitlab.com',
  'https://accounts.google.com',
  'https://github.com/login/oauth',
]);

const oidcIssuer = z
  .url({ protocol: /^https?$/, error: 'expected the address of an OpenID Connect issuer' })
  .max(255)
  .refine((url) => !KNOWN_ISSUERS.has(url.replace(/\/+$/, '')) || KNOWN_ISSUERS.has(url), {
    error: 'this issuer has no slash at its end in certificates: it would never match',
  })
  .meta({ description: 'Issuer of the identity, exact.', examples: [GITHUB_ACTIONS] });

const subject = z.string().min(1).max(1024);

const subjectRegExp = z
  .string()
  .transform((pattern, context): string => {
    const problem = patternProblem(pattern);
    if (problem === null) return pattern;
    context.addIssue(problem);
    return z.NEVER;
  })
  .meta({
    description:
      'The whole identity as a regular expression with ^ and $: sets, groups, alternatives and repetitions; no look-around, no references back.',
    examples: [
      `^${escapePattern('https://github.com/octo-org/app/.github/workflows/release.yml@refs/tags/v')}\\d+\\.\\d+\\.\\d+$`,
    ],
  });

const identity = z
  .strictObject({
    subject: subject.optional().meta({ description: 'Exact.' }),
    subjectRegExp: subjectRegExp.optional(),
  })
  .refine((value) => (value.subject === undefined) !== (value.subjectRegExp === undefined), {
    error: 'give subject (exact) or subjectRegExp, one of both',
  })
  .meta({ id: 'SignerIdentity' });

const fullRef = (text: string): boolean => text.startsWith('refs/') || text.startsWith('*');
const REF = 'a ref is written in full: refs/heads/main, refs/tags/v*';

const keyless = z
  .strictObject({
    oidcIssuer,
    identity,
    sourceRepository: z
      .string()
      .max(512)
      .regex(/^https:\/\/[^/\s?#@]+(?:\/[^/\s?#@]+)+$/, {
        error: 'expected https://host/owner/name, without a slash at its end',
      })
      .refine((url) => !url.endsWith('.git'), {
        error: 'certificates name the repository without .git: it would never match',
      })
      .optional()
      .meta({
        description: 'Source repository of the workflow, exact.',
        examples: ['https://github.com/octo-org/app'],
      }),
    sourceRepositoryId: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, { error: "expected the provider's id of the source repository, as text" })
      .optional(),
    ref: z
      .string()
      .max(255)
      .refine((ref) => ref.startsWith('refs/') && !ref.includes('*'), { error: `${REF} (patterns are refPattern)` })
      .optional()
      .meta({ description: 'Full git ref, exact.' }),
    refPattern: z
      .string()
      .max(255)
      .refine(fullRef, { error: REF })
      .optional()
      .meta({ description: 'Full git ref, `*` stands for anything.' }),
    workflow: z
      .string()
      .max(255)
      .regex(/^(?!\/)(?![a-z]+:)[^\s@]+$/, {
        error: 'expected the path of the workflow file in its repository: .github/workflows/release.yml',
      })
      .optional(),
    runnerEnvironment: z.enum(['github-hosted', 'gitlab-hosted', 'self-hosted']).optional(),
  })
  .refine((value) => value.ref === undefined || value.refPattern === undefined, {
    error: 'give ref or refPattern, not both',
  })
  .refine(
    ({ oidcIssuer: issuer, identity: { subject: exact } }) =>
      issuer !== GITHUB_ACTIONS || exact === undefined || /^https:\/\/github\.com\/[^/]+\/[^/]+\/.+@.+$/.test(exact),
    {
      path: ['identity', 'subject'],
      error:
        'of this issuer the identity is https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@REF: it would never match',
    },
  )
  .meta({ id: 'KeylessAuthority' });

const key = z
  .strictObject({
    data: z
      .string()
      .trim()
      .min(1)
      .max(8192)
      .meta({ description: 'Public key in PEM: ECDSA P-256 or P-384, RSA of at least 2048 bits, Ed25519.' }),
    fingerprint: z.string().optional().meta({ description: 'Computed when saved; what is given is not looked at.' }),
    transparencyLog: z.enum(['require', 'ignore']).default('require').meta({
      description:
        '`require`, as cosign does: each signature stands in the transparency log of `trustedRoot`, which tells when it was made. `ignore` for keys that sign without a log.',
    }),
  })
  .transform(({ data, transparencyLog }) => ({ data, transparencyLog }))
  .meta({ id: 'SigningKey' });

const authority = z
  .strictObject({
    name: nameText.optional().meta({ description: 'For people: alerts call the authority by it.' }),
    keyless: keyless.optional(),
    key: key.optional(),
    trustedRoot: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, { error: 'expected the name of a trusted root' })
      .optional()
      .meta({
        description:
          '`public-good` if left out, `github` (attestations of private repositories), or one that was added.',
      }),
    attestations: z
      .array(
        z.strictObject({
          predicateType: z
            .string()
            .max(255)
            .regex(/^[a-z][a-z0-9+.-]*:\S+$/i, {
              error: "expected the predicate's type as a URI: https://slsa.dev/provenance/v1",
            }),
        }),
      )
      .min(1, { error: 'an empty list would let nothing count; leave it out' })
      .max(10)
      .optional()
      .meta({ description: 'Statements that count. Left out: a signature of the image, or SLSA provenance.' }),
  })
  .transform(({ keyless: identityOf, key: pem, ...rest }, context) => {
    if (identityOf !== undefined && pem === undefined) return { ...rest, keyless: identityOf };
    if (identityOf === undefined && pem !== undefined) return { ...rest, key: pem };
    context.addIssue('give keyless or key, one of both');
    return z.NEVER;
  })
  .meta({ id: 'Authority' });

const NONE = 'an empty list names nobody: leave it out';
const list = z.array(authority).max(20);

/** A flat list is one list. Any one authority of a list is enough; every list wants one. */
export const authorityLists = z
  .union([list, z.array(list.min(1, { error: NONE })).max(10)])
  .transform((given): z.output<typeof list>[] => {
    const lists = given.filter((one) => Array.isArray(one));
    return lists.length > 0 ? lists : given.length > 0 ? [given as z.output<typeof list>] : []; // the union: all or none are lists
  })
  .meta({
    description:
      'A list of authorities, one of which has to have signed; or a list of such lists, each of which wants a signature. Stored as a list of lists.',
  });
