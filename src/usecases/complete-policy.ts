import { type Authority, type KeyAuthority, PUBLIC_GOOD } from '../domain/authority.ts';
import type { Policy } from '../domain/policy.ts';
import type { KeyChecker, TrustedRoots } from './ports.ts';

/** An authority as it was written: the fingerprint of its key is not known yet. */
export type DraftAuthority =
  | Exclude<Authority, KeyAuthority>
  | (Omit<KeyAuthority, 'key'> & { readonly key: Omit<KeyAuthority['key'], 'fingerprint'> });

/** A policy whose form is right. */
export type DraftPolicy = Omit<Policy, 'signatures'> & {
  readonly signatures: Omit<Policy['signatures'], 'authorities'> & {
    readonly authorities: readonly (readonly DraftAuthority[])[];
  };
};

/** Something in a policy that could never match, by its field below the policy. */
export interface PolicyProblem {
  readonly field: string;
  readonly problem: string;
}

export interface CompleteDependencies {
  readonly signingKeys: KeyChecker;
  readonly trustedRoots: TrustedRoots;
}

/**
 * A policy as it is stored: with the fingerprints of its keys. Or all that keeps it from ever matching: keys that cannot
 * be used, keys that stand there twice, trusted roots that nobody added.
 */
export async function completePolicy(
  deps: CompleteDependencies,
  draft: DraftPolicy,
  teamId: number,
  now: number,
): Promise<{ readonly policy: Policy } | { readonly problems: readonly PolicyProblem[] }> {
  const problems: PolicyProblem[] = [];
  const authorities: Authority[][] = [];
  for (const [n, list] of draft.signatures.authorities.entries()) {
    const completed: Authority[] = [];
    for (const [m, authority] of list.entries()) {
      const field = `signatures.authorities.${n}.${m}`;
      const one = await completeAuthority(deps.signingKeys, authority);
      if ('problem' in one) problems.push({ field: `${field}.key.data`, problem: one.problem });
      else if (completed.some((other) => isSameKey(other, one.authority)))
        problems.push({ field: `${field}.key.data`, problem: 'the same key stands in this list already' });
      else completed.push(one.authority);
    }
    authorities.push(completed);
  }
  problems.push(...(await unknownRoots(deps.trustedRoots, draft, teamId, now)));
  if (problems.length > 0) return { problems };
  return { policy: { ...draft, signatures: { ...draft.signatures, authorities } } };
}

async function completeAuthority(
  keys: KeyChecker,
  draft: DraftAuthority,
): Promise<{ readonly authority: Authority } | { readonly problem: string }> {
  if ('keyless' in draft) return { authority: draft };
  const checked = await keys.check(draft.key.data);
  if (!checked.ok) return { problem: checked.reason };
  return { authority: { ...draft, key: { ...draft.key, fingerprint: checked.fingerprint } } };
}

/** The same key for other statements is another authority. */
function isSameKey(a: Authority, b: Authority): boolean {
  if (!('key' in a) || !('key' in b) || a.key.fingerprint !== b.key.fingerprint) return false;
  const statements = (one: Authority) => (one.attestations ?? []).map(({ predicateType }) => predicateType).sort();
  return JSON.stringify(statements(a)) === JSON.stringify(statements(b));
}

async function unknownRoots(
  roots: TrustedRoots,
  { signatures }: DraftPolicy,
  teamId: number,
  now: number,
): Promise<PolicyProblem[]> {
  const named = signatures.authorities.flatMap((list, n) =>
    list.flatMap(({ trustedRoot }, m) =>
      trustedRoot === undefined || trustedRoot === PUBLIC_GOOD
        ? []
        : [{ field: `signatures.authorities.${n}.${m}.trustedRoot`, trustedRoot }],
    ),
  );
  if (named.length === 0) return [];
  const found = await roots.get(teamId, [...new Set(named.map(({ trustedRoot }) => trustedRoot))], now);
  const known = new Set(found.map(({ name }) => name));
  return named
    .filter(({ trustedRoot }) => !known.has(trustedRoot))
    .map(({ field, trustedRoot }) => ({ field, problem: unknownRoot(trustedRoot) }));
}

function unknownRoot(name: string): string {
  return `there is no trusted root "${name}": give it with POST /api/v1/trusted-roots, or follow it with TUF_MIRRORS`;
}
