import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName } from '../domain/reference.ts';
import { blastRadiusView, cursorText } from '../http/blast-radius-views.ts';
import { reportFile } from '../http/report-file.ts';
import { coveredAnswer, pushesAnswer, reachAnswer } from '../notify/blast-radius-answers.ts';
import { notCoveredWords, REACH_WORDS, revokeSteps } from '../notify/blast-radius-words.ts';
import { LONG_KIND, nameOrNone } from '../notify/credential-page-words.ts';
import { shortName } from '../notify/slack-text.ts';
import { blastRadius } from '../usecases/blast-radius.ts';
import type { BlastRadius, ReportPush } from '../usecases/blast-radius-report.ts';
import { credentialAddress, repositoryAddress } from './addresses.ts';
import { BlastPushes, BlastUses } from './blast-radius-pushes.tsx';
import { credentialIdOf } from './credential-forms.ts';
import { notHere, type PageInput, PageProblem, type PageRoute } from './page.ts';
import { Answers } from './parts/answers.tsx';
import { Digest } from './parts/digest.tsx';
import { MinuteField } from './parts/minute-field.tsx';
import { Rows } from './parts/rows.tsx';
import { type Step, Steps } from './parts/steps.tsx';
import { show } from './show.tsx';
import { cursorOf, momentOf } from './span.ts';

/** Pushes on a page, each with two digests; files have more. */
const SHOWN = 25;
/** Sorting out more uses takes longer than a page may; files count more. */
const COUNTED = 1500;
const REPOSITORIES_SHOWN = 50;
const TAGS_SHOWN = 20;
const SENTENCES_SHOWN = 50;
const YEAR_MS = 366 * 86_400_000;

/** The report that the address asks for. @throws PageProblem */
async function reportOf(
  input: PageInput,
  limits: { readonly page?: number; readonly counted?: number } = {},
): Promise<BlastRadius> {
  const { c, services, visit, now } = input;
  const to = momentOf(c.req.query('to'), true) ?? now;
  const from = momentOf(c.req.query('from'), false) ?? to - YEAR_MS;
  if (from > to) throw new PageProblem(400, 'The time begins after its end. Give an earlier beginning.');
  const report = await blastRadius(services.blastRadius, {
    teamId: visit.session.teamId,
    credential: credentialIdOf(input),
    span: { from, to },
    after: cursorOf(c.req.query('cursor')),
    now,
    ...limits,
  });
  if (report === null) throw notHere();
  return report;
}

/** The same report as the API's, as a file: whoever sees the page may have it. */
const download =
  (format: 'json' | 'csv' | 'markdown') =>
  async (input: PageInput): Promise<Response> => {
    const report = await reportOf(input);
    const url = new URL(input.c.req.url);
    if (format !== 'json') {
      const address = input.services.settings.publicUrl || url.origin;
      return reportFile(report, format, input.services.reportWriter, { address, again: url.pathname });
    }
    const name = `blast-radius-C-${report.credential.id}.json`;
    return Response.json(blastRadiusView(report), {
      headers: { 'content-disposition': `attachment; filename="${name}"` },
    });
  };

async function blastRadiusPage(input: PageInput): Promise<Response> {
  const report = await reportOf(input, { page: SHOWN, counted: COUNTED });
  const { credential, span, next } = report;
  const address = credentialAddress(credential.id);
  const name = shortName(nameOrNone(credential.name));
  const exact = new URLSearchParams({
    from: new Date(span.from).toISOString(),
    to: new Date(span.to).toISOString(),
  }).toString();
  const main = (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/credentials">Credentials</a>
          </li>
          <li>
            <a href={address}>{`C-${credential.id}`}</a>
          </li>
          <li>Blast radius</li>
        </ol>
      </nav>
      <div class="top gap">
        <h1>{`What ${LONG_KIND[credential.kind]} ${name} could have pushed`}</h1>
      </div>
      <SpanForm report={report} />
      <Answers
        answers={[
          { question: 'What did it push?', ...pushesAnswer(report) },
          { question: 'What could it have pushed?', ...reachAnswer(report) },
          { question: 'What is not covered?', ...coveredAnswer(report) },
        ]}
      />
      <p class="btns gap">
        <a class="btn" href={`${address}/blast-radius.csv?${exact}`}>
          Download CSV
        </a>
        <a class="btn" href={`${address}/blast-radius.json?${exact}`}>
          JSON
        </a>
        <a class="btn" href={`${address}/blast-radius.md?${exact}`}>
          Markdown, for the post-mortem
        </a>
      </p>
      <ToDo report={report} />
      <Reach report={report} />
      <BlastPushes report={report} now={input.now} />
      {next === null ? null : (
        <p class="pager">
          <a href={`${address}/blast-radius?${exact}&cursor=${cursorText(next)}`}>Older</a>
        </p>
      )}
      <BlastUses report={report} now={input.now} />
      <NotCovered report={report} />
    </>
  );
  return show(input.c, { title: `Blast radius of C-${credential.id}`, at: '/credentials', main });
}

function SpanForm({ report: { credential, span } }: { readonly report: BlastRadius }): JSX.Element {
  return (
    <form class="row" action={`${credentialAddress(credential.id)}/blast-radius`}>
      <MinuteField id="from" name="from" label="From (UTC)" at={span.from} required />
      <MinuteField id="to" name="to" label="To" at={span.to} required />
      <button type="submit" class="btn">
        Show
      </button>
    </form>
  );
}

/** Stands for the name in a sentence until its links are made: a name can hold whatever looks like one. */
const NAME = '\0';

/** A sentence with its addresses, which are ours, as links. */
const linked = (sentence: string, name: string): Child[] =>
  sentence.split(/<(https:\/\/[^>]+)>/).map((part, n) =>
    n % 2 === 1 ? (
      <a href={part} rel="noreferrer">
        {new URL(part).host}
      </a>
    ) : (
      part.replaceAll(NAME, name)
    ),
  );

function ToDo({ report: { credential, toRestore } }: { readonly report: BlastRadius }): JSX.Element {
  const name = shortName(nameOrNone(credential.name));
  const steps: Step[] = [
    {
      title: 'Revoke it',
      body: (
        <>
          {revokeSteps(credential.kind, NAME).map((sentence) => (
            <p class="small">{linked(sentence, name)}</p>
          ))}
        </>
      ),
    },
    {
      title: 'Put these tags right',
      body:
        toRestore.length === 0 ? (
          <p class="small">
            No tag on this page is known to point at something that it pushed and that is not trusted.
          </p>
        ) : (
          <ul class="small">
            {toRestore.slice(0, TAGS_SHOWN).map((push) => (
              <li>
                <Restore push={push} />
              </li>
            ))}
            {toRestore.length > TAGS_SHOWN ? <li>and {toRestore.length - TAGS_SHOWN} more</li> : null}
          </ul>
        ),
    },
    {
      title: 'Rotate what lay beside it',
      body: <p class="small">Whoever had this credential may have had everything that was kept in the same place.</p>,
    },
  ];
  return (
    <section aria-labelledby="h-do">
      <div class="head">
        <h2 id="h-do">What to do, if it was in other hands</h2>
        <p>In this order</p>
      </div>
      <div class="panel pad">
        <Steps steps={steps} />
      </div>
    </section>
  );
}

function Restore({ push: { image, tag, alertId, safe, trustedBefore } }: { readonly push: ReportPush }): JSX.Element {
  return (
    <>
      <code>
        {image}:{tag}
      </code>
      {safe === null ? (
        trustedBefore === null ? (
          ': we know no trusted digest for it'
        ) : (
          ': the last trusted digest was pushed by this credential too; look at it first'
        )
      ) : (
        <>
          {' back to '}
          <Digest digest={safe.digest} prefix />
        </>
      )}
      {alertId === null ? null : (
        <>
          {' ('}
          <a href={`/alerts/A-${alertId}`}>{`A-${alertId}`}</a> opens the window for it)
        </>
      )}
    </>
  );
}

function Reach({ report: { reach } }: { readonly report: BlastRadius }): JSX.Element {
  const more = reach.repositories.length - REPOSITORIES_SHOWN;
  return (
    <section aria-labelledby="h-reach">
      <div class="head">
        <h2 id="h-reach">Repositories that it could write</h2>
        <p>
          {more > 0
            ? `${REPOSITORIES_SHOWN} of ${reach.repositories.length}; the files have all`
            : 'All that are watched'}
        </p>
      </div>
      <Rows
        caption="Repositories in reach"
        columns={[{ label: 'Repository' }, { label: 'Why' }, { label: 'Seen pushing there' }]}
        rows={reach.repositories.slice(0, REPOSITORIES_SHOWN).map(({ image, why, seen }) => {
          const name = formatImageName(image);
          return {
            cells: [
              <a href={repositoryAddress(name)}>{name}</a>,
              why.map((each) => REACH_WORDS[each]).join('; '),
              seen
                .map(({ itself, pushes, possible }) => {
                  const maybe = possible === 0 ? '' : `, possibly ${possible} more`;
                  return `${itself ? 'itself' : 'its account'} ${pushes}${maybe}`;
                })
                .join('; ') || 'never',
            ],
          };
        })}
        none="No watched repository is known to be in its reach."
      />
    </section>
  );
}

function NotCovered({ report: { notCovered } }: { readonly report: BlastRadius }): JSX.Element {
  const shown = notCovered.slice(0, SENTENCES_SHOWN);
  return (
    <section aria-labelledby="h-blind">
      <div class="head">
        <h2 id="h-blind">What this does not cover</h2>
        <p>No sign of an attack, and none that there was none</p>
      </div>
      <ul class="panel pad stack small">
        {shown.map((fact) => (
          <li>{notCoveredWords(fact, (text) => text)}</li>
        ))}
        {notCovered.length > shown.length ? <li>And {notCovered.length - shown.length} more, in the files.</li> : null}
      </ul>
    </section>
  );
}

export const blastRadiusPages: readonly PageRoute[] = [
  { method: 'get', path: '/credentials/:id/blast-radius', right: 'see', run: blastRadiusPage },
  { method: 'get', path: '/credentials/:id/blast-radius.csv', right: 'see', run: download('csv') },
  { method: 'get', path: '/credentials/:id/blast-radius.json', right: 'see', run: download('json') },
  { method: 'get', path: '/credentials/:id/blast-radius.md', right: 'see', run: download('markdown') },
];
