/** A push that nothing is wrong with, and how to change it, for the tests of the judge. */

import { UNATTRIBUTED } from '../../../src/domain/attribution.ts';
import type { Authority } from '../../../src/domain/authority.ts';
import type { Case, Outcome } from '../../../src/domain/case.ts';
import type { CiClaims } from '../../../src/domain/ci.ts';
import type { Digest } from '../../../src/domain/digest.ts';
import type { Announcement, PushEvidence, PushFacts, TagHistory } from '../../../src/domain/evidence.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { CertificateClaims, FoundSignature, SignatureEvidence } from '../../../src/domain/signature.ts';

export const OLD: Digest = `sha256:${'0'.repeat(64)}`;
export const NEW: Digest = `sha256:${'1'.repeat(64)}`;
export const OTHER: Digest = `sha256:${'2'.repeat(64)}`;

export const MINUTE = 60_000;
/** When we learn of the push; everything else is told relative to it, in ms. */
export const T = Date.UTC(2026, 10, 21, 12);
export const SETTLED = T + 2 * MINUTE;
export const DEADLINE = T + 30 * MINUTE;

export const claims: CiClaims = {
  oidcIssuer: 'https://token.actions.githubusercontent.com',
  repositoryId: '74',
  repository: 'octo/app',
  workflow: '.github/workflows/release.yml',
  ref: 'refs/tags/v1.2.3',
  environment: 'release',
  event: 'push',
  run: '1/1',
  runUrl: null,
  commit: null,
  actor: 'octocat',
};

type PolicyChange = Omit<Partial<Policy>, 'ci' | 'signatures'> & {
  readonly ci?: Partial<Policy['ci']>;
  readonly signatures?: Partial<Policy['signatures']>;
};

/** Any pusher, `*.*.*` immutable, no CI, no signatures; 2 minutes to settle, 30 to the deadline, windows of an hour. */
export function policy({ ci, signatures, ...rest }: PolicyChange = {}): Policy {
  return {
    pushers: null,
    immutableTags: ['*.*.*'],
    rollbacks: 'alert',
    ci: {
      mode: 'off',
      announceFirst: false,
      windowSeconds: 3600,
      identities: [{ oidcIssuer: claims.oidcIssuer, repositoryId: '74' }],
      ...ci,
    },
    signatures: { mode: 'off', ...signatures },
    settleSeconds: 120,
    deadlineSeconds: 1800,
    ...rest,
  };
}

/** `latest` at NEW, told by a webhook, last looked at 5 seconds before. */
export function push(differs: Partial<PushFacts> = {}): PushFacts {
  return {
    tag: 'latest',
    digest: NEW,
    kind: 'manifest',
    origin: 'dockerhub',
    receivedAt: T,
    notBefore: T - 5_000,
    pusher: { name: 'acmebot', id: null },
    repository: 1,
    ...differs,
  };
}

export function history(differs: Partial<TagHistory> = {}): TagHistory {
  return { previous: { digest: OLD, at: T - 1000 * MINUTE }, leftAt: null, unchanged: false, safe: null, ...differs };
}

/** The registry has it, a webhook told of it, nobody announced it, nobody signed it. */
export function evidence(differs: Partial<PushEvidence> = {}): PushEvidence {
  return {
    readBack: { state: 'present', value: { digest: NEW } },
    history: history(),
    announcements: [],
    runs: [],
    signatures: signatures(),
    account: null,
    attribution: UNATTRIBUTED,
    reported: true,
    ...differs,
  };
}

/** Every place answered; what they hold. */
export function signatures(...found: FoundSignature[]): SignatureEvidence {
  const places = (['referrers-api', 'fallback-tag', 'sig-tag', 'att-tag'] as const).map((place) => ({
    place,
    state: found.some((each) => each.place === place) ? ('present' as const) : ('absent' as const),
  }));
  return { places, found, children: [], indexes: [], runs: [] };
}

/** A place that did not answer, beside what the others hold. */
export function unreadable(...found: FoundSignature[]): SignatureEvidence {
  const answered = signatures(...found);
  return { ...answered, places: [...answered.places, { place: 'sig-tag', state: 'unavailable', detail: '503' }] };
}

export const SUBJECT = 'https://github.com/octo/app/.github/workflows/release.yml@refs/tags/v1.2.3';
/** The release workflow of `octo/app`, keyless. */
export const releaseWorkflow: Authority = {
  keyless: { oidcIssuer: claims.oidcIssuer, identity: { subject: SUBJECT } },
};

const certificate: CertificateClaims = {
  sourceRepository: 'https://github.com/octo/app',
  sourceRepositoryId: '74',
  sourceRepositoryRef: 'refs/tags/v1.2.3',
  sourceRepositoryDigest: 'c0ffee',
  buildConfigUri: SUBJECT,
  buildSignerUri: SUBJECT,
  buildTrigger: 'push',
  runInvocationUri: 'https://github.com/octo/app/actions/runs/7/attempts/1',
  runnerEnvironment: 'github-hosted',
  deploymentEnvironment: 'release',
};

/** A valid signature of NEW by the release workflow, made a minute after the push. */
export function signature(
  differs: Partial<FoundSignature> = {},
  identity: { readonly subject?: string; readonly certificate?: Partial<CertificateClaims> } = {},
): FoundSignature {
  return {
    place: 'sig-tag',
    image: 'docker.io/octo/app',
    about: NEW,
    source: OTHER,
    format: 'cosign-signature',
    state: 'valid',
    problem: null,
    reason: null,
    signer: {
      kind: 'keyless',
      oidcIssuer: claims.oidcIssuer,
      subject: identity.subject ?? SUBJECT,
      certificate: { ...certificate, ...identity.certificate },
    },
    trustedRoot: 'public-good',
    predicateType: null,
    provenance: null,
    signedAt: T + MINUTE,
    logIndex: '42',
    ...differs,
  };
}

/** The named job announces, a minute after the push, that `latest` is NEW. */
export function pushed(differs: Partial<Announcement> = {}): Announcement {
  const at = differs.at ?? T + MINUTE;
  return {
    id: 1,
    source: 'ci',
    phase: 'pushed',
    digest: NEW,
    tags: ['latest'],
    allowed: true,
    run: '1/1',
    claims,
    at,
    expiresAt: at + 60 * MINUTE,
    closedAt: null,
    ...differs,
  };
}

/** The named job opens a window for an hour, five minutes before the push. */
export function started(differs: Partial<Announcement> = {}): Announcement {
  return pushed({ phase: 'started', digest: null, at: T - 5 * MINUTE, ...differs });
}

/** A maintainer expects `latest` at NEW, from a minute before the push on, for ten. */
export function expected(differs: Partial<Announcement> = {}): Announcement {
  const at = differs.at ?? T - MINUTE;
  return pushed({ source: 'maintainer', claims: null, at, expiresAt: at + 10 * MINUTE, ...differs });
}

/** What a rule is asked about, where it differs from the push that nothing is wrong with. */
export interface Given {
  readonly policy?: Policy;
  readonly push?: Partial<PushFacts>;
  readonly evidence?: Partial<PushEvidence>;
  readonly now?: number;
}

/** One word for a rule's answer: `satisfied`, a finding's code, `waits <want> <minutes after the push>`, `lacks <want>`. */
export function ask(rule: (c: Case) => Outcome, given: Given): string {
  const outcome = rule({
    policy: given.policy ?? policy(),
    push: push(given.push),
    evidence: evidence(given.evidence),
    now: given.now ?? T,
  });
  switch (outcome.is) {
    case 'satisfied':
      return 'satisfied';
    case 'finding':
      return outcome.finding.code;
    case 'waiting':
      return `waits ${outcome.want} ${(outcome.until - T) / MINUTE}`;
    case 'unavailable':
      return `lacks ${outcome.want}`;
  }
}

/** The announcements as all that is known. */
export const told = (...announcements: Announcement[]) => ({ announcements });
/** A job that the policy does not name announces it. */
export const stranger = pushed({ allowed: false, claims: { ...claims, repositoryId: '666' } });
