import * as z from 'zod';
import { type ImageReference, parseImageReference } from '../../domain/image-reference.ts';
import { InvalidReference } from '../../domain/reference.ts';
import { time } from './common.ts';

/** Signatures as the API shows them. */

/** An image with its tag or digest, as people write it. */
export const referenceText = z
  .string()
  .max(1024)
  .transform((text, context): ImageReference => {
    try {
      return parseImageReference(text);
    } catch (error) {
      if (!(error instanceof InvalidReference)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  })
  .meta({
    description: 'Image with a tag, a digest or both.',
    examples: ['ghcr.io/org/app:1.2.0', `ghcr.io/org/app@sha256:${'0'.repeat(64)}`],
  });

const text = z.string().nullable();
const placeName = z.enum(['referrers-api', 'fallback-tag', 'sig-tag', 'att-tag', 'github-attestations']);

const place = z
  .object({
    place: placeName,
    state: z.enum(['present', 'absent', 'unavailable']).meta({ description: '`present`: something is there.' }),
    image: z
      .string()
      .optional()
      .meta({ description: "The repository that was asked, where it is not the image's own." }),
    about: z.string().optional().meta({ description: "The digest asked about, where it is not the image's own." }),
    detail: z.string().optional(),
  })
  .meta({ id: 'SignaturePlace' });

const signer = z
  .union([
    z.object({
      kind: z.literal('keyless'),
      oidcIssuer: z.string(),
      subject: z.string(),
      certificate: z
        .object({
          sourceRepository: text,
          sourceRepositoryId: text,
          sourceRepositoryRef: text,
          sourceRepositoryDigest: text,
          buildConfigUri: text,
          buildSignerUri: text,
          buildTrigger: text,
          runInvocationUri: text,
          runnerEnvironment: text,
          deploymentEnvironment: text,
        })
        .meta({ description: "What Fulcio's certificate says of the workload." }),
    }),
    z.object({
      kind: z.literal('key'),
      fingerprint: z.string(),
      logged: z.boolean().meta({ description: 'It stands in a transparency log.' }),
    }),
  ])
  .meta({ id: 'Signer' });

export const signatureAnswer = z
  .object({
    place: placeName,
    image: text,
    about: z.string().meta({ description: 'The digest that it was looked up for.' }),
    source: z.string().meta({ description: "The manifest that holds it, or the sha256 of an API's bundle." }),
    format: z.enum(['sigstore-bundle', 'cosign-signature', 'cosign-attestation', 'notation', 'unknown']),
    state: z.enum(['valid', 'invalid', 'unavailable', 'unsupported']),
    problem: text,
    reason: text.meta({ description: "The verifier's own words; null if valid." }),
    signer: signer.nullable(),
    trustedRoot: text,
    predicateType: text.meta({ description: 'Of a statement; null: the image itself was signed.' }),
    provenance: z
      .object({
        buildType: text,
        builderId: text,
        sourceRepository: text,
        sourceRepositoryId: text,
        commit: text,
        workflow: text,
        ref: text,
        event: text,
        runUrl: text,
      })
      .nullable()
      .meta({ description: 'What SLSA provenance says: worth what its signer is worth.' }),
    signedAt: time.nullable(),
    logIndex: text,
    logUrl: text.meta({ description: 'The entry in the public transparency log, for people.' }),
  })
  .meta({ id: 'Signature' });

const sourceOf = { source: z.string(), about: z.string() };

export const policyAnswer = z
  .object({
    signatures: z.object({
      mode: z.enum(['require', 'observe', 'off']),
      verdict: z
        .enum(['satisfied', 'not-satisfied', 'undetermined', 'nobody-named'])
        .meta({ description: 'As if signatures were required, with all waiting over.' }),
      findings: z.array(z.looseObject({ code: z.string() })),
      lists: z.array(
        z.object({
          satisfied: z.boolean(),
          authorities: z.array(
            z.object({
              name: z.string(),
              signatures: z.array(z.object(sourceOf)).meta({ description: 'Those of this authority.' }),
              mismatches: z
                .array(z.object({ ...sourceOf, condition: z.string(), expected: text, found: text }))
                .meta({ description: 'Of the others: the first condition that each does not meet.' }),
            }),
          ),
        }),
      ),
    }),
    ci: z.object({
      mode: z.enum(['require', 'observe', 'off']),
      provenance: z
        .enum(['allowed', 'mismatch', 'nothing', 'unavailable'])
        .meta({ description: 'Whether provenance names a CI identity of the policy. Announcements belong to pushes.' }),
      found: z.looseObject({ kind: z.string() }).nullable(),
    }),
  })
  .meta({ id: 'PolicyAnswer' });

export const verifyAnswer = z
  .object({
    image: z.string(),
    tag: text,
    state: z
      .enum(['present', 'unavailable'])
      .meta({ description: '`unavailable`: the registry does not let us read the image; `reason` says why.' }),
    reason: text,
    digest: text,
    kind: z.enum(['manifest', 'index', 'artifact']).nullable(),
    notes: z.array(z.string()).meta({ description: 'What a person should know, in words.' }),
    complete: z.boolean().meta({ description: 'Every place answered and every signature could be checked.' }),
    places: z.array(place),
    signatures: z.array(signatureAnswer),
    children: z.array(z.string()).meta({ description: 'Of an index without a signature of its own: each wants one.' }),
    indexes: z.array(z.string()).meta({ description: 'Indexes that the image is part of: their signatures cover it.' }),
    runs: z.array(
      z.object({
        runUrl: z.string(),
        state: z.enum(['confirmed', 'mismatch', 'absent', 'unavailable']),
        reason: text,
        claims: z.looseObject({ repository: z.string() }).nullable(),
      }),
    ),
    trustedRoots: z.array(
      z.object({
        name: z.string(),
        id: z.string(),
        stale: z.boolean().meta({
          description:
            'Not known to be the present one, and relied on: what it lacks is unavailable, not invalid. GET /trusted-roots lists all that are not.',
        }),
      }),
    ),
    policy: policyAnswer
      .nullable()
      .meta({ description: 'What your policy says of it; null if you do not watch the image.' }),
    requests: z
      .object({ made: z.int(), limit: z.int() })
      .meta({ description: 'Requests to registries and APIs, of those that one invocation may make.' }),
  })
  .meta({ id: 'VerifiedImage' });

const requestsAnswer = z.object({ made: z.int(), limit: z.int() });

export const suggestionAnswer = z
  .object({
    image: z.string(),
    policy: z
      .object({
        immutableTags: z.array(z.string()),
        ci: z.object({
          mode: z.enum(['require', 'off']),
          identities: z.array(z.looseObject({ oidcIssuer: z.string() })),
        }),
        signatures: z.object({
          mode: z.enum(['require', 'observe']),
          repository: z.string().optional(),
          authorities: z.array(z.array(z.looseObject({}))),
        }),
      })
      .meta({
        description: 'Ready for `policy` of a repository, as a proposal: nothing is changed until you send it.',
      }),
    notes: z.array(z.string()).meta({ description: 'Why it is as it is, and what it leaves out.' }),
    signers: z
      .array(
        z.object({
          kind: z.enum(['keyless', 'key']),
          oidcIssuer: z.string().optional(),
          subjects: z.array(z.string()).optional(),
          trustedRoot: z.string().optional(),
          fingerprint: z.string().optional(),
          tags: z.array(z.string()).meta({ description: 'Tags at images that it signed.' }),
          included: z.boolean().meta({ description: 'Whether the proposal lets it sign.' }),
        }),
      )
      .meta({ description: 'Everybody whose valid signatures were seen.' }),
    tags: z.array(
      z.object({
        tag: z.string(),
        digest: z.string(),
        signatures: z.array(signatureAnswer),
        answer: policyAnswer.meta({ description: 'What the proposal would say of it.' }),
      }),
    ),
    unread: z.array(z.object({ tag: z.string(), reason: z.string() })),
    order: z
      .enum(['changed', 'version'])
      .meta({ description: 'By what the tags were chosen: their last change, or their version.' }),
    requests: requestsAnswer,
  })
  .meta({ id: 'PolicySuggestion' });
