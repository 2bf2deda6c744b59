import { type Authority, type AuthorityLists, authorityName, type KeyAuthority } from '../domain/authority.ts';
import type { CiIdentity } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { Policy } from '../domain/policy.ts';
import { type FoundSignature, isImageSignature, isProvenance, type SignatureEvidence } from '../domain/signature.ts';
import { isCovered } from '../domain/trust.ts';
import { answerOf, type PolicyAnswer } from './policy-answer.ts';
import { ciGroups, type Group, type SeenSigner, signerGroups } from './signer-groups.ts';

/** A tag whose signatures were read, the newest first in lists. */
export interface SeenTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly signatures: SignatureEvidence;
}

/** The part of a policy that is suggested; everything else is the maintainer's. */
export interface SuggestedPolicy {
  readonly immutableTags: readonly string[];
  readonly ci: { readonly mode: 'require' | 'off'; readonly identities: readonly CiIdentity[] };
  readonly signatures: {
    readonly mode: 'require' | 'observe';
    readonly repository?: string | undefined;
    readonly authorities: AuthorityLists;
  };
}

export interface Suggestion {
  readonly policy: SuggestedPolicy;
  /** Everybody whose valid signatures were seen, and whether the suggestion lets them sign. */
  readonly signers: readonly (SeenSigner & {
    readonly tags: readonly string[];
    readonly included: boolean;
    /** Which lets this signer in. */
    readonly authority: Authority;
  })[];
  /** What the suggestion says of each tag. */
  readonly tags: readonly (SeenTag & { readonly answer: PolicyAnswer })[];
  /** Why it is as it is, in words. */
  readonly notes: readonly string[];
}

/** What the present policy says that signatures do not tell. */
export interface Present {
  /** Where they are kept, if not beside the image. */
  readonly repository?: string | undefined;
  readonly keys: readonly KeyAuthority[];
}

/**
 * A policy that fits what was seen, on the careful side: who signed every image has to sign the next one; who signed only
 * some is listed and not let in; and unless everything seen satisfies it, it observes. Never a policy by itself.
 */
export function suggestedPolicy(seen: readonly SeenTag[], present: Present, now: number): Suggestion {
  const complete = seen.filter(isComplete);
  const found = seen.flatMap(({ signatures }) => signatures.found.filter(claimsImage));
  const groups = signerGroups(found, present.keys);
  const chosen = chooseSigners(groups, complete);
  const ci = chooseCi(complete);
  const signatures = { repository: present.repository, authorities: chosen.map(({ authority }) => [authority]) };
  const required: SuggestedPolicy = {
    immutableTags: seen.some(({ tag }) => VERSION.test(tag)) ? ['*.*.*'] : [],
    ci: { mode: ci.length > 0 ? 'require' : 'off', identities: ci },
    signatures: { mode: 'require', ...signatures },
  };
  const tags = seen.map((one) => ({
    ...one,
    answer: answerOf(fullPolicy(required), one.digest, one.signatures, null, now),
  }));
  const enough = new Set(complete.map(({ digest }) => digest)).size >= 2;
  const fits = chosen.length > 0 && enough && tags.every(({ answer }) => answer.signatures.verdict !== 'not-satisfied');
  const policy: SuggestedPolicy = fits
    ? required
    : { ...required, signatures: { ...required.signatures, mode: 'observe' } };
  return {
    policy,
    signers: groups.map((group) => ({
      ...group.signer,
      tags: tagsOf(group, seen),
      included: chosen.includes(group),
      authority: group.authority,
    })),
    tags: tags.map((one) => ({
      ...one,
      answer: { ...one.answer, signatures: { ...one.answer.signatures, mode: policy.signatures.mode } },
    })),
    notes: notesOf({ seen, complete, groups, chosen, policy, enough, tags }),
  };
}

/** `1.2.3`, `v1.2.3-rc.1`. */
const VERSION = /^[^0-9]*\d+\.\d+\.\d+/;

/** Valid, and says "this image is mine". */
const claimsImage = (found: FoundSignature): boolean =>
  found.state === 'valid' && (isImageSignature(found) || isProvenance(found));

function isComplete({ signatures }: SeenTag): boolean {
  const known = ({ state }: { readonly state: string }): boolean => state !== 'unavailable';
  return signatures.places.every(known) && signatures.found.every(known);
}

const isOn = ({ found }: Pick<Group, 'found'>, { digest, signatures }: SeenTag): boolean =>
  isCovered(digest, signatures, (one) => found.includes(one));

const tagsOf = (group: Group, seen: readonly SeenTag[]): string[] =>
  seen.filter((one) => isOn(group, one)).map(({ tag }) => tag);

/** Whoever signed everything; or else one of those who signed the newest, the most frequent. */
function chooseSigners(groups: readonly Group[], seen: readonly SeenTag[]): Group[] {
  const count = (group: Group): number => tagsOf(group, seen).length;
  const always = groups.filter((group) => seen.length > 0 && count(group) === seen.length);
  if (always.length > 0) return always;
  const [newest] = seen;
  const current = newest === undefined ? [] : groups.filter((group) => isOn(group, newest));
  const [best] = (current.length > 0 ? current : groups).toSorted((a, b) => count(b) - count(a));
  return best === undefined || count(best) === 0 ? [] : [best];
}

/** CI workflows that certificates or provenance of every image name. */
function chooseCi(seen: readonly SeenTag[]): CiIdentity[] {
  const groups = ciGroups(seen.flatMap(({ signatures }) => signatures.found.filter(claimsImage)));
  return groups.filter((group) => seen.every((one) => isOn(group, one))).map(({ identity }) => identity);
}

/** With the defaults for what is not suggested. */
function fullPolicy({ immutableTags, ci, signatures }: SuggestedPolicy): Policy {
  return {
    pushers: null,
    immutableTags,
    rollbacks: 'alert',
    ci: { ...ci, announceFirst: false, windowSeconds: 3600 },
    signatures,
    settleSeconds: 120,
    deadlineSeconds: 1800,
  };
}

interface Told {
  readonly seen: readonly SeenTag[];
  readonly complete: readonly SeenTag[];
  readonly groups: readonly Group[];
  readonly chosen: readonly Group[];
  readonly policy: SuggestedPolicy;
  readonly enough: boolean;
  readonly tags: Suggestion['tags'];
}

function notesOf(told: Told): string[] {
  const { seen, complete, chosen, policy, enough, tags } = told;
  const failing = tags.filter(({ answer }) => answer.signatures.verdict === 'not-satisfied').map(({ tag }) => tag);
  const unread = seen.filter((one) => !complete.includes(one)).map(({ tag }) => tag);
  const notes: (string | false)[] = [
    seen.length === 0 && 'No tag was read: nothing can be suggested.',
    unread.length > 0 &&
      `Not everything about ${list(unread)} could be read or checked; the suggestion is made from the others.`,
    ...signerNotes(told),
    chosen.length > 1 &&
      'Each of the images read was signed by all of these, so each is required, as a list of its own. Put them in one list if one of them is enough.',
    chosen.length > 0 &&
      failing.length > 0 &&
      `By this policy ${list(failing)} would not be signed as required: it observes only.`,
    chosen.length > 0 &&
      !enough &&
      'Fewer than two different images could be read, which is too little to require anything: it observes only.',
    policy.ci.mode === 'off' &&
      seen.length > 0 &&
      'No CI workflow is named by the signatures of every image: ci is left out.',
    policy.immutableTags.length === 0 &&
      seen.length > 0 &&
      'No tag looks like a version (1.2.3): say yourself which tags never move.',
  ];
  return notes.filter((note) => note !== false);
}

function signerNotes({ seen, complete, groups, chosen }: Told): string[] {
  const where = (is: (found: FoundSignature) => boolean): string[] =>
    seen.filter(({ signatures }) => signatures.found.some(is)).map(({ tag }) => tag);
  const keyed = where(({ problem }) => problem === 'unknown-key');
  const notation = where(({ format }) => format === 'notation');
  const broken = where(({ state, problem }) => state === 'invalid' && problem !== 'unknown-key');
  const nobody = complete.filter((one) => !groups.some((group) => isOn(group, one))).map(({ tag }) => tag);
  const notes: (string | false)[] = [
    nobody.length > 0 && `Nobody whose signature is valid signed ${list(nobody)}.`,
    keyed.length > 0 &&
      `Signed with a key that no policy names: ${list(keyed)}. A key cannot be told from its signatures: paste the public key as {"key": {"data": "-----BEGIN PUBLIC KEY-----…"}}.`,
    notation.length > 0 && `Signed with Notation, which is not verified here: ${list(notation)}.`,
    broken.length > 0 && `A signature that is worth nothing is attached to ${list(broken)}.`,
  ];
  const others = groups
    .filter((group) => !chosen.includes(group))
    .map((group) => `${authorityName(group.authority)} signed only ${list(tagsOf(group, seen))}, and is not let in.`);
  return [...notes.filter((note) => note !== false), ...others, ...chosen.flatMap(({ notes: own }) => own)];
}

const LISTED = 10;

function list(tags: readonly string[]): string {
  const more = tags.length - LISTED;
  return `${tags.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
