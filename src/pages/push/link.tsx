import type { Child, PropsWithChildren } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FindingCode } from '../../domain/finding.ts';
import type { EvidenceWords, PushEvidenceInWords } from '../../notify/evidence-words.ts';
import { findingTitle } from '../../notify/words.ts';
import type { PushPage } from '../../store/push-page.ts';
import type { KeptSignatures } from '../../usecases/gather-signatures.ts';
import { EvidenceState } from '../parts/evidence-state.tsx';

/** So many are listed; the rest stands in the JSON. */
export const LISTED = 8;

export interface ChainProps {
  readonly page: PushPage;
  readonly now: number;
}

interface LinkProps {
  readonly question: string;
  readonly words: EvidenceWords;
  /** Of the push, those that this link is about. */
  readonly findings?: readonly FindingCode[];
}

/** A link of the chain: what we asked, what came back, who could have written it. */
export function Link({ question, words, findings = [], children }: PropsWithChildren<LinkProps>): JSX.Element {
  return (
    <li>
      <div class="ask">
        <h3>{question}</h3>
        <EvidenceState state={words.state} />
      </div>
      <p>{words.said}</p>
      {children}
      {findings.map((code) => (
        <p class="small">
          Finding: <b>{findingTitle(code)}</b>
        </p>
      ))}
      <p class="fake">
        <b>Could the attacker have written it?</b> {words.attacker}
      </p>
    </li>
  );
}

/** Names with what they are; those without anything to say are left out. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: Child | null])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === null ? null : (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ),
      )}
    </dl>
  );
}

export function inWords({ push }: PushPage): PushEvidenceInWords {
  return {
    origin: push.origin,
    registry: push.image.slice(0, push.image.indexOf('/')),
    tag: push.tag,
    hasDigest: push.digest !== null,
    confirmed: push.confirmedAt !== null,
    verdict: push.verdict,
    findings: push.findings.map(({ code }) => code),
    wants: push.evidence?.wants ?? [],
    readBack: push.evidence?.readBack ?? null,
  };
}

export const findingsOf = ({ push }: PushPage, about: readonly FindingCode[]): FindingCode[] =>
  push.findings.map(({ code }) => code).filter((code) => about.includes(code));

/** Rows written before signatures were verified hold another shape. */
export function keptSignatures({ push }: PushPage): KeptSignatures | null {
  const kept = push.evidence?.signatures ?? null;
  return kept !== null && Array.isArray(kept.found) ? kept : null;
}

/** Threat: what CI says of itself may name any address. Only one that opens a web page is a link. */
export function WebAddress({ url }: { readonly url: string }): JSX.Element {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.protocol !== 'https:' || parsed.username !== '') return <>{url}</>;
  return (
    <a href={url} rel="noreferrer">
      {url}
    </a>
  );
}
