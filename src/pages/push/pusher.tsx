import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FindingCode } from '../../domain/finding.ts';
import { shownAttribution } from '../../domain/shown-attribution.ts';
import { pusherWords, STRENGTHS } from '../../notify/evidence-words.ts';
import type { NamedCredential } from '../../store/push-page.ts';
import { credentialAddress } from '../addresses.ts';
import { type ChainProps, Facts, findingsOf, LISTED, Link } from './link.tsx';

const ABOUT_PUSHER: readonly FindingCode[] = [
  'unexpected-pusher',
  'unexpected-token',
  'fresh-token-used',
  'dormant-token-used',
  'canary-used',
  'token-used-outside-ci',
];

export function Pusher({ page }: ChainProps): JSX.Element {
  const { push, credentials } = page;
  const shown = shownAttribution(push.attribution, push.actorId, push.origin);
  const named = shown.credentials.flatMap((id) => credentials.filter((each) => each.id === id));
  const more = shown.credentials.length - Math.min(named.length, LISTED);
  const account = push.pusher === null ? null : accountName(push.pusher);
  return (
    <Link
      question="Who pushed it, with what?"
      words={pusherWords(shown, push.pusher?.name ?? null, push.origin)}
      findings={findingsOf(page, ABOUT_PUSHER)}
    >
      <Facts
        facts={[
          ['How surely', STRENGTHS[shown.strength]],
          ['Account', account],
          ['Says the log', push.attribution?.account ?? null],
          [
            shown.strength === 'ambiguous' ? 'One of' : 'Credential',
            named.length === 0 ? null : (
              <ul>
                {named.slice(0, LISTED).map((each) => (
                  <li>
                    <Credential credential={each} />
                  </li>
                ))}
                {more > 0 ? <li>{`and ${more} more, in the JSON below`}</li> : null}
              </ul>
            ),
          ],
        ]}
      />
    </Link>
  );
}

const accountName = ({ name, id }: { readonly name: string; readonly id: string | null }): string =>
  id === null ? name : `${name} (id ${id})`;

function Credential({ credential }: { readonly credential: NamedCredential }): JSX.Element {
  const { id, name, account, mark } = credential;
  return (
    <>
      <a href={credentialAddress(id)}>{name}</a>
      {account === null ? '' : ` of ${account}`}
      {mark === 'none' ? '' : `, marked ${mark}`}
    </>
  );
}
