import type { JSX } from 'hono/jsx/jsx-runtime';
import type { WatchAlertFacts } from '../domain/alert.ts';
import { isToken } from '../domain/credential.ts';
import { watchedName } from '../notify/alert-words.ts';
import { findingWords } from '../notify/words.ts';
import { Answers } from './parts/answers.tsx';
import { FindingBlock } from './parts/finding.tsx';
import { type Step, Steps } from './parts/steps.tsx';

/** None of these findings speaks of a push. */
const NO_PUSH = { tag: '', safe: null, pushedAt: 0, confirmed: false } as const;

/** A watched credential was used, or a protection was taken away: nothing to restore, and something to revoke. */
export function WatchAlert({ facts }: { readonly facts: WatchAlertFacts }): JSX.Element {
  return (
    <>
      <Answers answers={answersOf(facts)} />
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
            <h2 id="h-why">Why this is told</h2>
          </div>
          <div class="panel">
            {facts.findings.map((finding) => (
              <FindingBlock finding={finding} push={NO_PUSH} />
            ))}
          </div>
        </section>
      </div>
    </>
  );
}

const SAID = 'The registry says so itself: in its list of tokens, in its log, or with its signed webhook.';

function answersOf(facts: WatchAlertFacts) {
  const real = { question: 'Is it real?', answer: 'Yes', why: SAID };
  if (facts.credential === null) {
    return [
      real,
      {
        question: 'Which digest is safe?',
        answer: 'No tag was moved',
        why: 'Not by this. Look at what was pushed since.',
      },
      {
        question: 'What to revoke?',
        answer: 'Nothing yet',
        why: 'Find out who made the change. Nobody of yours? Then what they can do.',
      },
    ];
  }
  return [
    real,
    {
      question: 'Which digest is safe?',
      answer: 'No push goes with it',
      why: 'Ask what the credential could have pushed.',
    },
    { question: 'What to revoke?', answer: watchedName(facts), why: 'And what lay beside it.' },
  ];
}

function stepsOf({ findings, credential }: WatchAlertFacts): Step[] {
  const actions = [...new Set(findings.map((finding) => findingWords(finding, NO_PUSH).action))];
  const steps = actions.map((title) => ({ title, body: <></> }));
  if (credential === null || !isToken(credential.kind)) return steps;
  const report = `/api/v1/credentials/C-${credential.id}/blast-radius?format=markdown`;
  const body = (
    <p class="small">
      With an API key: <code>{report}</code>
    </p>
  );
  return [...steps, { title: 'See what it could have pushed', body }];
}
