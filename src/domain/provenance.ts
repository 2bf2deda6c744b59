import { workflowPath } from './authority.ts';
import { type CiClaims, ciMismatch } from './ci.ts';
import type { PushFacts } from './evidence.ts';
import type { CiMismatchFound } from './finding.ts';
import type { Policy } from './policy.ts';
import { type FoundSignature, isImageSignature, isProvenance, type SignatureEvidence } from './signature.ts';
import { isCovered } from './trust.ts';

/** What verified provenance tells about who made a digest. */
export type ProvenanceSays =
  | { readonly is: 'nothing' }
  /** A CI identity of the policy made it. */
  | { readonly is: 'allowed'; readonly runUrl: string | null }
  | { readonly is: 'mismatch'; readonly found: CiMismatchFound }
  /** A run has to be looked up, and could not be. */
  | { readonly is: 'unavailable' };

const NOTHING: ProvenanceSays = { is: 'nothing' };

/**
 * The CI run that made a digest, by the certificates of valid signatures and by signed SLSA provenance. It is evidence
 * about the digest, not about the tag: where CI announces each push first, only provenance made within that time counts,
 * or whoever holds a token could move a tag to any image that CI ever built.
 */
export function provenanceSays(policy: Policy, push: PushFacts, signatures: SignatureEvidence | null): ProvenanceSays {
  return provenanceSince(policy.ci.announceFirst ? windowBegin(policy, push) : EVER, policy, push, signatures);
}

const EVER = Number.NEGATIVE_INFINITY;

/** What was made since then was made for this push, as far as time can tell; ms since the epoch. */
export const windowBegin = ({ ci }: Policy, { notBefore }: PushFacts): number => notBefore - ci.windowSeconds * 1000;

/** As `provenanceSays`, by what was signed since then. */
export function provenanceSince(
  since: number,
  policy: Policy,
  { digest }: PushFacts,
  signatures: SignatureEvidence | null,
): ProvenanceSays {
  if (signatures === null || digest === null) return NOTHING;
  const says = new Map(
    signatures.found
      .filter((found) => isSaidInTime(found, since))
      .map((found) => [found, signatureSays(policy, found, signatures)]),
  );
  // One child's provenance says nothing about its index: another child may come from anywhere.
  const others = [...says.values()];
  if (isCovered(digest, signatures, (found) => says.get(found)?.is === 'allowed'))
    return others.find(({ is }) => is === 'allowed') ?? NOTHING;
  return others.find(({ is }) => is === 'unavailable') ?? others.find(({ is }) => is === 'mismatch') ?? NOTHING;
}

function isSaidInTime(found: FoundSignature, since: number): boolean {
  if (found.state !== 'valid' || !(isImageSignature(found) || isProvenance(found))) return false;
  return since === EVER || isSignedSince(found, since);
}

/** A certificate lives for minutes; what a key signed long ago anybody can have logged or stamped again today. */
export function isSignedSince(found: FoundSignature, since: number): boolean {
  return found.signer?.kind === 'keyless' && found.signedAt !== null && found.signedAt >= since;
}

function signatureSays(policy: Policy, found: FoundSignature, { runs }: SignatureEvidence): ProvenanceSays {
  const claims = ciClaimsOf(found);
  if (claims === null) return NOTHING;
  const contradiction = contradicts(found, claims);
  if (contradiction !== null) return { is: 'mismatch', found: { kind: 'run', claims, reason: contradiction } };
  const run = runs.find(({ runUrl }) => runUrl === claims.runUrl);
  const isAllowed = (one: CiClaims) => policy.ci.identities.some((identity) => ciMismatch(identity, one) === null);
  const allowed: ProvenanceSays = { is: 'allowed', runUrl: claims.runUrl };
  const mismatch: ProvenanceSays = {
    is: 'mismatch',
    found: { kind: 'provenance', claims, signer: signerName(found) },
  };
  if (policy.ci.lookUpRun !== true) return claims.repositoryId !== '' && isAllowed(claims) ? allowed : mismatch;
  // Signed with a key, provenance does not say all that a policy asks for: the provider completes it.
  if (claims.repositoryId !== '' && !isAllowed(claims)) return mismatch;
  switch (run?.state) {
    case 'confirmed':
      return run.claims !== null && isAllowed(run.claims) ? allowed : mismatch;
    case 'mismatch':
    case 'absent':
      return { is: 'mismatch', found: { kind: 'run', claims, reason: run.reason ?? 'the provider knows no such run' } };
    case 'unavailable':
    case undefined:
      return { is: 'unavailable' };
  }
}

function signerName({ signer }: FoundSignature): string {
  return signer === null ? 'nobody' : signer.kind === 'key' ? `key ${signer.fingerprint}` : signer.subject;
}

/**
 * A statement about a workflow's run that names another source than the certificate of its signer. BuildKit's statements
 * name the repository that was built, which an honest packager's is not.
 */
function contradicts({ provenance, signer }: FoundSignature, claims: CiClaims): string | null {
  if (provenance === null || provenance.workflow === null || signer?.kind !== 'keyless') return null;
  const { sourceRepository, sourceRepositoryDigest } = signer.certificate;
  const pairs = [
    ['repository', provenance.sourceRepository, sourceRepository],
    ['commit', provenance.commit, sourceRepositoryDigest],
    ['run', runOf(provenance.runUrl), runOf(claims.runUrl)],
  ] as const;
  for (const [what, said, proved] of pairs) {
    if (said !== null && proved !== null && said.toLowerCase() !== proved.toLowerCase())
      return `its provenance names ${what} ${said}, the certificate of its signer ${proved}`;
  }
  return null;
}

/** Without the attempt: a job that is run again attests what an earlier one built. */
function runOf(runUrl: string | null): string | null {
  return runUrl === null ? null : runUrl.replace(/\/attempts\/\d+$/, '');
}

/**
 * The CI job behind a valid signature: what its certificate proves, or, signed with a key, what its provenance says.
 * `null`: nothing tells of a job. `repositoryId` is empty where nothing tells it.
 */
export function ciClaimsOf(found: FoundSignature): CiClaims | null {
  const { signer, provenance } = found;
  if (signer === null) return null;
  if (signer.kind === 'keyless') {
    const { certificate, oidcIssuer } = signer;
    if (certificate.sourceRepository === null) return null;
    return {
      oidcIssuer,
      repositoryId: certificate.sourceRepositoryId ?? '',
      repository: repositoryName(certificate.sourceRepository),
      workflow: workflowPath(certificate.buildConfigUri, certificate.sourceRepository),
      ref: certificate.sourceRepositoryRef,
      environment: certificate.deploymentEnvironment,
      event: certificate.buildTrigger,
      run: certificate.runInvocationUri ?? '',
      runUrl: certificate.runInvocationUri,
      commit: certificate.sourceRepositoryDigest,
      actor: null,
    };
  }
  if (provenance === null || provenance.sourceRepository === null) return null;
  return {
    oidcIssuer: oidcIssuerOf(provenance.sourceRepository),
    repositoryId: provenance.sourceRepositoryId ?? '',
    repository: repositoryName(provenance.sourceRepository),
    workflow: provenance.workflow,
    ref: provenance.ref,
    environment: null,
    event: provenance.event,
    run: provenance.runUrl ?? '',
    runUrl: provenance.runUrl,
    commit: provenance.commit,
    actor: null,
  };
}

/** The OIDC issuer of the CI that belongs to a source host; provenance signed with a key does not name one. */
function oidcIssuerOf(sourceRepository: string): string {
  return sourceRepository.startsWith('https://github.com/') ? 'https://token.actions.githubusercontent.com' : '';
}

/** `octo-org/app` of `https://github.com/octo-org/app`. */
function repositoryName(url: string): string {
  return /^https:\/\/[^/]+\/(.+)$/.exec(url)?.[1] ?? url;
}
