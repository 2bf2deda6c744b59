import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FindingCode } from '../../domain/finding.ts';
import { publicLogUrl } from '../../domain/public-log.ts';
import type { FoundSignature, SignaturePlace, Signer } from '../../domain/signature.ts';
import { signaturesWords } from '../../notify/evidence-words.ts';
import { placeWords, problemWords } from '../../notify/signature-words.ts';
import { Digest } from '../parts/digest.tsx';
import { EvidenceState } from '../parts/evidence-state.tsx';
import { When } from '../parts/when.tsx';
import { type ChainProps, Facts, findingsOf, inWords, keptSignatures, LISTED, Link, WebAddress } from './link.tsx';

const ABOUT_SIGNATURES: readonly FindingCode[] = ['unsigned', 'untrusted-signer', 'invalid-signature'];

export function Signatures({ page, now }: ChainProps): JSX.Element {
  const kept = keptSignatures(page);
  const words = signaturesWords(kept, page.policy.signatures.mode, inWords(page));
  const places = kept?.places ?? [];
  const found = kept?.found ?? [];
  return (
    <Link question="Is it signed, and by whom?" words={words} findings={findingsOf(page, ABOUT_SIGNATURES)}>
      {places.length === 0 ? null : (
        <ul class="asked">
          {places.slice(0, LISTED).map((place) => (
            <Place place={place} />
          ))}
          {places.length > LISTED ? (
            <li class="small">{`and ${places.length - LISTED} more, in the JSON below`}</li>
          ) : null}
        </ul>
      )}
      {found.slice(0, LISTED).map((each) => (
        <Found found={each} now={now} />
      ))}
      {found.length > LISTED ? <p class="small">{`and ${found.length - LISTED} more, in the JSON below`}</p> : null}
    </Link>
  );
}

function Place({ place }: { readonly place: SignaturePlace }): JSX.Element {
  return (
    <li>
      <EvidenceState state={place.state} />
      <span>
        {placeWords(place.place)}
        {place.image === undefined ? '' : ` of ${place.image}`}
        {place.detail === undefined ? '' : `: ${place.detail}`}
        {place.about === undefined ? null : (
          <>
            {' '}
            about <Digest digest={place.about} />
          </>
        )}
      </span>
    </li>
  );
}

const FOUND_STATES = {
  valid: 'present',
  invalid: 'invalid',
  unavailable: 'unavailable',
  unsupported: 'unavailable',
} as const;

function Found({ found, now }: { readonly found: FoundSignature; readonly now: number }): JSX.Element {
  const { signer, problem, reason, logIndex, signedAt, trustedRoot, predicateType } = found;
  const url = publicLogUrl(found);
  return (
    <div class="found">
      <p>
        <EvidenceState state={FOUND_STATES[found.state]} />{' '}
        {problem === null ? 'It fits this digest.' : `It ${problemWords(problem)}.`}
      </p>
      <Facts
        facts={[
          ...signerFacts(signer),
          ['States', predicateType === null ? 'that the image is theirs' : predicateType],
          [
            'Log entry',
            logIndex === null ? null : url === null ? (
              logIndex
            ) : (
              <a href={url} rel="noreferrer">
                {logIndex}
              </a>
            ),
          ],
          ['Checked with', trustedRoot === null ? null : `the trusted root ${trustedRoot}`],
          ['Signed', signedAt === null ? null : <When at={signedAt} now={now} form="full" />],
          ['In detail', reason],
        ]}
      />
    </div>
  );
}

function signerFacts(signer: Signer | null): (readonly [string, Child | null])[] {
  if (signer === null) return [];
  if (signer.kind === 'key') return [['Key', <Digest digest={signer.fingerprint} prefix />]];
  return [
    ['Signer', signer.subject],
    ['Vouched for by', signer.oidcIssuer],
    [
      'Run',
      signer.certificate.runInvocationUri === null ? null : <WebAddress url={signer.certificate.runInvocationUri} />,
    ],
  ];
}
