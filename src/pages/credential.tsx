import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../domain/person.ts';
import { calendarOf, leakWindow, type UseHistory } from '../domain/use-calendar.ts';
import {
  calendarNote,
  LONG_KIND,
  MARK_NAMES,
  markAnswer,
  nameOrNone,
  sightAnswer,
} from '../notify/credential-page-words.ts';
import { shortName } from '../notify/slack-text.ts';
import { leakWindowWords } from '../notify/use-words.ts';
import { findingTitle } from '../notify/words.ts';
import type { CredentialPage } from '../store/credential-page.ts';
import { blindTimes } from '../usecases/blind-times.ts';
import { credentialAddress } from './addresses.ts';
import { CredentialFacts } from './credential-facts.tsx';
import { credentialIdOf, markForm } from './credential-forms.ts';
import { MarkForm } from './credential-mark.tsx';
import { Uses } from './credential-uses.tsx';
import { lastUse } from './credentials.tsx';
import { notHere, type PageInput, PageProblem, type PageRoute } from './page.ts';
import { Answers } from './parts/answers.tsx';
import { Banner, Notice } from './parts/banner.tsx';
import { MinuteField } from './parts/minute-field.tsx';
import { UseCalendar } from './parts/use-calendar.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { show } from './show.tsx';
import { cursorOf, momentOf } from './span.ts';

/** Half of what a list shows: a calendar and a form stand on the same page. */
const USES_SHOWN = 25;
const YEAR_MS = 366 * 86_400_000;
const DAY_MS = 86_400_000;

/** Used how and since when, what is known of it, its uses, what is said of it: in this order. */
async function credentialPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const id = credentialIdOf(input);
  const given = { from: momentOf(c.req.query('from'), false), to: momentOf(c.req.query('to'), true) };
  const to = given.to ?? now;
  const span = { from: given.from ?? to - YEAR_MS, to };
  if (span.from > span.to) throw new PageProblem(400, 'The time begins after its end. Give an earlier beginning.');
  const before = cursorOf(c.req.query('before'));
  const page = await services.credentialPage.read(visit.session.teamId, id, span, before, USES_SHOWN, now);
  if (page === null) throw notHere();
  const { credential } = page;
  const title = `${shortName(nameOrNone(credential.name))} (C-${id})`;
  const main = (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/credentials">Credentials</a>
          </li>
          {credential.account === null ? null : <li>{credential.account}</li>}
          <li>{`C-${id}`}</li>
        </ol>
      </nav>
      {c.req.query('done') === 'marked' && credential.markedBy === visit.session.name ? (
        <Notice
          text="Kept, with your name and the reason. Pushes that it concerns are judged again."
          isProblem={false}
        />
      ) : null}
      <Top page={page} now={now} />
      <History page={page} now={now} />
      <Uses page={page} now={now} span={given} shown={USES_SHOWN} />
      {may(visit.session.role, 'handle-alerts') ? <MarkForm page={page} csrf={visit.csrf} /> : null}
    </>
  );
  return show(c, { title, at: '/credentials', main });
}

interface PartProps {
  readonly page: CredentialPage;
  readonly now: number;
}

function Top({ page, now }: PartProps): JSX.Element {
  const { credential, source, alarms } = page;
  const { id, kind, name, mark, expectedOn } = credential;
  const used = lastUse(credential);
  const open = alarms.find(({ isOpen }) => isOpen);
  const heading = <h1>{`${LONG_KIND[kind]} ${shortName(nameOrNone(name))}`}</h1>;
  const images = expectedOn === null ? null : expectedOn.length;
  return (
    <>
      {open === undefined ? (
        <div class="top gap">
          {heading}
          <PlainBadge word={MARK_NAMES[mark]} />
        </div>
      ) : (
        <Banner tone="rogue">
          <div class="line">
            <VerdictBadge verdict="rogue" word="Alert" />
            <span>
              Used <When at={open.at} now={now} /> · <a href={`/alerts/A-${open.alert}`}>{`A-${open.alert}`}</a>
              {open.code === null ? '' : ` · ${findingTitle(open.code)}`}
            </span>
          </div>
          {heading}
          <p>Revoke it first. Then go through what it could have pushed.</p>
          <div class="btns">
            <a class="btn main" href={`/alerts/A-${open.alert}`}>
              See the alert and what to do
            </a>
            <a class="btn" href={`${credentialAddress(id)}/blast-radius`}>
              What it could have pushed
            </a>
          </div>
        </Banner>
      )}
      <Answers
        answers={[
          {
            question: 'When was it used last?',
            answer: used === null ? 'Never, that we know of' : <When at={used} now={now} form="age" />,
            why: used === null ? 'No use was told or seen.' : <When at={used} now={now} form="full" />,
          },
          { question: 'Is it expected to push?', ...markAnswer(mark, images) },
          { question: 'Would we see it used?', ...sightAnswer(kind, source?.status ?? null, now) },
        ]}
      />
    </>
  );
}

const historyOf = ({ credential, days, alarms, countedSince, source, troubles }: CredentialPage): UseHistory => ({
  days,
  alarms: alarms.map(({ at }) => at),
  blind: blindTimes(credential.kind, source, troubles),
  knownSince: Math.max(
    Math.min(credential.firstSeenAt, (days[0]?.day ?? Number.MAX_SAFE_INTEGER) * DAY_MS),
    (countedSince ?? 0) * DAY_MS,
  ),
});

function History({ page, now }: PartProps): JSX.Element {
  const { credential, source } = page;
  const history = historyOf(page);
  const address = credentialAddress(credential.id);
  return (
    <>
      <section aria-labelledby="h-calendar">
        <div class="head">
          <h2 id="h-calendar">When it was used</h2>
          <p>A square a day, Monday on top; 12 months, in UTC</p>
        </div>
        <UseCalendar
          name={nameOrNone(credential.name)}
          days={calendarOf(history, now)}
          href={(first, last) => `${address}?from=${first}&to=${last}#uses`}
          note={calendarNote(credential.kind, source?.status ?? null, page.alarmsSince)}
        />
      </section>
      <div class="cols">
        <CredentialFacts page={page} now={now} />
        <LeakForm id={credential.id} history={history} now={now} />
      </div>
    </>
  );
}

interface LeakProps {
  readonly id: number;
  readonly history: UseHistory;
  readonly now: number;
}

function LeakForm({ id, history, now }: LeakProps): JSX.Element {
  const window = leakWindow(history, now);
  return (
    <section aria-labelledby="h-leak">
      <div class="head">
        <h2 id="h-leak">Since when might it have leaked?</h2>
      </div>
      <form class="panel pad stack" action={`${credentialAddress(id)}/blast-radius`}>
        <div class="row">
          <MinuteField id="leak-from" name="from" label="From (UTC)" at={window.from} required />
          <MinuteField id="leak-to" name="to" label="To (UTC)" at={window.to} required />
        </div>
        <p class="small muted">{leakWindowWords(window)}</p>
        <button type="submit" class="btn">
          Show what it could have pushed
        </button>
      </form>
    </section>
  );
}

export const credentialPages: readonly PageRoute[] = [
  { method: 'get', path: '/credentials/:id', right: 'see', run: credentialPage },
  { method: 'post', path: '/credentials/:id/mark', right: 'handle-alerts', run: markForm },
];
