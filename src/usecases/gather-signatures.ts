import { type Authority, isKeyless, PUBLIC_GOOD } from '../domain/authority.ts';
import type { Digest } from '../domain/digest.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Policy } from '../domain/policy.ts';
import { ciClaimsOf } from '../domain/provenance.ts';
import type { ImageName } from '../domain/reference.ts';
import type { CiRun, FoundSignature, SignatureEvidence, SignaturePlace } from '../domain/signature.ts';
import { isTrusted } from '../domain/trust.ts';
import type {
  CiRuns,
  Registry,
  RequestBudget,
  SignatureMaterial,
  SignatureSearch,
  SignatureVerifier,
  Trust,
  TrustedRootData,
  TrustedRoots,
} from './ports.ts';

/** Root of GitHub's own Sigstore, which signs attestations of private repositories. */
export const GITHUB_ROOT = 'github';

export interface SignatureDependencies {
  readonly registry: Registry;
  readonly verifier: SignatureVerifier;
  readonly roots: TrustedRoots;
  readonly runs: CiRuns;
}

/** What is kept of a digest's signatures, so that looking again verifies and reads only what is new. */
export interface KeptSignatures extends SignatureEvidence {
  /** Tells with which roots and keys it was verified; another one verifies anew. */
  readonly trust: string;
  readonly roots: readonly Pick<TrustedRootData, 'name' | 'id' | 'stale'>[];
}

/** Indexes that list a digest, and those of which that could not be found out. */
export interface ParentIndexes {
  readonly listing: readonly Digest[];
  readonly unread: readonly { readonly index: Digest; readonly reason: string }[];
}

export const NO_INDEXES: ParentIndexes = { listing: [], unread: [] };

/** Reads at most `limit` candidates, to see which list the digest. */
export async function parentIndexes(
  { registry }: Pick<SignatureDependencies, 'registry'>,
  image: ImageName,
  digest: Digest,
  candidates: readonly Digest[],
  requests: RequestBudget,
): Promise<ParentIndexes> {
  const listing: Digest[] = [];
  const unread: { index: Digest; reason: string }[] = [];
  for (const index of candidates.slice(0, MAX_INDEXES)) {
    const read = requests.take() ? await registry.inspect(image, index) : NO_REQUESTS;
    if (read.state === 'unavailable') unread.push({ index, reason: read.reason });
    if (read.state === 'present' && read.value.kind === 'index' && read.value.children.includes(digest))
      listing.push(index);
  }
  return { listing, unread };
}

const MAX_INDEXES = 3;
const NO_REQUESTS = {
  state: 'unavailable',
  reason: 'this image needs more requests than one invocation may make',
} as const;

export interface SignatureRequest {
  readonly teamId: number;
  readonly image: ImageName;
  readonly digest: Digest;
  readonly policy: Pick<Policy, 'signatures' | 'ci'>;
  /** From an earlier look; `null` at the first. */
  readonly kept: KeptSignatures | null;
  /** Indexes that the digest may be part of: their signatures cover it. Asked only if its own do not. */
  readonly indexes: () => Promise<ParentIndexes>;
  /** When it was pushed (ms): a CI run has to be older. */
  readonly pushedAt: number;
  readonly requests: RequestBudget;
  readonly now: number;
}

/** Reads the signatures of a digest from wherever they may be and verifies them. Never throws for what it reads. */
export async function gatherSignatures(
  deps: SignatureDependencies,
  request: SignatureRequest,
): Promise<KeptSignatures> {
  const { policy, digest } = request;
  const trust = await trustOf(deps.roots, request);
  const trustId = await identify(trust);
  const kept = request.kept?.trust === trustId ? request.kept : null;
  const known = knownSources(kept);
  const own = await look(deps, request, trust, known, digest);
  const lists = policy.signatures.authorities ?? [];
  const alone: SignatureEvidence = { ...own, indexes: [], runs: [] };
  const settled =
    own.found.some(({ state }) => state === 'valid') && (lists.length === 0 || isTrusted(lists, digest, alone));
  const covered = settled ? alone : await lookAtIndexes(deps, request, trust, known, alone);
  const runs = await lookUpRuns(deps.runs, request, covered, kept?.runs ?? []);
  const roots = trust.roots.map(({ name, id, stale }) => ({ name, id, stale }));
  return { ...covered, runs, trust: trustId, roots };
}

/**
 * The roots and keys that the policy names; the public good root always, so that a stranger can be named. What a root
 * lacks that the policy does not rely on is never our fault: anybody could attach such a signature, and leave the push
 * undecided.
 */
async function trustOf(roots: TrustedRoots, { teamId, image, policy, now }: SignatureRequest): Promise<Trust> {
  const authorities = (policy.signatures.authorities ?? []).flat();
  const reliesOnPublic = policy.ci.mode === 'require' || authorities.length === 0;
  const rootOf = ({ trustedRoot }: Authority): string => trustedRoot ?? PUBLIC_GOOD;
  const relied = new Set([...(reliesOnPublic ? [PUBLIC_GOOD] : []), ...authorities.filter(wantsRoot).map(rootOf)]);
  const github = image.registry === 'ghcr.io' ? [GITHUB_ROOT] : [];
  const names = new Set([PUBLIC_GOOD, ...authorities.map(rootOf), ...github]);
  const found = await roots.get(teamId, [...names], now);
  const used = found.map((root) => (relied.has(root.name) ? root : { ...root, stale: false }));
  return { roots: used, keys: keysOf(authorities) };
}

/** A key whose signatures need no log entry is trusted for itself. */
function wantsRoot(authority: Authority): boolean {
  return isKeyless(authority) || authority.key.transparencyLog === 'require';
}

function keysOf(authorities: readonly Authority[]): Trust['keys'] {
  const keys = new Map<Digest, Trust['keys'][number]>();
  for (const authority of authorities) {
    if (isKeyless(authority)) continue;
    // Of the same key with and without a log, the log is not required of each: the authorities tell by `logged`.
    const known = keys.get(authority.key.fingerprint);
    if (known?.transparencyLog !== 'ignore') keys.set(authority.key.fingerprint, authority.key);
  }
  return [...keys.values()];
}

async function identify({ roots, keys }: Trust): Promise<string> {
  const parts = [
    ...roots.map(({ name, id, stale }) => `${name} ${id} ${stale}`),
    ...keys.map(({ fingerprint, transparencyLog }) => `${fingerprint} ${transparencyLog}`),
  ];
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(parts.join('\n'))));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

type Known = ReadonlyMap<Digest, readonly FoundSignature[]>;

/** By what holds them: what was decided about them once stays decided. */
function knownSources(kept: KeptSignatures | null): Known {
  const sources = new Map<Digest, FoundSignature[]>();
  const undecided = new Set<Digest>();
  for (const found of kept?.found ?? []) {
    if (found.state === 'unavailable') undecided.add(found.source);
    sources.set(found.source, [...(sources.get(found.source) ?? []), found]);
  }
  for (const source of undecided) sources.delete(source);
  return sources;
}

type Look = Pick<SignatureEvidence, 'places' | 'found' | 'children'>;

async function look(
  deps: SignatureDependencies,
  { image, policy, requests }: SignatureRequest,
  trust: Trust,
  known: Known,
  digest: Digest,
): Promise<Look> {
  const search: SignatureSearch = await deps.registry.findSignatures(image, digest, {
    repository: policy.signatures.repository ?? null,
    known: new Set(known.keys()),
    requests,
  });
  const verified = await verify(deps, { image, requests }, search.materials, trust);
  const again = search.known.flatMap((source) => known.get(source) ?? []);
  return { places: search.places, found: [...again, ...verified], children: search.children };
}

/** A bundle whose signature is over the manifest's own bytes is verified with them, which few bundles need. */
async function verify(
  { registry, verifier }: SignatureDependencies,
  { image, requests }: Pick<SignatureRequest, 'image' | 'requests'>,
  materials: readonly SignatureMaterial[],
  trust: Trust,
): Promise<readonly FoundSignature[]> {
  const found = await verifier.verify(materials, trust);
  const wants = (at: number): boolean =>
    materials[at]?.content.kind === 'bundle' && found[at]?.problem === 'unsupported';
  const manifests = new Map<Digest, Evidence<Uint8Array>>();
  for (const about of new Set(materials.filter((_, at) => wants(at)).map((one) => one.about)))
    manifests.set(about, requests.take() ? await registry.manifestBytes(image, about) : NO_REQUESTS);
  if (manifests.size === 0) return found;
  const completed = materials.map((one, at): SignatureMaterial => {
    const read = wants(at) ? manifests.get(one.about) : undefined;
    const { content } = one;
    if (content.kind !== 'bundle' || read === undefined) return one;
    if (read.state === 'present') return { ...one, content: { ...content, artifact: read.value } };
    return read.state === 'absent' ? one : { ...one, content: { kind: 'unreadable', reason: read.reason } };
  });
  return verifier.verify(completed, trust);
}

/** A single image's own signatures are enough; without, those of an index that lists it are looked for. */
async function lookAtIndexes(
  deps: SignatureDependencies,
  request: SignatureRequest,
  trust: Trust,
  known: Known,
  own: SignatureEvidence,
): Promise<SignatureEvidence> {
  const { listing, unread } = await request.indexes();
  const unknown = unread.map(
    ({ index, reason }): SignaturePlace => ({
      place: 'referrers-api',
      state: 'unavailable',
      about: index,
      detail: `whether index ${index} lists it: ${reason}`,
    }),
  );
  let evidence: SignatureEvidence = { ...own, places: [...own.places, ...unknown] };
  for (const index of listing) {
    const { places, found } = await look(deps, request, trust, known, index);
    const about = (place: SignaturePlace): SignaturePlace => ({ ...place, about: place.about ?? index });
    evidence = {
      ...evidence,
      places: [...evidence.places, ...places.map(about)],
      found: [...evidence.found, ...found.filter((each) => each.about === index)],
      indexes: [...evidence.indexes, index],
    };
  }
  return evidence;
}

/** A few runs that valid signatures name; a confirmed one stays confirmed. */
async function lookUpRuns(
  runs: CiRuns,
  { policy, pushedAt, requests }: SignatureRequest,
  { found }: SignatureEvidence,
  before: readonly CiRun[],
): Promise<CiRun[]> {
  if (policy.ci.lookUpRun !== true || policy.ci.mode === 'off') return [];
  const claims = new Map(
    found
      .map(ciClaimsOf)
      .filter((one) => one !== null)
      .filter((one) => one.runUrl !== null)
      .map((one) => [one.runUrl, one]),
  );
  const looked: CiRun[] = [];
  for (const one of [...claims.values()].slice(0, MAX_RUNS)) {
    const confirmed = before.find(({ runUrl, state }) => runUrl === one.runUrl && state === 'confirmed');
    const run = confirmed ?? (await runs.lookUp(one, pushedAt, requests));
    if (run !== null) looked.push(run);
  }
  return looked;
}

const MAX_RUNS = 3;
