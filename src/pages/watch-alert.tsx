import type { JSX } from 'hono/jsx/jsx-runtime';
import type { WatchAlertFacts } from '../domain/alert.ts';
import { explainCredential, tokenInWords } from '../notify/credential-words.ts';
import { revokePage, watchActions, watchSubject } from '../notify/watch-words.ts';
import { findingTitle } from '../notify/words.ts';
import type { AlertRecord } from '../store/inbox.ts';
import { credentialAddress } from './addresses.ts';
import { AlertLog, type Message } from './parts/alert-log.tsx';
import { FindingBlock } from './parts/finding.tsx';
import { type Step, Steps } from './parts/steps.tsx';
import { When } from './parts/when.tsx';

export const WATCH_MEANING = {
  expected: 'This use or change was expected. The next one is told again.',
  incident: 'An incident: revoked, and written down.',
};

export interface WatchAlertProps {
  readonly alert: AlertRecord;
  readonly facts: WatchAlertFacts;
  readonly messages: readonly Message[];
  readonly now: number;
}

/** An alert about a credential or a setting: there is no digest, nothing to restore and nothing to expect. */
export function WatchAlert({ alert, facts, messages, now }: WatchAlertProps): JSX.Element {
  return (
    <>
      <div class="cols">
        <section aria-labelledby="h-do">
          <div class="head">
            <h2 id="h-do">What to do now</h2>
            <p>In this order</p>
          </div>
          <div class="panel pad">
            <Steps steps={stepsOf(facts)} />
          </div>
        </section>
        <section aria-labelledby="h-why">
          <div class="head">
            <h2 id="h-why">Why this alarms</h2>
            <p>{facts.findings.length === 1 ? '1 finding' : `${facts.findings.length} findings`}</p>
          </div>
          <div class="panel">
            {facts.findings.map((finding) => (
              <FindingBlock
                code={finding.code}
                words={{ title: findingTitle(finding.code), ...explainCredential(finding) }}
              />
            ))}
          </div>
        </section>
      </div>
      <div class="cols">
        <Facts facts={facts} now={now} />
        <AlertLog
          alert={alert}
          messages={messages}
          now={now}
          first={{ at: facts.at, text: facts.about === 'credential' ? 'It was used' : 'It was changed' }}
        />
      </div>
    </>
  );
}

function stepsOf(facts: WatchAlertFacts): Step[] {
  const { credential } = facts;
  const title = credential === null ? 'Find out who did it' : 'Close the leak';
  const advice = watchActions(facts).map((action) => ({ title, body: <p class="small">{action}</p> }));
  if (credential === null) return advice;
  const page = revokePage(facts);
  const where =
    page === null ? (
      'Where its registry keeps accounts and tokens.'
    ) : (
      <a href={page} rel="noreferrer">
        Tokens at Docker Hub
      </a>
    );
  return [
    { title: `Revoke ${tokenInWords(credential)}`, body: <p class="small">{where}</p> },
    {
      title: 'See what it could have pushed',
      body: (
        <p class="small">
          <a href={`${credentialAddress(credential.id)}/blast-radius`}>Its blast radius</a>: every repository in its
          reach, every push that is or may be its own, and what to go back to.{' '}
          <a href={credentialAddress(credential.id)}>Its uses</a> tell since when it may have been in other hands.
        </p>
      ),
    },
    ...advice,
  ];
}

function Facts({ facts, now }: { readonly facts: WatchAlertFacts; readonly now: number }): JSX.Element {
  const { about, credential, account, at } = facts;
  return (
    <section aria-labelledby="h-facts">
      <div class="head">
        <h2 id="h-facts">{about === 'credential' ? 'What was used' : 'What was changed'}</h2>
      </div>
      <dl class="panel pad facts">
        <dt>Name</dt>
        <dd>{watchSubject(facts)}</dd>
        {credential === null ? null : (
          <>
            <dt>Id</dt>
            <dd>
              <a href={credentialAddress(credential.id)}>{`C-${credential.id}`}</a>
            </dd>
            <dt>Account</dt>
            <dd>{account ?? 'not named'}</dd>
          </>
        )}
        <dt>{about === 'credential' ? 'Last used' : 'Changed'}</dt>
        <dd>
          <When at={at} now={now} form="full" />
        </dd>
      </dl>
    </section>
  );
}
