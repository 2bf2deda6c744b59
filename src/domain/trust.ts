import type { Authority, AuthorityLists } from './authority.ts';
import { authorityMismatch, signerMismatch } from './authority-mismatch.ts';
import type { Digest } from './digest.ts';
import type { FoundSignature, SignatureEvidence } from './signature.ts';

/** Whether a valid signature is this authority's, and one that counts. */
export function isBy(authority: Authority, found: FoundSignature): boolean {
  return authorityMismatch(authority, found) === null;
}

/** Whether signatures of one authority of every list cover the digest. */
export function isTrusted(lists: AuthorityLists, digest: Digest, evidence: SignatureEvidence): boolean {
  return lists.length > 0 && missingLists(lists, digest, evidence).length === 0;
}

/** The lists of which nobody signed the digest. */
export function missingLists(lists: AuthorityLists, digest: Digest, evidence: SignatureEvidence): AuthorityLists {
  return lists.filter(
    (list) => !isCovered(digest, evidence, (found) => list.some((authority) => isBy(authority, found))),
  );
}

/**
 * A signature covers a digest if it is about it, or about an index that the digest is part of. An index without one is
 * covered if each of its runnable children is: one signed child says nothing about a rogue sibling.
 */
export function isCovered(
  digest: Digest,
  { found, children, indexes }: SignatureEvidence,
  counts: (found: FoundSignature) => boolean,
): boolean {
  const about = new Set(found.filter(counts).map((each) => each.about));
  if ([digest, ...indexes].some((one) => about.has(one))) return true;
  return children.length > 0 && children.every((child) => about.has(child));
}

/** Valid signatures and statements that no authority made. */
export function untrusted(lists: AuthorityLists, { found }: SignatureEvidence): FoundSignature[] {
  return found.filter(
    (each) =>
      (each.state === 'valid' || each.problem === 'unknown-key') &&
      !lists.flat().some((authority) => signerMismatch(authority, each) === null),
  );
}
