import type { JSX } from 'hono/jsx/jsx-runtime';
import { isWatchAlert } from '../domain/alert.ts';
import { may } from '../domain/person.ts';
import { EXPECT_MINUTES, restoreOf } from '../notify/restore.ts';
import { revocationOf } from '../notify/revocation.ts';
import { isForgery, pushInWords } from '../notify/slack-alert-parts.ts';
import type { AlertRecord } from '../store/inbox.ts';
import { alertIdOf } from './alert-forms.ts';
import { notHere, type PageInput } from './page.ts';
import { AlertAnswers, AlertBanner } from './parts/alert-banner.tsx';
import { Notice } from './parts/banner.tsx';
import { Digest } from './parts/digest.tsx';
import { FindingBlock } from './parts/finding.tsx';
import { Field, PostForm } from './parts/form.tsx';
import { Command, type Step, Steps } from './parts/steps.tsx';
import { When } from './parts/when.tsx';
import { isPushAlert, type PushAlertRecord } from './push-alert.ts';
import { show } from './show.tsx';
import { shownTime } from './time.ts';
import { WatchAlert } from './watch-alert.tsx';

const DONE: Readonly<Record<string, string>> = {
  taken: 'You have it. Your team sees that in Slack; worsening still speaks.',
  closed: 'Closed, with your name and the reason.',
  expected: `The tag is expected at the safe digest for ${EXPECT_MINUTES} minutes: move it back now, and nothing alarms.`,
};
const TAGS_SHOWN = 200;

interface Message {
  readonly event: string;
  readonly createdAt: number;
  readonly sentAt: number | null;
  readonly failed: string | null;
}

/** The address in Slack. Verdict, what to do, why, evidence: in this order. */
export async function alertPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const { teamId, role } = visit.session;
  const alert = await services.inbox.alert(teamId, alertIdOf(input));
  if (alert === null) throw notHere();
  const messages = await services.inbox.messages(alert.id);
  const mayHandle = may(role, 'handle-alerts') ? visit.csrf : null;
  const csrf = alert.state === 'closed' ? null : mayHandle;
  const done = DONE[c.req.query('done') ?? ''];
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
      {done === undefined ? null : <Notice text={done} isProblem={false} />}
      <div class="gap">
        <AlertBanner alert={alert} now={now} csrf={csrf} isOwnPage />
      </div>
      {isPushAlert(alert) ? (
        <PushAlert alert={alert} now={now} mayHandle={mayHandle} />
      ) : isWatchAlert(alert.facts) ? (
        <WatchAlert facts={alert.facts} />
      ) : null}
      <div class="cols">
        {isPushAlert(alert) ? <Facts alert={alert} now={now} /> : null}
        <Log alert={alert} messages={messages} now={now} />
      </div>
      {csrf === null ? null : <CloseForm id={alert.id} csrf={csrf} />}
    </>
  );
  return show(c, { title: `A-${alert.id}`, at: '/alerts', main });
}

interface PushAlertProps {
  readonly alert: PushAlertRecord;
  readonly now: number;
  /** `null`: this visitor may do nothing about alerts. */
  readonly mayHandle: string | null;
}

/** What to do and why. */
function PushAlert({ alert, now, mayHandle }: PushAlertProps): JSX.Element {
  return (
    <>
      <AlertAnswers alert={alert} />
      <div class="cols">
        <section aria-labelledby="h-do">
          <div class="head">
            <h2 id="h-do">What to do now</h2>
            <p>In this order</p>
          </div>
          <div class="panel pad">
            <Steps steps={stepsOf(alert, mayHandle)} />
          </div>
        </section>
        <section aria-labelledby="h-why">
          <div class="head">
            <h2 id="h-why">Why this is rogue</h2>
            <p>
              {alert.facts.findings.length === 1 ? '1 finding' : `${alert.facts.findings.length} findings`}
              {alert.facts.nextDecisionAt === null || alert.state === 'closed'
                ? ''
                : `; more is decided at ${shownTime(alert.facts.nextDecisionAt, now)}`}
            </p>
          </div>
          <div class="panel">
            {alert.facts.findings.map((finding) => (
              <FindingBlock finding={finding} push={pushInWords(alert.facts)} />
            ))}
          </div>
        </section>
      </div>
    </>
  );
}

/** Revoke first: whoever holds the token can move a restored tag again. The expectation goes before the restore. */
function stepsOf(alert: PushAlertRecord, csrf: string | null): Step[] {
  const { facts } = alert;
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
  const restore = restoreOf(facts, `A-${alert.id}`, null);
  const revoke = { title: 'Revoke what pushed', body: <Revoke alert={alert} /> };
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
      <PostForm action={`/alerts/A-${alert.id}/expect`} csrf={csrf}>
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

function Revoke({ alert }: { readonly alert: PushAlertRecord }): JSX.Element {
  const { registry, pages } = revocationOf(alert.facts.image);
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

function Facts({ alert, now }: { readonly alert: PushAlertRecord; readonly now: number }): JSX.Element {
  const { facts } = alert;
  const more = facts.tags.length - TAGS_SHOWN;
  return (
    <section aria-labelledby="h-facts">
      <div class="head">
        <h2 id="h-facts">What was pushed</h2>
      </div>
      <dl class="panel pad facts">
        <dt>Image</dt>
        <dd>{facts.image}</dd>
        <dt>Tags</dt>
        <dd>
          {facts.tags.length === 0 ? 'none' : facts.tags.slice(0, TAGS_SHOWN).join(', ')}
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
          <code>{facts.push}</code>
        </dd>
      </dl>
    </section>
  );
}

interface Entry {
  readonly at: number;
  readonly text: string;
}

function Log({
  alert,
  messages,
  now,
}: {
  readonly alert: AlertRecord;
  readonly messages: readonly Message[];
  readonly now: number;
}): JSX.Element {
  const told = messages.map(({ event, createdAt, sentAt, failed }): Entry => {
    const what = event.replace(/^alert-\d+-/, '').replaceAll('-', ' ');
    return sentAt === null
      ? {
          at: createdAt,
          text:
            failed === null ? `Message (${what}) waits to be sent` : `Message (${what}) could not be sent: ${failed}`,
        }
      : { at: sentAt, text: `Message sent (${what})` };
  });
  const entries: Entry[] = [
    ...(isPushAlert(alert) ? [{ at: alert.facts.pushedAt, text: 'We learnt of the push' }] : []),
    { at: alert.openedAt, text: isPushAlert(alert) ? 'Verdict rogue, alert opened' : 'Alert opened' },
    ...(alert.acknowledgedAt === null ? [] : [{ at: alert.acknowledgedAt, text: `${alert.acknowledgedBy} has it` }]),
    ...(alert.closedAt === null
      ? []
      : [
          {
            at: alert.closedAt,
            text: `Closed by ${alert.closedBy ?? 'late evidence'}${alert.reason === null ? '' : `: ${alert.reason}`}`,
          },
        ]),
    ...told,
  ];
  return (
    <section aria-labelledby="h-log">
      <div class="head">
        <h2 id="h-log">What happened, in order</h2>
      </div>
      <ol class="log">
        {entries
          .toSorted((a, b) => a.at - b.at)
          .map(({ at, text }) => (
            <li>
              <When at={at} now={now} form="time" />
              <span>{text}</span>
            </li>
          ))}
      </ol>
    </section>
  );
}

function CloseForm({ id, csrf }: { readonly id: number; readonly csrf: string }): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-close">
      <div class="head">
        <h2 id="h-close">Close this alert</h2>
        <p>Your name, the time and the reason are kept</p>
      </div>
      <PostForm action={`/alerts/A-${id}/close`} csrf={csrf} class="panel pad stack">
        <fieldset>
          <legend>What was it?</legend>
          <label class="check">
            <input type="radio" name="resolution" value="expected" required />
            <span>
              It was us
              <small>This one push was expected. The policy does not change.</small>
            </span>
          </label>
          <label class="check">
            <input type="radio" name="resolution" value="incident" required />
            <span>
              It was not us
              <small>An incident: revoked, restored, and written down.</small>
            </span>
          </label>
        </fieldset>
        <Field id="reason" label="What happened">
          <textarea id="reason" name="reason" rows={3} maxlength={1000} required />
        </Field>
        <button type="submit" class="btn">
          Close it
        </button>
      </PostForm>
    </section>
  );
}
