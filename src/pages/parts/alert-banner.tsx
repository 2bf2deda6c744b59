import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { type AlertFacts, type AnyAlertFacts, isWatchAlert } from '../../domain/alert.ts';
import { isDigest } from '../../domain/digest.ts';
import {
  alertHeadline,
  isItReal,
  openAlertsHeadline,
  revokeAnswer,
  safeDigestWords,
} from '../../notify/alert-words.ts';
import { isWatchReal, watchedRisk, watchRevokeAnswer } from '../../notify/watch-words.ts';
import type { AlertRecord } from '../../store/inbox.ts';
import { Answers } from './answers.tsx';
import { Banner } from './banner.tsx';
import { Digest } from './digest.tsx';
import { PostForm } from './form.tsx';
import { Icon } from './icon.tsx';
import { PlainBadge, VerdictBadge } from './verdict-badge.tsx';
import { When } from './when.tsx';

interface Props {
  readonly alert: AlertRecord;
  readonly now: number;
  /** `null`: this visitor may not take it. */
  readonly csrf: string | null;
  /** On the alert's own page there is nothing to go to. */
  readonly isOwnPage: boolean;
  /** What is there to be done at the alert's page. */
  readonly link?: string;
  /** What else stands there. */
  readonly more?: Child;
}

/** What happened, and who has it. Once somebody does, it keeps its words and loses its fill. */
export function AlertBanner({
  alert,
  now,
  csrf,
  isOwnPage,
  link = 'See evidence and what to do',
  more = null,
}: Props): JSX.Element {
  const isOpen = alert.state === 'open';
  const tone = isOpen
    ? 'rogue'
    : alert.state === 'acknowledged'
      ? 'handled'
      : alert.resolution === 'incident'
        ? 'over'
        : 'calm';
  const id = `A-${alert.id}`;
  return (
    <Banner tone={tone}>
      <div class="line">
        {alert.state === 'closed' ? <PlainBadge word={closedWord(alert)} /> : <AlertBadge facts={alert.facts} />}
        <span>
          Opened <When at={alert.openedAt} now={now} /> · <AlertState alert={alert} now={now} />
          {isOpen && alert.remindAt !== null ? (
            <>
              {' '}
              · reminder <When at={alert.remindAt} now={now} />
            </>
          ) : null}{' '}
          · {alert.severity} · <code>{id}</code>
        </span>
      </div>
      <h1>{alertHeadline(alert.facts)}</h1>
      {more}
      {isOwnPage && (csrf === null || !isOpen) ? null : (
        <div class="btns">
          {isOwnPage ? null : (
            <a class="btn main" href={`/alerts/${id}`}>
              {link}
            </a>
          )}
          {csrf === null || !isOpen ? null : (
            <PostForm action={`/alerts/${id}/take`} csrf={csrf}>
              <button type="submit" class={isOwnPage ? 'btn main' : 'btn'}>
                <Icon name="hand" />
                I’m on it
              </button>
            </PostForm>
          )}
        </div>
      )}
    </Banner>
  );
}

/** `Rogue` is a verdict, and a credential or a setting has none. */
export const AlertBadge = ({ facts }: { readonly facts: AnyAlertFacts }): JSX.Element =>
  isWatchAlert(facts) ? <VerdictBadge verdict="rogue" word="Alert" /> : <VerdictBadge verdict="rogue" />;

/** Several open alerts are one banner, never a stack. */
export function OpenAlertsBanner({
  alerts,
  isMore,
}: {
  readonly alerts: readonly AlertRecord[];
  readonly isMore: boolean;
}): JSX.Element {
  return (
    <Banner tone="rogue">
      <div class="line">
        <VerdictBadge verdict="rogue" word={alerts.every(({ facts }) => !isWatchAlert(facts)) ? 'Rogue' : 'Alert'} />
        <span>Nobody has acknowledged them</span>
      </div>
      <h1>
        {openAlertsHeadline(
          alerts.map(({ facts }) => facts),
          isMore,
        )}
      </h1>
      <div class="btns">
        <a class="btn main" href="/alerts">
          See all of them
        </a>
      </div>
    </Banner>
  );
}

const RESOLUTIONS: Readonly<Record<string, string>> = {
  cleared: 'Cleared',
  expected: 'Marked as expected',
  incident: 'Closed as an incident',
};

export const closedWord = ({ resolution }: AlertRecord): string => RESOLUTIONS[resolution ?? ''] ?? 'Closed';

function AlertState({ alert, now }: { readonly alert: AlertRecord; readonly now: number }): JSX.Element {
  if (alert.state === 'open') return <>nobody has it</>;
  if (alert.state === 'acknowledged' && alert.acknowledgedAt !== null) {
    return (
      <>
        {alert.acknowledgedBy} has it since <When at={alert.acknowledgedAt} now={now} form="time" />
      </>
    );
  }
  return alert.closedAt === null ? (
    <>closed</>
  ) : (
    <>
      closed <When at={alert.closedAt} now={now} form="time" /> by {alert.closedBy ?? 'late evidence'}
    </>
  );
}

/** Is it real, what is safe or at risk, what to revoke: in this order. */
export function AlertAnswers({ facts }: { readonly facts: AnyAlertFacts }): JSX.Element {
  return isWatchAlert(facts) ? (
    <Answers
      answers={[
        { question: 'Is it real?', ...isWatchReal(facts) },
        { question: 'What is at risk?', ...watchedRisk(facts) },
        { question: 'What to revoke?', ...watchRevokeAnswer(facts) },
      ]}
    />
  ) : (
    <PushAnswers facts={facts} />
  );
}

/** Of a push. */
export function PushAnswers({ facts }: { readonly facts: AlertFacts }): JSX.Element {
  const real = isItReal(facts);
  const safe = safeDigestWords(facts);
  const revoke = revokeAnswer(facts);
  const tag = facts.tags[0];
  return (
    <Answers
      answers={[
        { question: 'Is it real?', ...real },
        {
          question: tag === undefined ? 'Which digest is safe?' : `Which digest is safe for ${tag}?`,
          answer: isDigest(safe.answer) ? (
            <Digest digest={safe.answer} prefix copy="Copy the safe digest" />
          ) : (
            safe.answer
          ),
          why: safe.why,
        },
        { question: 'What to revoke?', ...revoke },
      ]}
    />
  );
}
