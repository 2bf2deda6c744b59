import type { JSX } from 'hono/jsx/jsx-runtime';
import { type AlertFacts, isWatchAlert } from '../../domain/alert.ts';
import { pushHeadline, pushMeaning } from '../../notify/push-words.ts';
import { restoreOf } from '../../notify/restore.ts';
import { pushInWords } from '../../notify/slack-alert-parts.ts';
import { findingWords } from '../../notify/words.ts';
import type { PushPage } from '../../store/push-page.ts';
import { credentialAddress } from '../addresses.ts';
import { Revoke } from '../alert.tsx';
import { AlertBanner, PushAnswers } from '../parts/alert-banner.tsx';
import { Banner, type BannerTone } from '../parts/banner.tsx';
import { FindingBlock } from '../parts/finding.tsx';
import { Command, type Step, Steps } from '../parts/steps.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { duration } from '../time.ts';

export interface TopProps {
  readonly page: PushPage;
  readonly now: number;
}

/** The verdict; of a rogue push the answers, what to do, and why. */
export function Top({ page, now }: TopProps): JSX.Element {
  const { alert, push } = page;
  if (push.verdict !== 'rogue' || alert === null || isWatchAlert(alert.facts)) return <Verdict page={page} now={now} />;
  const facts = factsOf(page, alert.facts);
  return (
    <>
      <AlertBanner
        alert={{ ...alert, facts }}
        now={now}
        csrf={null}
        isOwnPage={false}
        link="Take it, close it, expect the restore"
        more={<Since page={page} now={now} />}
      />
      <PushAnswers facts={facts} />
      <div class="cols">
        <section aria-labelledby="h-do">
          <div class="head">
            <h2 id="h-do">What to do now</h2>
            <p>In this order</p>
          </div>
          <div class="panel pad">
            <Steps steps={stepsOf(page, facts, alert.id)} />
          </div>
        </section>
        <Findings facts={facts} />
      </div>
    </>
  );
}

/** Whether people get it at this moment. */
function Since({ page: { push, tag }, now }: TopProps): JSX.Element {
  const isThere = tag !== null && tag.digest !== null && tag.digest === push.digest && tag.deletedAt === null;
  const name = push.tag === '' ? 'no tag' : push.tag;
  return (
    <p>
      {push.image} ·{' '}
      {isThere ? (
        <>
          {name} has pointed at this digest for <b>{duration(now - tag.changedAt)}</b>, since{' '}
          <When at={tag.changedAt} now={now} form="full" />.
        </>
      ) : push.tag === '' ? (
        'no tag that we know of points at it.'
      ) : (
        `when we last looked, ${name} did not point at this digest.`
      )}
    </p>
  );
}

/** An alert speaks of several pushes; this page of one, and of its own tag. */
function factsOf({ push, tag }: PushPage, alert: AlertFacts): AlertFacts {
  const isFirst = alert.tags[0] === push.tag;
  return {
    ...alert,
    tags: push.tag === '' ? [] : [push.tag],
    digest: push.digest,
    previous: push.previousDigest,
    safe: tag?.safe ?? (isFirst ? alert.safe : null),
    findings: push.findings,
    pusher: push.pusher,
    pushedAt: push.receivedAt,
    confirmedAt: push.confirmedAt,
    push: `${push.repository}-${push.seq}`,
  };
}

function Findings({ facts }: { readonly facts: AlertFacts }): JSX.Element {
  const words = pushInWords(facts);
  return (
    <section aria-labelledby="h-why">
      <div class="head">
        <h2 id="h-why">Why this is rogue</h2>
        <p>{facts.findings.length === 1 ? '1 finding' : `${facts.findings.length} findings`}</p>
      </div>
      <div class="panel">
        {facts.findings.map((finding) => (
          <FindingBlock code={finding.code} words={findingWords(finding, words)} />
        ))}
      </div>
    </section>
  );
}

/** The page that takes the alert is where something is done; here stands what. */
function stepsOf({ tag, credentials }: PushPage, facts: AlertFacts, alert: number): Step[] {
  const id = `A-${alert}`;
  const there = <a href={`/alerts/${id}`}>{id}</a>;
  const restore = restoreOf(facts, id, null);
  const isBack = tag !== null && tag.digest !== null && tag.digest !== facts.digest;
  const steps: Step[] = [{ title: 'Revoke what pushed', body: <Revoke image={facts.image} /> }];
  const reach = reachStep(credentials);
  if (restore === null || isBack) {
    const body = isBack ? 'The tag does not point at this image any more.' : 'There is no safe digest that we know of.';
    const rest = {
      title: 'Then restore',
      body: (
        <p class="small">
          {body} What else to do stands at {there}.
        </p>
      ),
    };
    return [...steps, rest, ...reach];
  }
  return [
    ...steps,
    {
      title: 'Say that you are about to restore, so that it raises no alarm',
      body: <p class="small">The button for that is at {there}.</p>,
    },
    {
      title: `Point ${restore.tag} back`,
      body: <Command text={restore.command} label={`Command that points ${restore.tag} back at the safe digest`} />,
    },
    ...reach,
    { title: 'Take or close the alert', body: <p class="small">At {there}, where your team sees who has it.</p> },
  ];
}

/** A stolen token seldom pushes once. */
function reachStep(credentials: PushPage['credentials']): Step[] {
  if (credentials.length === 0) return [];
  const body = (
    <p class="small">
      {credentials.slice(0, 3).map(({ id, name }, n) => (
        <>
          {n === 0 ? '' : ', '}
          <a href={credentialAddress(id)}>{name}</a>
        </>
      ))}
      {credentials.length > 3 ? ` and ${credentials.length - 3} more, listed below` : ''}
    </p>
  );
  return [{ title: 'See what else that credential could have pushed', body }];
}

const TONES: Readonly<Record<'trusted' | 'pending' | 'rogue' | 'undetermined', BannerTone>> = {
  trusted: 'calm',
  pending: 'wait',
  rogue: 'over',
  undetermined: 'blind',
};

/** Of a push that no alert is about. */
function Verdict({ page, now }: TopProps): JSX.Element {
  const { push } = page;
  const words = { ...push, wants: push.evidence?.wants ?? [] };
  const meaning = pushMeaning(words);
  return (
    <Banner tone={push.verdict === null ? 'plain' : TONES[push.verdict]}>
      <div class="line">
        {push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />}
        <span>
          <When at={push.receivedAt} now={now} />
          {push.nextCheckAt === null ? null : (
            <>
              {' '}
              · looked at again <When at={push.nextCheckAt} now={now} />
            </>
          )}
        </span>
      </div>
      <h1>{pushHeadline(words)}</h1>
      {meaning === '' ? null : <p>{meaning}</p>}
    </Banner>
  );
}
