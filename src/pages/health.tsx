import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { isBlinding } from '../domain/health.ts';
import {
  checkAnswer,
  heardAnswer,
  IMAGE_COSTS,
  IMAGE_STATES,
  type ImageSight,
  type SightState,
  seeAnswer,
  sightState,
} from '../notify/health-page-words.ts';
import { healthWords } from '../notify/health-words.ts';
import { dayInWords } from '../notify/use-words.ts';
import type { SeenImage } from '../store/health-page.ts';
import { repositoryAddress } from './addresses.ts';
import { Accounts, Channels, type PartProps, Receivers, Roots, Section } from './health-sources.tsx';
import { notHere, type PageInput, type PageRoute } from './page.ts';
import { Answers } from './parts/answers.tsx';
import { Banner } from './parts/banner.tsx';
import { type Row, Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { show } from './show.tsx';

const PAGE_SIZE = 50;
const DAY_MS = 86_400_000;
/** So many sweeps in a row that fail are blindness: a health alert says so too. */
const BLIND_AFTER = 3;

/** Every source: does it answer, when did it last, and what does its silence cost? */
async function healthPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const { teamId, frame } = visit.session;
  const [page, roots] = await Promise.all([
    services.healthPage.read(teamId, imageOf(c.req.query('after')), PAGE_SIZE),
    services.trustedRoots.list(teamId, now),
  ]);
  const stale = roots.filter((root) => root.stale && root.source === 'tuf').length;
  const sight = {
    blind: page.troubles.filter(({ fact }) => isBlinding(fact.kind)).length,
    failing: page.failing,
    images: frame.watched,
    sweptAgo: frame.sweptAt === null ? null : now - frame.sweptAt,
    sweepEvery: services.settings.sweepEveryMs,
  };
  const main = (
    <>
      <Top state={sightState(sight)} />
      <Answers
        answers={[
          { question: 'Can we see everything?', ...seeAnswer(sight) },
          { question: 'Does the alarm reach anybody?', ...heardAnswer(page.channels) },
          { question: 'Can we check signatures?', ...checkAnswer(stale) },
        ]}
      />
      <Troubles page={page} now={now} />
      <Images page={page} now={now} watched={frame.watched} />
      <Accounts page={page} now={now} />
      <Roots roots={roots} now={now} />
      <Channels page={page} />
      <Receivers page={page} now={now} />
    </>
  );
  return show(c, { title: 'Health', main });
}

/** Only what is proved is calm: not to have failed for long is not to see. */
function Top({ state }: { readonly state: SightState }): JSX.Element {
  const { verdict, tone, word, title } = TOPS[state];
  return (
    <Banner tone={tone}>
      <div class="line">
        <VerdictBadge verdict={verdict} word={word} />
        <span>Silence must prove itself: this page says whether we could have seen a rogue push</span>
      </div>
      <h1>{title}</h1>
    </Banner>
  );
}

const TOPS = {
  sees: { verdict: 'trusted', tone: 'calm', word: 'We see', title: 'Every source answers' },
  falters: { verdict: 'pending', tone: 'wait', word: 'Not at this moment', title: 'Not every source answered lately' },
  blind: { verdict: 'undetermined', tone: 'blind', word: 'We are blind', title: 'Not every source answers' },
} as const;

/** `docker.io/org/app`: where the page before ended. @throws PageProblem 404 */
function imageOf(text: string | undefined): { readonly registry: string; readonly path: string } {
  if (text === undefined || text === '') return { registry: '', path: '' };
  const slash = text.indexOf('/');
  if (slash < 1 || text.length > 512) throw notHere();
  return { registry: text.slice(0, slash), path: text.slice(slash + 1) };
}

function Troubles({ page: { troubles }, now }: PartProps): JSX.Element {
  return (
    <Section id="troubles" title="What is the matter" hint={<a href="/alerts?state=health">What was, too</a>}>
      <Rows
        caption="Troubles of our own"
        columns={[
          { label: 'What is the matter' },
          { label: 'State', kind: 'verdict' },
          { label: 'Since' },
          { label: 'What may go unnoticed' },
          { label: 'What you can do' },
        ]}
        rows={troubles.map(({ fact, openedAt }) => {
          const { title, what, consequence, action } = healthWords(fact);
          return {
            cells: [
              <>
                {title}
                <small>{what}</small>
              </>,
              <VerdictBadge verdict="undetermined" word={isBlinding(fact.kind) ? 'We are blind' : 'To look at'} />,
              <When at={openedAt} now={now} form="below" />,
              consequence,
              action,
            ],
          };
        })}
        none="Nothing is: no source has failed for long, and no channel refuses."
      />
    </Section>
  );
}

/** Deliveries are kept 30 days; one of a hook that serves several images may be about another. */
function lastWebhook({ toldAt, deliveryDay }: SeenImage, now: number): Child {
  if (toldAt !== null && (deliveryDay === null || toldAt >= deliveryDay))
    return <When at={toldAt} now={now} form="below" />;
  return deliveryDay === null ? 'none in 30 days' : `on ${dayInWords(deliveryDay / DAY_MS)}`;
}

function sightOf({ sweepFailures, baselineAt, missedWebhooks }: SeenImage): ImageSight {
  if (sweepFailures >= BLIND_AFTER) return 'blind';
  if (sweepFailures > 0) return 'failing';
  if (baselineAt === null) return 'reading';
  return missedWebhooks > 1 ? 'no-webhook' : 'answers';
}

interface ImagesProps extends PartProps {
  readonly watched: number;
}

function Images({ page: { images }, now, watched }: ImagesProps): JSX.Element {
  const last = images.length === PAGE_SIZE ? images.at(-1) : undefined;
  const rows = images.map((image): Row => {
    const sight = sightOf(image);
    const name = `${image.registry}/${image.path}`;
    const word = IMAGE_STATES[sight];
    return {
      cells: [
        <a href={repositoryAddress(name)}>{name}</a>,
        sight === 'blind' || sight === 'no-webhook' ? (
          <VerdictBadge verdict="undetermined" word={word} />
        ) : (
          <PlainBadge word={word} />
        ),
        lastWebhook(image, now),
        image.sweptAt === null ? 'not yet' : <When at={image.sweptAt} now={now} form="age" />,
        IMAGE_COSTS[sight],
      ],
    };
  });
  return (
    <Section id="images" title="Images: webhooks and sweeps" hint={`${watched} watched`}>
      <Rows
        caption="Watched images and how we see them"
        columns={[
          { label: 'Image' },
          { label: 'State', kind: 'verdict' },
          { label: 'Last webhook' },
          { label: 'Last sweep' },
          { label: 'What may go unnoticed' },
        ]}
        rows={rows}
        none="No image is watched."
      />
      {last === undefined ? null : (
        <p class="pager">
          <a href={`/health?${new URLSearchParams({ after: `${last.registry}/${last.path}` })}#images`}>More</a>
        </p>
      )}
    </Section>
  );
}

export const healthPages: readonly PageRoute[] = [{ method: 'get', path: '/health', right: 'see', run: healthPage }];
