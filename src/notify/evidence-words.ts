import type { CiVouch, PushOrigin } from '../domain/evidence.ts';
import type { FindingCode, Verdict, Want } from '../domain/finding.ts';
import type { RuleMode } from '../domain/policy.ts';
import type { ShownAttribution } from '../domain/shown-attribution.ts';
import type { SignatureEvidence } from '../domain/signature.ts';
import { vouchWords } from './words.ts';

/**
 * What a push's page says of its evidence, link by link: what we asked, what came back, and whether the attacker could have
 * written it. Plain text: whoever renders it escapes it.
 */
export interface EvidenceWords {
  readonly state: 'present' | 'absent' | 'invalid' | 'unavailable' | 'waiting' | 'not-asked';
  readonly said: string;
  readonly attacker: string;
}

/** What the words need to know of a push. */
export interface PushEvidenceInWords {
  readonly origin: PushOrigin;
  /** `docker.io`. */
  readonly registry: string;
  readonly tag: string;
  readonly hasDigest: boolean;
  readonly confirmed: boolean;
  readonly verdict: Verdict | null;
  readonly findings: readonly FindingCode[];
  readonly wants: readonly Want[];
  /** As it is kept: a state, or why it could not be read; `null`: nothing is kept. */
  readonly readBack: string | null;
}

const HOOKS: Readonly<Record<'dockerhub' | 'github' | 'distribution', EvidenceWords>> = {
  dockerhub: {
    state: 'present',
    said: 'A webhook from Docker Hub told of it. It was let in by the secret in its address: Docker Hub signs nothing.',
    attacker: 'Yes. Whoever knows the address can send one, with any name in it. So it only makes us look.',
  },
  github: {
    state: 'present',
    said: 'A webhook from GitHub told of it, with GitHub’s signature (HMAC-SHA256) over its body.',
    attacker: 'No. It needs a secret that only GitHub and this installation have.',
  },
  distribution: {
    state: 'present',
    said: 'The registry itself notified us, with a secret that its configuration holds.',
    attacker: 'Only somebody who has read the registry’s configuration.',
  },
};

/** How we heard of it. */
export function deliveryWords(origin: PushOrigin): EvidenceWords {
  switch (origin) {
    case 'dockerhub':
    case 'github':
    case 'distribution':
      return HOOKS[origin];
    case 'read-back':
      return {
        state: 'absent',
        said: 'We saw it ourselves when we read the tag back after another delivery.',
        attacker: OURS,
      };
    case 'sweep':
      return {
        state: 'absent',
        said: 'No webhook told of it first. Our own sweep of the registry found it.',
        attacker: OURS,
      };
    case 'audit-log':
      return {
        state: 'absent',
        said: 'No webhook told of it first. The registry’s audit log did.',
        attacker: 'No. The registry writes that log.',
      };
    case 'baseline':
      return { state: 'not-asked', said: 'It was there already when watching began.', attacker: OURS };
  }
}

const OURS = 'No. We looked ourselves.';
const REGISTRY = 'No. We asked the registry ourselves: a forged webhook cannot answer for it.';

/** What the registry itself says. */
export function registryWords(push: PushEvidenceInWords): EvidenceWords {
  const { registry, tag, readBack } = push;
  if (push.confirmed) {
    const said = `${registry} itself says that ${tag === '' ? 'it has' : `${tag} points at`} this digest.`;
    return { state: 'present', said, attacker: REGISTRY };
  }
  if (readBack !== null && readBack !== 'present' && readBack !== 'absent') {
    return { state: 'unavailable', said: `Not known: ${readBack}.`, attacker: REGISTRY };
  }
  if (readBack === 'absent' && push.findings.includes('forged-delivery')) {
    return { state: 'absent', said: `${registry} has no such thing.`, attacker: REGISTRY };
  }
  if (!push.hasDigest)
    return { state: 'waiting', said: `${registry} has not said yet what it is.`, attacker: REGISTRY };
  const said =
    tag === ''
      ? 'It was pushed by its digest: no tag leads there.'
      : 'When we looked, the tag pointed elsewhere already.';
  return { state: readBack === 'absent' ? 'absent' : 'present', said, attacker: REGISTRY };
}

/** How surely the push is somebody's. */
export const STRENGTHS: Readonly<Record<ShownAttribution['strength'], string>> = {
  named: 'Named',
  deduced: 'Deduced',
  ambiguous: 'Ambiguous',
  unknown: 'Unknown',
};

/** Who pushed, and with what. `isToken`: what is named is a token, not only an account. */
export function pusherWords(
  { strength, by, credentials }: ShownAttribution,
  pusher: string | null,
  origin: PushOrigin,
): EvidenceWords {
  switch (strength) {
    case 'named':
      return by === 'audit-log'
        ? { state: 'present', said: 'The registry’s own log names it.', attacker: LOGGED }
        : { state: 'present', said: 'The registry names who pushed; there is no more to know.', attacker: AS_ACCOUNT };
    case 'deduced':
      return {
        state: 'present',
        said: 'It is the only token of the account whose last use fits this push.',
        attacker: 'Hardly. The registry tells when each token was last used; that this is the one is our conclusion.',
      };
    case 'ambiguous':
      return {
        state: 'unavailable',
        said: `${credentials.length} tokens fit this push, and the registry does not say which it was. To be sure, revoke all of them.`,
        attacker: 'Hardly. The registry tells when each token was last used.',
      };
    case 'unknown':
      if (pusher === null) {
        return {
          state: 'unavailable',
          said: 'Nothing that we can read names who pushed.',
          attacker: 'There is nothing to write.',
        };
      }
      return {
        state: 'present',
        said: `${origin === 'dockerhub' ? 'The unsigned webhook names' : 'We know'} the account. Which of its tokens pushed is not known.`,
        attacker: origin === 'dockerhub' ? NAMED_BY_WEBHOOK : AS_ACCOUNT,
      };
  }
}

const LOGGED = 'No. The registry writes that log. Whoever holds the token is another question.';
const AS_ACCOUNT = 'Not the name. But with a stolen token of the account, anybody pushes under it.';
const NAMED_BY_WEBHOOK = 'Yes: by sending a webhook, and by pushing with a stolen token of that account.';

/** `null`: nobody has looked. */
export function signaturesWords(
  evidence: SignatureEvidence | null,
  mode: RuleMode,
  { verdict, wants }: Pick<PushEvidenceInWords, 'verdict' | 'wants'>,
): EvidenceWords {
  const attacker = 'Anybody who can push can add a signature, but not in your name.';
  if (evidence === null) {
    const isWaiting = verdict === 'pending' && mode !== 'off';
    const said = isWaiting
      ? 'Nobody has looked yet.'
      : 'Not looked for: the policy does not ask for signatures, or did not need them.';
    return { state: isWaiting ? 'waiting' : 'not-asked', said, attacker };
  }
  const { found, places } = evidence;
  const valid = found.filter(({ state }) => state === 'valid').length;
  const silent = places.filter(({ state }) => state === 'unavailable').length;
  const asked = `${places.length} ${places.length === 1 ? 'place was' : 'places were'} asked`;
  if (valid > 0) {
    const said = `${asked}; ${valid === 1 ? 'one signature or statement is' : `${valid} signatures or statements are`} sound. Whether their signers are yours is the policy’s to say.`;
    return { state: 'present', said, attacker };
  }
  if (silent > 0 || found.some(({ state }) => state === 'unavailable')) {
    const said = `${asked}; ${silent > 0 ? `${silent} did not answer` : 'not all that is there could be checked'}. That is not the same as unsigned.`;
    return { state: 'unavailable', said, attacker };
  }
  if (found.some(({ state }) => state === 'invalid')) {
    return { state: 'invalid', said: `${asked}; what is there is worth nothing.`, attacker };
  }
  const isWaiting = verdict === 'pending' && wants.includes('signature');
  const said = isWaiting
    ? `${asked}; none has a signature so far. Honest ones come up to half an hour late.`
    : `${asked}; all answered, and none has a signature.`;
  return { state: isWaiting ? 'waiting' : 'absent', said, attacker };
}

/** Whether CI made it. */
export function ciWords(vouch: CiVouch | null, mode: RuleMode, push: PushEvidenceInWords): EvidenceWords {
  if (vouch !== null) return { state: 'present', said: vouchWords(vouch), attacker: VOUCH_ATTACKERS[vouch.how] };
  const { findings, wants, verdict } = push;
  const attacker = 'No. CI speaks with an OIDC token or a signature of its own.';
  if (findings.includes('ci-mismatch')) {
    return { state: 'invalid', said: 'CI said something else, or another job spoke: see the finding.', attacker };
  }
  if (findings.includes('no-ci-run'))
    return { state: 'absent', said: 'No run of a job that your policy names made this.', attacker };
  if (wants.includes('ci') || wants.includes('ci-lookup')) {
    return verdict === 'pending'
      ? { state: 'waiting', said: 'No job that your policy names has spoken for it yet.', attacker }
      : { state: 'unavailable', said: 'We could not find out whether CI made it.', attacker };
  }
  return mode === 'off'
    ? { state: 'not-asked', said: 'The policy does not ask for CI.', attacker }
    : { state: 'not-asked', said: 'It was not needed for this verdict.', attacker };
}

const VOUCH_ATTACKERS: Readonly<Record<CiVouch['how'], string>> = {
  expected: 'No. A maintainer said so here, and it stands in the audit log.',
  announced: 'No. It needs the OIDC token of a CI job of yours. A stolen registry token is not enough.',
  provenance: 'No. It is signed, and the signer is a job that your policy names.',
  concurrent: 'They need not: a run was in progress, and anybody who holds a token could have pushed meanwhile.',
};
