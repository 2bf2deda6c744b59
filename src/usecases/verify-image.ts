import type { Digest } from '../domain/digest.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import type { Policy } from '../domain/policy.ts';
import {
  gatherSignatures,
  type KeptSignatures,
  NO_INDEXES,
  type ParentIndexes,
  parentIndexes,
  type SignatureDependencies,
} from './gather-signatures.ts';
import { answerOf, type PolicyAnswer } from './policy-answer.ts';
import type { ManifestFacts, RequestBudget } from './ports.ts';

/** A policy under which nobody is named: evidence alone. */
export const NO_POLICY: Pick<Policy, 'signatures' | 'ci'> = {
  signatures: { mode: 'observe', authorities: [] },
  ci: { mode: 'off', announceFirst: false, windowSeconds: 0, identities: [] },
};

export interface VerifyRequest {
  readonly teamId: number;
  readonly reference: ImageReference;
  /** Of the team, if it watches the image. */
  readonly policy: Policy | null;
  /** Latest indexes of the repository that are known. */
  readonly recentIndexes: () => Promise<readonly Digest[]>;
  /** When the digest was pushed (ms), if that is known. */
  readonly pushedAt: (digest: Digest) => Promise<number | null>;
  readonly requests: RequestBudget;
  readonly now: number;
}

export type VerifiedImage =
  /** The registry has no such tag or digest. */
  | { readonly state: 'absent' }
  /** The registry does not let us read it. */
  | { readonly state: 'unavailable'; readonly reason: string }
  | {
      readonly state: 'present';
      readonly digest: Digest;
      /** `artifact`: a signature or statement itself, about `subject`. */
      readonly kind: ManifestFacts['kind'];
      readonly subject: Digest | null;
      /** Where the tag points, if one was named beside a digest; `null`: nowhere, or the registry does not tell. */
      readonly tagDigest: Digest | null;
      readonly signatures: KeptSignatures;
      readonly policy: PolicyAnswer | null;
    };

/**
 * Everything that is known about the signatures of an image, and what the team's policy says of them: the way a push is
 * checked, without a push. Nothing is kept. Never throws for what it reads.
 */
export async function verifyImage(deps: SignatureDependencies, request: VerifyRequest): Promise<VerifiedImage> {
  const { reference, policy, requests, now } = request;
  const { image } = reference;
  spend(requests, SIGN_IN);
  const tag = reference.tag === null ? null : await resolve(deps, request, reference.tag);
  const asked = reference.digest ?? (tag?.state === 'present' ? tag.value.digest : null);
  if (asked === null) return missing(tag);
  const read = await inspect(deps, request, asked);
  if (read.state !== 'present') return missing(read);
  const tagDigest = tag?.state === 'present' ? tag.value.digest : null;
  const pushedAt = await request.pushedAt(asked);
  const signatures = await gatherSignatures(deps, {
    teamId: request.teamId,
    image,
    digest: asked,
    policy: policy ?? NO_POLICY,
    kept: null,
    indexes: () =>
      read.value.kind === 'manifest' ? indexesOf(deps, request, asked, tagDigest) : Promise.resolve(NO_INDEXES),
    pushedAt: pushedAt ?? now,
    requests,
    now,
  });
  return {
    state: 'present',
    digest: asked,
    kind: read.value.kind,
    subject: read.value.kind === 'artifact' ? read.value.subject : null,
    tagDigest: reference.digest === null ? null : tagDigest,
    signatures,
    policy: policy === null ? null : answerOf(policy, asked, signatures, pushedAt, now),
  };
}

function missing(read: Evidence<unknown> | null): VerifiedImage {
  if (read === null || read.state === 'absent' || read.state === 'present') return { state: 'absent' };
  return { state: 'unavailable', reason: read.reason };
}

/** Indexes that list the digest: where the tag beside it points, and the latest that are known of the repository. */
async function indexesOf(
  deps: SignatureDependencies,
  { reference, recentIndexes, requests }: VerifyRequest,
  digest: Digest,
  tagDigest: Digest | null,
): Promise<ParentIndexes> {
  const candidates = new Set([...(tagDigest === null ? [] : [tagDigest]), ...(await recentIndexes())]);
  candidates.delete(digest);
  return parentIndexes(deps, reference.image, digest, [...candidates], requests);
}

/** A registry may ask for a token first: its refusal, the token, and the request again. */
const SIGN_IN = 2;
const NO_REQUESTS: Evidence<never> = {
  state: 'unavailable',
  reason: 'this image needs more requests than one invocation may make',
};

function spend(requests: RequestBudget, count: number): void {
  for (let n = 0; n < count; n += 1) requests.take();
}

async function resolve({ registry }: SignatureDependencies, { reference, requests }: VerifyRequest, tag: string) {
  return requests.take() ? await registry.resolve(reference.image, tag) : NO_REQUESTS;
}

async function inspect({ registry }: SignatureDependencies, { reference, requests }: VerifyRequest, digest: Digest) {
  return requests.take() ? await registry.inspect(reference.image, digest) : NO_REQUESTS;
}
