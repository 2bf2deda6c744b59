import type { JSX } from 'hono/jsx/jsx-runtime';
import { type AlertFacts, isWatchAlert } from '../domain/alert.ts';
import { may } from '../domain/person.ts';
import { EXPECT_MINUTES, restoreOf } from '../notify/restore.ts';
import { revocationOf } from '../notify/revocation.ts';
import { isForgery, pushInWords } from '../notify/slack-alert-parts.ts';
import { findingWords } from '../notify/words.ts';
import type { AlertRecord } from '../store/inbox.ts';
import { pushAddress, repositoryAddress, tagAddress } from './addresses.ts';
import { alertIdOf } from './alert-forms.ts';
import { notHere, type PageInput } from './page.ts';
import { AlertAnswers, AlertBanner } from './parts/alert-banner.tsx';
import { AlertLog } from './parts/alert-log.tsx';
import { Notice } from './parts/banner.tsx';
import { BurstList } from './parts/burst-list.tsx';
import { CloseForm } from './parts/close-form.tsx';
import { Digest } from './parts/digest.tsx';
import { FindingBlock } from './parts/finding.tsx';
import { PostForm } from './parts/form.tsx';
import { SnoozeForm } from './parts/snooze-form.tsx';
import { Command, type Step, Steps } from './parts/steps.tsx';
import { When } from './parts/when.tsx';
import { show } from './show.tsx';
import { shownTime } from './time.ts';
import { WATCH_MEANING, WatchAlert, type WatchAlertProps } from './watch-alert.tsx';

const TAGS_SHOWN = 200;
/** Names may be long, and each link has its own twice. */
const TAGS_LINKED = 40;
const BURST_SHOWN = 50;

/** The address in Slack. Verdict, what to do, why, evidence: in this order. */
export async function alertPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const { teamId, role } = visit.session;
  const alert = await services.inbox.alert(teamId, alertIdOf(input));
  if (alert === null) throw notHere();
  const { facts } = alert;
  const after = /^[1-9]\d{0,14}$/.exec(c.req.query('after') ?? '')?.[0];
  const { messages, burst } = await services.inbox.around(teamId, alert, Number(after ?? 0), BURST_SHOWN + 1);
  const mayHandle = may(role, 'handle-alerts') ? visit.csrf : null;
  const csrf = alert.state === 'closed' ? null : mayHandle;
  const done = doneWords(c.req.query('done'), alert, visit.session.name, now);
  const main = (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/alerts">Alerts</a>
          </li>
          <li>{`A-${alert.id}`}</li>
        </ol>
      </nav>
      {done === null ? null : <Notice text={done} isProblem={false} />}
      <div class="gap">
        <AlertBanner alert={alert} now={now} csrf={csrf} isOwnPage />
      </div>
      <AlertAnswers facts={facts} />
      {isWatchAlert(facts) ? (
        <WatchAlert alert={alert} facts={facts} messages={messages} now={now} />
      ) : (
        <PushAlert alert={alert} facts={facts} messages={messages} now={now} csrf={mayHandle} />
      )}
      {alert.burst === null ? null : (
        <BurstList
          id={alert.id}
          burst={alert.burst}
          alerts={burst.slice(0, BURST_SHOWN)}
          isMore={burst.length > BURST_SHOWN}
          now={now}
        />
      )}
      {csrf === null || alert.state !== 'open' ? null : (
        <SnoozeForm id={alert.id} csrf={csrf} remindAt={alert.remindAt} now={now} />
      )}
      {isWatchAlert(facts) || isForgery(facts) || !may(role, 'watch-images') ? null : <RuleLink id={alert.id} />}
      {csrf === null ? null : (
        <CloseForm id={alert.id} csrf={csrf} meaning={isWatchAlert(facts) ? WATCH_MEANING : PUSH_MEANING} />
      )}
    </>
  );
  return show(c, { title: `A-${alert.id}`, at: '/alerts', main });
}

/** Closing says what this one push was; a rule says what the next one is. */
function RuleLink({ id }: { readonly id: number }): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-rule">
      <div class="head">
        <h2 id="h-rule">Make this a rule</h2>
        <p>The next one is then expected</p>
      </div>
      <div class="panel pad stack">
        <p>
          It was you, and it will be again? See what the policy would have to say, and what else that would let through.
        </p>
        <p>
          <a class="btn" href={`/alerts/A-${id}/rule`}>
            See the rules that fit
          </a>
        </p>
      </div>
    </section>
  );
}

/** What a form comes back with, if it is so: whoever made the address up, or came second, is told no untruth. */
function doneWords(word: string | undefined, alert: AlertRecord, visitor: string, now: number): string | null {
  switch (word) {
    case 'taken':
      if (alert.state !== 'acknowledged') return null;
      return alert.acknowledgedBy === visitor
        ? 'You have it. Your team sees that in Slack; worsening still speaks.'
        : `${alert.acknowledgedBy} was faster, and has it.`;
    case 'closed':
      return alert.state === 'closed' && alert.closedBy === visitor ? 'Closed, with your name and the reason.' : null;
    case 'snoozed':
      return alert.remindAt === null
        ? null
        : `Put off until ${shownTime(alert.remindAt, now)}. Worsening speaks at once.`;
    case 'rule':
      return 'The policy is changed, with your name and the reason. What is open is being judged again.';
    case 'expected':
      return `The tag is expected at the safe digest for ${EXPECT_MINUTES} minutes: move it back now, and nothing alarms.`;
    default:
      return null;
  }
}

const PUSH_MEANING = {
  expected: 'This one push was expected. The policy does not change.',
  incident: 'An incident: revoked, restored, and written down.',
};

interface PushAlertProps extends Omit<WatchAlertProps, 'facts'> {
  readonly facts: AlertFacts;
  readonly csrf: string | null;
}

function PushAlert({ alert, facts, messages, now, csrf }: PushAlertProps): JSX.Element {
  const push = pushInWords(facts);
  return (
    <>
      <div class="cols">
        <section aria-labelledby="h-do">
          <div class="head">
            <h2 id="h-do">What to do now</h2>
            <p>In this order</p>
          </div>
          <div class="panel pad">
            <Steps steps={stepsOf(alert.id, facts, csrf)} />
          </div>
        </section>
        <section aria-labelledby="h-why">
          <div class="head">
            <h2 id="h-why">Why this is rogue</h2>
            <p>
              {facts.findings.length === 1 ? '1 finding' : `${facts.findings.length} findings`}
              {facts.nextDecisionAt === null || alert.state === 'closed'
                ? ''
                : `; more is decided at ${shownTime(facts.nextDecisionAt, now)}`}
            </p>
          </div>
          <div class="panel">
            {facts.findings.map((finding) => (
              <FindingBlock code={finding.code} words={findingWords(finding, push)} />
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
          first={{ at: facts.pushedAt, text: 'We learnt of the push' }}
        />
      </div>
    </>
  );
}

/** Revoke first: whoever holds the token can move a restored tag again. The expectation goes before the restore. */
function stepsOf(alert: number, facts: AlertFacts, csrf: string | null): Step[] {
  if (isForgery(facts)) {
    return [
      {
        title: 'Change the webhook address',
        body: (
          <p class="small">
            Rotate the secret of this repository, and put the new address in at the registry. While both work, no
            delivery is lost.
          </p>
        ),
      },
    ];
  }
  const restore = restoreOf(facts, `A-${alert}`, null);
  const revoke = { title: 'Revoke what pushed', body: <Revoke image={facts.image} /> };
  if (restore === null) {
    const why =
      facts.tags.length === 0
        ? 'No tag points at it that we know of. Delete the digest if nobody made it.'
        : 'Look up the right digest, expect the tag there (or the restore itself alarms), then point the tag back.';
    return [revoke, { title: 'Then restore', body: <p class="small">{why}</p> }];
  }
  const expect =
    csrf === null ? (
      <p class="small">A maintainer of your team can do that here.</p>
    ) : (
      <PostForm action={`/alerts/A-${alert}/expect`} csrf={csrf}>
        <button type="submit" class="btn">
          Expect {restore.tag} at the safe digest for {EXPECT_MINUTES} min
        </button>
      </PostForm>
    );
  return [
    revoke,
    { title: 'Say that you are about to restore, so that it raises no alarm', body: expect },
    {
      title: `Point ${restore.tag} back`,
      body: <Command text={restore.command} label={`Command that points ${restore.tag} back at the safe digest`} />,
    },
    {
      title: 'Warn users',
      body:
        facts.digest === null ? (
          <p class="small">Whoever pulled the tag since then may run another image.</p>
        ) : (
          <p class="small">
            Whoever pulled {restore.tag} by tag since then may run <Digest digest={facts.digest} prefix />.
          </p>
        ),
    },
  ];
}

/** Where credentials of an image's registry are revoked, and why before anything else. */
export function Revoke({ image }: { readonly image: string }): JSX.Element {
  const { registry, pages } = revocationOf(image);
  return (
    <p class="small">
      {pages.length === 0 ? `Where ${registry} keeps its accounts and tokens. ` : `At ${registry}: `}
      {pages.map(({ label, url }, n) => (
        <>
          {n === 0 ? '' : ', '}
          <a href={url} rel="noreferrer">
            {label}
          </a>
        </>
      ))}
      {pages.length === 0 ? '' : '. '}
      If you restore the tag first, whoever holds the token can move it again.
    </p>
  );
}

function pushKeyOf({ push }: AlertFacts): { readonly repository: number; readonly seq: number } {
  const [repository = 0, seq = 0] = push.split('-').map(Number);
  return { repository, seq };
}

function Facts({ facts, now }: { readonly facts: AlertFacts; readonly now: number }): JSX.Element {
  const more = facts.tags.length - TAGS_SHOWN;
  return (
    <section aria-labelledby="h-facts">
      <div class="head">
        <h2 id="h-facts">What was pushed</h2>
      </div>
      <dl class="panel pad facts">
        <dt>Image</dt>
        <dd>
          <a href={repositoryAddress(facts.image)}>{facts.image}</a>
        </dd>
        <dt>Tags</dt>
        <dd>
          {facts.tags.length === 0 ? 'none' : <Tags image={facts.image} tags={facts.tags.slice(0, TAGS_SHOWN)} />}
          {more > 0 ? ` and ${more} more` : ''}
        </dd>
        <dt>Now</dt>
        <dd>
          {facts.digest === null ? (
            'not told by the registry yet'
          ) : (
            <Digest digest={facts.digest} prefix copy="Copy the rogue digest" />
          )}
        </dd>
        <dt>Before</dt>
        <dd>{facts.previous === null ? 'no digest that we know of' : <Digest digest={facts.previous} prefix />}</dd>
        <dt>Account</dt>
        <dd>{facts.pusher === null ? 'not named' : facts.pusher.name}</dd>
        <dt>Pushed</dt>
        <dd>
          <When at={facts.pushedAt} now={now} form="full" />
        </dd>
        <dt>Confirmed</dt>
        <dd>
          {facts.confirmedAt === null ? 'not by the registry' : <When at={facts.confirmedAt} now={now} form="full" />}
        </dd>
        <dt>Push</dt>
        <dd>
          <code>{facts.push}</code> <a href={pushAddress(pushKeyOf(facts))}>See the whole evidence</a>
        </dd>
      </dl>
    </section>
  );
}

function Tags({ image, tags }: { readonly image: string; readonly tags: readonly string[] }): JSX.Element {
  return (
    <>
      {tags.map((tag, n) => (
        <>
          {n === 0 ? '' : ', '}
          {n < TAGS_LINKED ? <a href={tagAddress(image, tag)}>{tag}</a> : tag}
        </>
      ))}
    </>
  );
}
