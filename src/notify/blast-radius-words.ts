import type { AttributionStrength, CredentialKind } from '../domain/credential.ts';
import type { ReachReason } from '../domain/credential-reach.ts';
import type { NotCovered } from '../domain/not-covered.ts';
import type { SightingAction, SightingSource } from '../domain/sighting.ts';
import type { PartStatus } from '../domain/source.ts';
import type { Certainty } from '../domain/use-share.ts';
import type { EvidenceInBrief } from '../usecases/blast-radius-report.ts';
import { revocationOf } from './revocation.ts';
import { PART_WORDS } from './source-words.ts';
import { utcMinute } from './utc.ts';

/** Words of a report about a credential. Names go through `name`, which makes them harmless where they come to stand. */
type Name = (text: string) => string;

export const CERTAINTY_WORDS: Readonly<Record<Certainty, string>> = {
  attributed: 'by it',
  possible: 'possibly by it',
  unknown: 'by its account, credential unknown',
};

export const STRENGTH_WORDS: Readonly<Record<AttributionStrength, string>> = {
  named: 'The registry names it: its own log, or a webhook.',
  deduced: 'Nobody names it. It is the only token of the account whose last use fits the time of the push.',
  ambiguous: 'Nobody names it. It is one of several tokens of the account whose last use fits.',
  unknown: 'Only the account is known. Any credential of that account may have done it.',
};

export const BY_WORDS: Readonly<Record<SightingSource, string>> = {
  webhook: 'webhook',
  'token-list': 'token list',
  'audit-log': 'audit log',
};

export const REACH_WORDS: Readonly<Record<ReachReason, string>> = {
  granted: 'the registry lists it as granted',
  account: "in its account's namespace",
  seen: 'seen pushing there',
};

export const ACTION_WORDS: Readonly<Record<Exclude<SightingAction, 'push'>, string>> = {
  use: 'last-used time moved',
  'tag-delete': 'deleted a tag',
  settings: 'changed settings',
  token: 'made or changed a token',
  other: 'something else',
};

export const CI_WORDS: Readonly<Record<EvidenceInBrief['ci'], string>> = {
  announced: 'announced',
  provenance: 'signed provenance',
  mismatch: 'another run',
  absent: 'no CI run',
  awaited: 'awaited',
  unknown: 'not known',
};

export const SIGNATURE_WORDS: Readonly<Record<EvidenceInBrief['signature'], string>> = {
  valid: 'valid',
  untrusted: 'by another signer',
  invalid: 'worth nothing',
  absent: 'none',
  unavailable: 'could not be found out',
  'not-looked-for': 'not looked for',
};

/** What ends the credential, in order. */
export function revokeSteps(kind: CredentialKind, name: string): readonly string[] {
  const hub = new Map(revocationOf('docker.io').pages.map(({ label, url }) => [label, `<${url}>`]));
  switch (kind) {
    case 'dockerhub-pat':
      return [`Revoke the token ${name}: ${hub.get('personal tokens')}.`];
    case 'dockerhub-oat':
      return [`Revoke the organization's token ${name}: ${hub.get('organization tokens')}.`];
    case 'dockerhub-oidc':
      return [`Delete the OIDC connection ${name}, or narrow its rules: ${hub.get('organization tokens')}.`];
    case 'dockerhub-account':
      return [
        `Change the password of ${name} and end its sessions: ${hub.get('organization tokens')}.`,
        `Revoke all of its tokens: ${hub.get('personal tokens')}. Whoever has the account may have made more.`,
      ];
    case 'github-sender': {
      const pages = revocationOf('ghcr.io')
        .pages.map(({ url }) => `<${url}>`)
        .join(', ');
      return [
        `Revoke the tokens of ${name} that may write packages (${pages}) and end its sessions. GitHub does not tell which of them pushed.`,
      ];
    }
    case 'distribution-actor':
      return [`Revoke what ${name} signs in with, where the registry keeps its accounts.`];
  }
}

const STATE_WORDS: Readonly<Record<Exclude<PartStatus['state'], 'ok'>, string>> = {
  unread: 'has not been read yet',
  off: 'is not to be had with this login',
  'signed-out': 'cannot be read: the login is refused',
  forbidden: 'cannot be read: this login may not',
  'not-on-plan': 'is not part of the plan of this account',
  waiting: 'cannot be read now: the registry asks us to wait',
  failing: 'cannot be read: it gives no answer that makes sense',
};

/** What is not known, and what to make of it. */
export function notCoveredWords(fact: NotCovered, name: Name): string {
  switch (fact.kind) {
    case 'credential-before':
      return `Before ${utcMinute(fact.until)} this token was not known to us. What it did then is here only if a log tells of it.`;
    case 'image-before':
      return `${name(fact.image)} is watched since ${utcMinute(fact.until)}. Pushes before that were not recorded.`;
    case 'image-unwatched':
      return `${name(fact.path)} is granted and not watched: we cannot say what was pushed there.`;
    case 'grant-open':
      return `${name(fact.path)} is granted as a whole. Repositories in it that are not watched are not known to us, nor what was pushed there.`;
    case 'resources-unknown':
      return 'What this token may reach was not read. It may reach more, or less, than is listed.';
    case 'other-namespaces':
      return `It may write whatever the account ${name(fact.account)} may, also in organizations that it belongs to. Only where it was seen pushing is that listed.`;
    case 'images-cut':
      return `More than ${fact.limit} images are watched: reach was looked up for the first ${fact.limit} only.`;
    case 'last-use-only':
      return 'A list of tokens keeps the last use only: several uses between two looks are one here.';
    case 'token-not-told':
      return 'The registry tells the account and not what it signed in with: one of its tokens, its password or a session.';
    case 'nobody-named':
      return 'A push that only a sweep saw names no account, and stands in no such report: look through the pushes of each repository in reach.';
    case 'overwritten-unseen':
      return 'A push that nobody reported, and that was overwritten before the next sweep, left no trace here.';
    default:
      return sourceNotCovered(fact, name);
  }
}

type AboutSources = Extract<
  NotCovered,
  {
    readonly kind:
      | 'no-source'
      | 'source-part'
      | 'log-before'
      | 'log-gap'
      | 'source-blind'
      | 'gaps-before'
      | 'log-rows-open';
  }
>;

function sourceNotCovered(fact: AboutSources, name: Name): string {
  switch (fact.kind) {
    case 'no-source':
      return `Nobody reads the tokens and the audit log of ${fact.account === null ? 'this account' : name(fact.account)}: uses that are no push of a watched image are not known at all.`;
    case 'source-part': {
      const read = fact.readAt === null ? 'It never was read' : `It was last read on ${utcMinute(fact.readAt)}`;
      const why = fact.reason === null || fact.reason === '' ? '' : ` (${name(fact.reason)})`;
      return `The ${PART_WORDS[fact.part]} of ${name(fact.source)} ${STATE_WORDS[fact.state]}${why}, since ${utcMinute(fact.since)}. ${read}. What it would tell is unknown, not absent.`;
    }
    case 'log-before':
      return `The audit log of ${name(fact.source)} was read from ${utcMinute(fact.until)} on. What it said of the time before is unknown.`;
    case 'log-gap':
      return `The audit log of ${name(fact.account)} has a gap ${fact.from === null ? 'of unknown length' : `from ${utcMinute(fact.from)}`} to ${utcMinute(fact.until)}: uses in that time may be missing.`;
    case 'source-blind':
      return `The ${PART_WORDS[fact.part]} of ${name(fact.source)} could not be read from ${utcMinute(fact.from)}${fact.until === null ? ' on' : ` to ${utcMinute(fact.until)}`}: ${name(fact.reason)}.`;
    case 'gaps-before':
      return `Gaps in what we read that ended before ${utcMinute(fact.until)} are not looked up.`;
    case 'log-rows-open':
      return `${fact.count} pushes that the log of ${name(fact.source)} tells of are not found among ours yet: ask again in an hour.`;
  }
}
