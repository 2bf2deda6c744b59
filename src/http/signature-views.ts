import type * as z from 'zod';
import type { Digest } from '../domain/digest.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import { publicLogUrl } from '../domain/public-log.ts';
import { formatImageName, type ImageName } from '../domain/reference.ts';
import type { FoundSignature } from '../domain/signature.ts';
import type { PolicyAnswer } from '../usecases/policy-answer.ts';
import type { Suggested } from '../usecases/suggest-policy.ts';
import type { VerifiedImage } from '../usecases/verify-image.ts';
import { isoOrNull } from './schemas/common.ts';
import type { policyAnswer, signatureAnswer, suggestionAnswer, verifyAnswer } from './schemas/signatures.ts';

/** Signatures and what a policy says of them, as the API writes them. */

type Answer = z.input<typeof verifyAnswer>;
type Present = Extract<VerifiedImage, { readonly state: 'present' }>;

export function verifyView(
  { image, tag }: ImageReference,
  verified: Exclude<VerifiedImage, { readonly state: 'absent' }>,
  requests: Answer['requests'],
): Answer {
  const base = { image: formatImageName(image), tag, requests };
  if (verified.state === 'unavailable') {
    const nothing = { places: [], signatures: [], children: [], indexes: [], runs: [], trustedRoots: [], notes: [] };
    return { ...base, ...nothing, ...verified, digest: null, kind: null, complete: false, policy: null };
  }
  const { digest, kind, signatures, policy } = verified;
  return {
    ...base,
    state: 'present',
    reason: null,
    digest,
    kind,
    notes: notesOf(tag, verified),
    complete: isComplete(verified),
    places: signatures.places.map((place) => ({ ...place })),
    signatures: signatures.found.map(signatureView),
    children: [...signatures.children],
    indexes: [...signatures.indexes],
    runs: signatures.runs.map(({ claims, ...run }) => ({ ...run, claims: claims === null ? null : { ...claims } })),
    trustedRoots: signatures.roots.map(({ name, id, stale }) => ({ name, id, stale })),
    policy: policy === null ? null : policyAnswerView(policy),
  };
}

export function signatureView(found: FoundSignature): z.input<typeof signatureAnswer> {
  const { place, image, about, source, format, state, problem, reason, trustedRoot, predicateType, logIndex } = found;
  const { signer, provenance, signedAt } = found;
  return {
    place,
    image,
    about,
    source,
    format,
    state,
    problem,
    reason,
    signer,
    trustedRoot,
    predicateType,
    provenance,
    signedAt: isoOrNull(signedAt),
    logIndex,
    logUrl: publicLogUrl(found),
  };
}

export function policyAnswerView({ signatures, ci }: PolicyAnswer): z.input<typeof policyAnswer> {
  return {
    signatures: {
      mode: signatures.mode,
      verdict: signatures.verdict,
      findings: signatures.findings.map((finding) => ({ ...finding })),
      lists: signatures.lists.map(({ satisfied, authorities }) => ({
        satisfied,
        authorities: authorities.map((authority) => ({
          name: authority.name,
          signatures: [...authority.signatures],
          mismatches: [...authority.mismatches],
        })),
      })),
    },
    ci: { ...ci, found: ci.found === null ? null : { ...ci.found } },
  };
}

function isComplete({ signatures }: Present): boolean {
  const { places, found } = signatures;
  return places.every(({ state }) => state !== 'unavailable') && found.every(({ state }) => state !== 'unavailable');
}

function notesOf(tag: string | null, verified: Present): string[] {
  const { digest, kind, subject, tagDigest, signatures } = verified;
  const { found, children, indexes, roots } = signatures;
  const stale = roots.filter((root) => root.stale).map(({ name }) => name);
  const about = (one: Digest): boolean => found.some((each) => each.state === 'valid' && each.about === one);
  const notes: (string | false)[] = [
    kind === 'artifact' &&
      `This is no image but a signature or a statement${subject === null ? '' : ` about ${subject}`}.`,
    tagDigest !== null &&
      tagDigest !== digest &&
      !indexes.includes(tagDigest) &&
      `The tag ${tag} points at ${tagDigest}, not at this digest.`,
    tagDigest !== null && indexes.includes(tagDigest) && `The tag ${tag} points at an index that lists this digest.`,
    !about(digest) &&
      indexes.some(about) &&
      'This image has no valid signature of its own; an index that lists it has one, which covers it.',
    children.length > 0 &&
      `This index has no signature of its own: each of its ${children.length} images wants one, and ${children.filter(about).length} have one.`,
    found.some(({ format }) => format === 'notation') &&
      'A Notation signature is there. Pushwarden does not verify Notation.',
    stale.length > 0 &&
      `Not known to be up to date: trusted root ${stale.join(', ')}. What it lacks is told as unavailable, not as invalid.`,
    !isComplete(verified) && 'Not everything could be read or checked: what is missing here may be there.',
  ];
  return notes.filter((note) => note !== false);
}

export function suggestionView(
  image: ImageName,
  { policy, notes, signers, tags, unread, order }: Suggested,
  requests: Answer['requests'],
): z.input<typeof suggestionAnswer> {
  const { repository, mode, authorities } = policy.signatures;
  return {
    image: formatImageName(image),
    policy: {
      immutableTags: [...policy.immutableTags],
      ci: { mode: policy.ci.mode, identities: policy.ci.identities.map((identity) => ({ ...identity })) },
      signatures: {
        mode,
        ...(repository === undefined ? {} : { repository }),
        authorities: authorities.map((list) => list.map((authority) => ({ ...authority }))),
      },
    },
    notes: [...notes],
    signers: signers.map(({ authority: _, ...signer }) =>
      signer.kind === 'key'
        ? { ...signer, tags: [...signer.tags] }
        : { ...signer, subjects: [...signer.subjects], tags: [...signer.tags] },
    ),
    tags: tags.map(({ tag, digest, signatures, answer }) => ({
      tag,
      digest,
      signatures: signatures.found.map(signatureView),
      answer: policyAnswerView(answer),
    })),
    unread: unread.map((one) => ({ ...one })),
    order,
    requests,
  };
}
