import type { JSX } from 'hono/jsx/jsx-runtime';
import { type AlertFacts, isWatchAlert } from '../domain/alert.ts';
import { type HealthFact, isBlinding } from '../domain/health.ts';
import { alertHeadline } from '../notify/alert-words.ts';
import { healthWords } from '../notify/health-words.ts';
import { findingTitle } from '../notify/words.ts';
import type { AlertRecord } from '../store/inbox.ts';
import { alertPage } from './alert.tsx';
import { closeAlertForm, expectForm, snoozeForm, takeAlertForm } from './alert-forms.ts';
import { notHere, type PageInput, type PageRoute } from './page.ts';
import { AlertBadge, closedWord } from './parts/alert-banner.tsx';
import { Digest } from './parts/digest.tsx';
import { Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { ruleForm, rulePage } from './rule.tsx';
import { show } from './show.tsx';
import { duration } from './time.ts';

const PAGE_SIZE = 50;

const STATES = {
  open: ['open', 'Open', 'Nobody has these'],
  handled: ['acknowledged', 'Being handled', 'Somebody has these; worsening still speaks'],
  closed: ['closed', 'Closed', 'How each ended, newest first'],
} as const;

type State = keyof typeof STATES;
const isState = (text: string): text is State => Object.hasOwn(STATES, text);

async function alertsPage(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const state = c.req.query('state') ?? 'open';
  if (state === 'health') return healthPage(input);
  const before = c.req.query('before');
  if (!isState(state) || (before !== undefined && !/^[1-9]\d{0,14}$/.test(before))) throw notHere();
  const [stored, title, explanation] = STATES[state];
  const from = before === undefined ? Number.MAX_SAFE_INTEGER : Number(before);
  const alerts = await services.inbox.alerts(visit.session.teamId, stored, from, PAGE_SIZE);
  const last = alerts.length === PAGE_SIZE ? alerts.at(-1) : undefined;
  const main = (
    <>
      <Filter at={state} open={visit.session.frame.openAlerts} troubles={visit.session.frame.troubles.length} />
      <section aria-labelledby="h-alerts">
        <div class="head">
          <h2 id="h-alerts">{title}</h2>
          <p>{explanation}</p>
        </div>
        {state === 'closed' ? (
          <Closed alerts={alerts} now={input.now} />
        ) : (
          <Live alerts={alerts} now={input.now} state={state} />
        )}
        {last === undefined ? null : (
          <p class="pager">
            <a href={`/alerts?state=${state}&before=${last.id}`}>Older</a>
          </p>
        )}
      </section>
    </>
  );
  return show(c, { title: 'Alerts', at: '/alerts', main });
}

interface FilterProps {
  readonly at: State | 'health';
  readonly open: number;
  readonly troubles: number;
}

function Filter({ at, open, troubles }: FilterProps): JSX.Element {
  const chips = [
    ['open', `Open ${open}`],
    ['handled', 'Being handled'],
    ['closed', 'Closed'],
    ['health', `About Pushwarden ${troubles}`],
  ] as const;
  return (
    <div class="top">
      <h1>Alerts</h1>
      <nav class="chips" aria-label="Filter">
        {chips.map(([state, label]) => (
          <a href={`/alerts?state=${state}`} {...(state === at ? { 'aria-current': 'true' } : {})}>
            {label}
          </a>
        ))}
      </nav>
    </div>
  );
}

/** The row's name: what happened, and what it is about. */
const What = ({ alert: { id, facts }, now }: { readonly alert: AlertRecord; readonly now: number }): JSX.Element => (
  <>
    <a href={`/alerts/A-${id}`}>{alertHeadline(facts)}</a>
    {isWatchAlert(facts) ? (
      <small>
        {facts.about === 'credential' ? 'last used' : 'changed'} <When at={facts.at} now={now} form="age" />
      </small>
    ) : (
      <Digests facts={facts} />
    )}
  </>
);

function Digests({ facts: { digest, safe } }: { readonly facts: AlertFacts }): JSX.Element {
  return (
    <small>
      {digest === null ? (
        'digest not known'
      ) : (
        <>
          now <Digest digest={digest} />
        </>
      )}
      {safe === null ? (
        ', no safe digest known'
      ) : (
        <>
          , safe <Digest digest={safe.digest} />
        </>
      )}
    </small>
  );
}

const findingsOf = ({ facts }: AlertRecord): string =>
  `${facts.findings.length}: ${facts.findings.map(({ code }) => findingTitle(code)).join(' · ')}`;

interface LiveProps {
  readonly alerts: readonly AlertRecord[];
  readonly now: number;
  readonly state: 'open' | 'handled';
}

function Live({ alerts, now, state }: LiveProps): JSX.Element {
  const rows = alerts.map((alert) => ({
    isRogue: state === 'open',
    cells: [
      <What alert={alert} now={now} />,
      <AlertBadge facts={alert.facts} />,
      <When at={alert.openedAt} now={now} form="below" />,
      findingsOf(alert),
      alert.acknowledgedBy ?? 'Nobody',
    ],
  }));
  return (
    <Rows
      caption={STATES[state][1]}
      columns={[
        { label: 'What happened' },
        { label: 'State', kind: 'verdict' },
        { label: 'Since' },
        { label: 'Findings' },
        { label: 'Who has it' },
      ]}
      rows={rows}
      none={
        state === 'open'
          ? 'No open alert. What we could not see is not here: look at “About Pushwarden”.'
          : 'Nobody is handling an alert.'
      }
    />
  );
}

function Closed({ alerts, now }: { readonly alerts: readonly AlertRecord[]; readonly now: number }): JSX.Element {
  const rows = alerts.map((alert) => ({
    cells: [
      <What alert={alert} now={now} />,
      alert.resolution === 'cleared' ? (
        <VerdictBadge verdict="trusted" word="Cleared" />
      ) : (
        <PlainBadge word={closedWord(alert)} />
      ),
      <When at={alert.openedAt} now={now} form="time" />,
      alert.closedAt === null ? '' : duration(alert.closedAt - alert.openedAt),
      <>
        {alert.closedBy ?? 'late evidence'}
        {alert.reason === null ? null : <small>{alert.reason}</small>}
      </>,
    ],
  }));
  return (
    <Rows
      caption="Closed alerts"
      columns={[
        { label: 'What happened' },
        { label: 'How it ended', kind: 'verdict' },
        { label: 'Opened' },
        { label: 'Lasted' },
        { label: 'Closed by' },
      ]}
      rows={rows}
      none="No alert was closed yet."
    />
  );
}

/** Our own troubles. Never red, and never among the attacks. */
async function healthPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const alerts = await services.inbox.health(visit.session.teamId, 50);
  const rows = alerts.map(({ fact, openedAt, closedAt, kind }) => {
    const words = healthWords(fact as HealthFact); // as `raise` wrote it
    return {
      cells: [
        <>
          {words.title}
          <small>{words.what}</small>
        </>,
        closedAt !== null ? (
          <PlainBadge word="Over" />
        ) : (
          <VerdictBadge verdict="undetermined" word={isBlinding(kind) ? 'We are blind' : 'To look at'} />
        ),
        closedAt === null ? (
          <When at={openedAt} now={now} form="below" />
        ) : (
          <>
            <When at={openedAt} now={now} form="time" />
            <small>lasted {duration(closedAt - openedAt)}</small>
          </>
        ),
        words.consequence,
        words.action,
      ],
    };
  });
  const main = (
    <>
      <Filter at="health" open={visit.session.frame.openAlerts} troubles={visit.session.frame.troubles.length} />
      <section aria-labelledby="h-health">
        <div class="head">
          <h2 id="h-health">About Pushwarden itself</h2>
          <p>Not an attack: something that we could not see, or could not say</p>
        </div>
        <Rows
          caption="Troubles of our own"
          columns={[
            { label: 'What is the matter' },
            { label: 'State', kind: 'verdict' },
            { label: 'Since' },
            { label: 'What may go unnoticed' },
            { label: 'What you can do' },
          ]}
          rows={rows}
          none="Every source answers, and every message was taken, since this team is here."
        />
      </section>
    </>
  );
  return show(c, { title: 'About Pushwarden', at: '/alerts', main });
}

export const alertPages: readonly PageRoute[] = [
  { method: 'get', path: '/alerts', right: 'see', run: alertsPage },
  { method: 'get', path: '/alerts/:id', right: 'see', run: alertPage },
  { method: 'post', path: '/alerts/:id/snooze', right: 'handle-alerts', run: snoozeForm },
  { method: 'post', path: '/alerts/:id/take', right: 'handle-alerts', run: takeAlertForm },
  { method: 'post', path: '/alerts/:id/expect', right: 'handle-alerts', run: expectForm },
  { method: 'post', path: '/alerts/:id/close', right: 'handle-alerts', run: closeAlertForm },
  { method: 'get', path: '/alerts/:id/rule', right: 'watch-images', run: rulePage },
  { method: 'post', path: '/alerts/:id/rule', right: 'watch-images', run: ruleForm },
];
