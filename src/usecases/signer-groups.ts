import {
  type Authority,
  type KeyAuthority,
  type KeylessAuthority,
  PUBLIC_GOOD,
  workflowPath,
} from '../domain/authority.ts';
import type { CiClaims, CiIdentity } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import { ciClaimsOf } from '../domain/provenance.ts';
import type { CertificateClaims, FoundSignature, Signer } from '../domain/signature.ts';
import { escapePattern, patternProblem } from '../domain/subject-pattern.ts';

/** A signer as people recognise one. */
export type SeenSigner =
  | {
      readonly kind: 'keyless';
      readonly oidcIssuer: string;
      /** Each one that was seen: workflows have a ref at their end, which differs from release to release. */
      readonly subjects: readonly string[];
      readonly trustedRoot: string;
    }
  | { readonly kind: 'key'; readonly fingerprint: Digest };

/** Signatures by one signer, and the authority that lets that signer in and nobody else. */
export interface Group {
  readonly found: readonly FoundSignature[];
  readonly signer: SeenSigner;
  readonly authority: Authority;
  /** What a maintainer should know about the authority. */
  readonly notes: readonly string[];
}

type Keyless = Signer & { readonly kind: 'keyless' };

/** By identity without its ref, and trusted root; or by key, of those that a policy names already. */
export function signerGroups(found: readonly FoundSignature[], keys: readonly KeyAuthority[]): Group[] {
  const groups = new Map<string, FoundSignature[]>();
  for (const one of found) {
    // GitHub's own attestations of releases name no issuer: no policy could name them.
    if (one.signer?.kind !== 'keyless' || one.signer.oidcIssuer === '') continue;
    const { oidcIssuer, subject } = one.signer;
    add(groups, JSON.stringify([oidcIssuer, one.trustedRoot, splitSubject(subject).base]), one);
  }
  const keyed = keys.map((authority): Group => {
    const { fingerprint } = authority.key;
    const own = found.filter(({ signer }) => signer?.kind === 'key' && signer.fingerprint === fingerprint);
    return { found: own, signer: { kind: 'key', fingerprint }, authority, notes: [] };
  });
  return [...[...groups.values()].map(groupOf), ...keyed.filter((group) => group.found.length > 0)];
}

function add<T>(groups: Map<string, T[]>, key: string, value: T): void {
  groups.set(key, [...(groups.get(key) ?? []), value]);
}

/** `…/release.yml` and `refs/tags/v1.2.3` of `…/release.yml@refs/tags/v1.2.3`. */
function splitSubject(subject: string): { readonly base: string; readonly ref: string | null } {
  const at = subject.indexOf('@refs/');
  return at < 0 ? { base: subject, ref: null } : { base: subject.slice(0, at), ref: subject.slice(at + 1) };
}

function groupOf(found: readonly FoundSignature[]): Group {
  const signers = found.flatMap(({ signer }) => (signer?.kind === 'keyless' ? [signer] : []));
  const [first] = signers;
  if (first === undefined) throw new TypeError('a group has a signer'); // as signerGroups makes them
  const subjects = [...new Set(signers.map(({ subject }) => subject))];
  const trustedRoot = found[0]?.trustedRoot ?? PUBLIC_GOOD;
  const { identity, notes } = identityOf(subjects);
  const source = sourceOf(signers);
  const reusable = source.workflow !== undefined;
  const keyless: KeylessAuthority['keyless'] = { oidcIssuer: first.oidcIssuer, identity, ...source };
  return {
    found,
    signer: { kind: 'keyless', oidcIssuer: first.oidcIssuer, subjects, trustedRoot },
    authority: trustedRoot === PUBLIC_GOOD ? { keyless } : { keyless, trustedRoot },
    notes: reusable
      ? [
          ...notes,
          `${first.subject} is a workflow that others may call too: sourceRepository and workflow say whose call counts.`,
        ]
      : notes,
  };
}

function identityOf(subjects: readonly string[]): {
  readonly identity: KeylessAuthority['keyless']['identity'];
  readonly notes: readonly string[];
} {
  const [subject = ''] = subjects;
  const { base, ref } = splitSubject(subject);
  const refs = subjects.flatMap((one) => splitSubject(one).ref ?? []);
  // A workflow that runs for tags has another ref with each release.
  if (ref === null || (subjects.length === 1 && !ref.startsWith('refs/tags/')))
    return { identity: { subject }, notes: [] };
  const subjectRegExp = `^${escapePattern(`${base}@`)}${refsPattern(refs)}$`;
  if (patternProblem(subjectRegExp) !== null)
    return {
      identity: { subject },
      notes: [`No pattern fits the identities of ${base}: the newest one is taken as it is.`],
    };
  return {
    identity: { subjectRegExp },
    notes: [`The ref in the identity differs from release to release, so it is a pattern: ${subjectRegExp}`],
  };
}

const BRANCHES_LISTED = 5;

function refsPattern(refs: readonly string[]): string {
  const tags = refs.filter((ref) => ref.startsWith('refs/tags/'));
  const others = [...new Set(refs.filter((ref) => !ref.startsWith('refs/tags/')))];
  const options = [
    ...(tags.length === 0 ? [] : [tagsPattern(tags)]),
    ...(others.length > BRANCHES_LISTED ? [`${escapePattern(commonStart(others))}.+`] : others.map(escapePattern)),
  ];
  return options.length === 1 ? options.join('') : `(?:${options.join('|')})`;
}

/** `refs/tags/v\d[^/]*`: what stands before the version stays. */
function tagsPattern(refs: readonly string[]): string {
  const start = versionStart(refs);
  return start === null ? `${escapePattern(commonStart(refs))}.+` : `${escapePattern(start)}\\d[^/]*`;
}

/** `refs/tags/v` of `refs/tags/v1.2.3` and `refs/tags/v1.3.0`. */
function versionStart(refs: readonly string[]): string | null {
  const starts = new Set(refs.map((ref) => /^(refs\/tags\/[^0-9]*)[0-9][^/]*$/.exec(ref)?.[1] ?? null));
  const [start = null] = starts;
  return starts.size === 1 ? start : null;
}

/** Ends after a slash, a dash or a dot: half a word is no start. */
function commonStart(refs: readonly string[]): string {
  const [first = '', ...rest] = refs;
  let length = first.length;
  for (const ref of rest) {
    while (!ref.startsWith(first.slice(0, length))) length -= 1;
  }
  return first.slice(0, length).replace(/[^/.-]*$/, '') || 'refs/';
}

/** The one value that all have; nothing if they differ or do not say. */
function same<T>(values: readonly (T | null)[]): T | undefined {
  const [first = null] = values;
  return first !== null && values.every((value) => value === first) ? first : undefined;
}

/** What certificates tell of the source: they bind a reusable workflow to whoever called it. */
function sourceOf(
  signers: readonly Keyless[],
): Pick<KeylessAuthority['keyless'], 'sourceRepository' | 'sourceRepositoryId' | 'workflow'> {
  const claim = (name: keyof CertificateClaims): string | undefined =>
    same(signers.map(({ certificate }) => certificate[name]));
  const repository = claim('sourceRepository');
  const sourceRepository =
    repository !== undefined && /^https:\/\/[^\s?#@]+[^\s?#@/]$/.test(repository) ? repository : undefined;
  const sourceRepositoryId = claim('sourceRepositoryId');
  const isOwn = signers.every(
    ({ subject }) => sourceRepository !== undefined && subject.startsWith(`${sourceRepository}/`),
  );
  const workflow = same(signers.map(({ certificate: c }) => workflowPath(c.buildConfigUri, c.sourceRepository)));
  return {
    ...(sourceRepository === undefined ? {} : { sourceRepository }),
    ...(sourceRepositoryId === undefined ? {} : { sourceRepositoryId }),
    ...(isOwn || sourceRepository === undefined || workflow === undefined ? {} : { workflow }),
  };
}

/** Signatures that name one CI workflow, and the identity that a policy calls it by. */
export interface CiGroup {
  readonly found: readonly FoundSignature[];
  readonly identity: CiIdentity;
}

/** By issuer, repository and workflow. */
export function ciGroups(found: readonly FoundSignature[]): CiGroup[] {
  const groups = new Map<string, { readonly found: FoundSignature; readonly claims: CiClaims }[]>();
  for (const one of found) {
    const claims = ciClaimsOf(one);
    // Signed with a key, provenance may not tell the repository's id, which a policy wants.
    if (claims === null || !/^\d{1,20}$/.test(claims.repositoryId) || claims.oidcIssuer === '') continue;
    add(groups, JSON.stringify([claims.oidcIssuer, claims.repositoryId, claims.workflow]), { found: one, claims });
  }
  return [...groups.values()].map((members) => ({
    found: members.map((member) => member.found),
    identity: ciIdentityOf(members.map(({ claims }) => claims)),
  }));
}

/** One identity that all of these jobs are, and few others. @throws TypeError without a job */
export function ciIdentityOf(claims: readonly CiClaims[]): CiIdentity {
  const [first] = claims;
  if (first === undefined) throw new TypeError('a group has a job'); // as ciGroups makes them
  const environment = same(claims.map((one) => one.environment));
  return {
    oidcIssuer: first.oidcIssuer,
    repositoryId: first.repositoryId,
    ...(first.workflow === null ? {} : { workflow: first.workflow }),
    ...refOf(claims.map(({ ref }) => ref)),
    ...(environment === undefined ? {} : { environment }),
  };
}

/** Nothing where refs are of both kinds: a pattern over both would let in any. */
function refOf(refs: readonly (string | null)[]): Pick<CiIdentity, 'ref' | 'refPattern'> {
  const ref = same(refs);
  if (ref !== undefined && !ref.startsWith('refs/tags/')) return { ref };
  const named = refs.filter((one) => one !== null);
  if (named.length !== refs.length) return {};
  const start = versionStart(named);
  if (start !== null) return { refPattern: `${start}*` };
  const common = commonStart(named);
  return common === 'refs/' ? {} : { refPattern: `${common}*` };
}
