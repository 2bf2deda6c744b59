import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Verdict } from '../domain/finding.ts';
import { isBlinding } from '../domain/health.ts';
import { may } from '../domain/person.ts';
import { healthWords } from '../notify/health-words.ts';
import type { PushRecord } from '../store/history.ts';
import type { Overview, WatchedImage } from '../store/overview.ts';
import { pushAddress } from './addresses.ts';
import type { PageInput, PageRoute } from './page.ts';
import { AlertAnswers, AlertBanner, OpenAlertsBanner } from './parts/alert-banner.tsx';
import { Answers } from './parts/answers.tsx';
import { Banner } from './parts/banner.tsx';
import { Digest } from './parts/digest.tsx';
import { Icon } from './parts/icon.tsx';
import { pushWhy } from './parts/push-why.tsx';
import { Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { show } from './show.tsx';
import { duration, shownTime } from './time.ts';

const RELEASES_SHOWN = 8;
const IMAGES_SHOWN = 25;

async function overviewPage(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const overview = await services.overview.read(visit.session.teamId);
  const isQuiet = overview.open.length + overview.handled.length === 0;
  if (overview.images.length === 0 && isQuiet)
    return show(c, { title: 'Nothing is watched yet', at: '/', main: <Empty /> });
  const releases = releasesOf(overview.pushes);
  const main = (
    <>
      <Top input={input} overview={overview} />
      <Blind overview={overview} now={input.now} />
      <Releases releases={releases.slice(0, RELEASES_SHOWN)} now={input.now} />
      <Images overview={overview} releases={releases} input={input} />
    </>
  );
  const { openAlerts } = visit.session.frame;
  const title = openAlerts === 0 ? 'Overview' : `${openAlerts} open ${openAlerts === 1 ? 'alert' : 'alerts'}`;
  return show(c, { title, at: '/', main });
}

/** What asks for somebody first; when nothing does, whether that silence can be believed. */
function Top({ input, overview }: { readonly input: PageInput; readonly overview: Overview }): JSX.Element {
  const { visit, now } = input;
  const [first, second] = [...overview.open, ...overview.handled];
  const csrf = may(visit.session.role, 'handle-alerts') ? visit.csrf : null;
  if (first === undefined) return <Quiet input={input} overview={overview} />;
  if (overview.open.length > 1) {
    const isMore = visit.session.frame.openAlerts > overview.open.length;
    return <OpenAlertsBanner alerts={overview.open} isMore={isMore} />;
  }
  return (
    <>
      <AlertBanner alert={first} now={now} csrf={csrf} isOwnPage={false} />
      <AlertAnswers facts={first.facts} />
      {second === undefined ? null : (
        <p class="note">
          <Icon name="hand" />
          <span>
            Others are being handled. <a href="/alerts?state=handled">See them</a>
          </span>
        </p>
      )}
    </>
  );
}

function Quiet({ input, overview }: { readonly input: PageInput; readonly overview: Overview }): JSX.Element {
  const { now, visit } = input;
  const { lastClosed, images, channel } = overview;
  const since = lastClosed?.closedAt ?? Math.min(...images.map(({ createdAt }) => createdAt));
  const blind = overview.health.filter(({ fact }) => isBlinding(fact.kind)).length;
  const { sweptAt } = visit.session.frame;
  const reading = images.filter(({ baselineAt }) => baselineAt === null).length;
  return (
    <>
      <Banner tone={blind === 0 ? 'calm' : 'blind'}>
        <div class="line">
          {blind === 0 ? (
            <VerdictBadge verdict="trusted" word="All quiet" />
          ) : (
            <VerdictBadge verdict="undetermined" word="We are blind" />
          )}
          <span>
            Since <When at={since} now={now} form="time" />, {duration(now - since)}
          </span>
        </div>
        <h1>
          {blind === 0
            ? `No rogue push for ${duration(now - since)}, and we could have seen one`
            : `No rogue push was seen for ${duration(now - since)}, and we could not have seen every one`}
        </h1>
      </Banner>
      <Answers
        answers={[
          {
            question: 'Can we see everything?',
            answer:
              blind === 0
                ? reading === 0
                  ? 'Yes, every source answers'
                  : 'Not yet'
                : `No, ${blind === 1 ? 'a source is' : `${blind} sources are`} blind`,
            why:
              reading > 0 ? (
                `${reading === 1 ? 'An image is' : `${reading} images are`} still being read for the first time.`
              ) : (
                <>
                  {sweptAt === null ? 'No sweep is complete yet.' : `Last sweep ${duration(now - sweptAt)} ago.`}{' '}
                  <a href="/alerts?state=health">Troubles of our own</a>
                </>
              ),
          },
          {
            question: 'Does the alarm reach anybody?',
            answer:
              channel === null
                ? 'No: there is no channel'
                : channel.refused === null
                  ? `Yes, in ${channel.name}`
                  : `No: ${channel.name} refuses`,
            why: channel?.refused ?? <a href="/settings/channels">Channels</a>,
          },
          {
            question: 'What is watched?',
            answer: `${images.length === 100 ? '100 or more' : images.length} ${images.length === 1 ? 'image' : 'images'}`,
            why: 'Listed below, worst first.',
          },
        ]}
      />
    </>
  );
}

/** Our own failure: other words, another shape, never red. */
function Blind({ overview, now }: { readonly overview: Overview; readonly now: number }): JSX.Element | null {
  const blind = overview.health.filter(({ fact }) => isBlinding(fact.kind));
  const [first] = blind;
  if (first === undefined) return null;
  const more = blind.length === 1 ? '' : `, and ${blind.length - 1} more`;
  return (
    <p class="note">
      <Icon name="blind" />
      <span>
        <b>{healthWords(first.fact).title}</b>, since {shownTime(first.openedAt, now)}
        {more}. {healthWords(first.fact).consequence} Our problem, not an attack.{' '}
        <a href="/alerts?state=health">What that means</a>
      </span>
    </p>
  );
}

/** Pushes of one digest to one image are one release, however many tags it has. */
interface Release {
  readonly push: PushRecord;
  readonly tags: readonly string[];
}

const RANK: Readonly<Record<Verdict, number>> = { rogue: 0, undetermined: 1, pending: 2, trusted: 3 };
const rankOf = (verdict: Verdict | null): number => (verdict === null ? 4 : RANK[verdict]);

function releasesOf(pushes: readonly PushRecord[]): Release[] {
  const groups = Map.groupBy(pushes, ({ repository, digest, seq }) => `${repository} ${digest ?? `push ${seq}`}`);
  const releases = [...groups.values()].flatMap((group): Release[] => {
    const [push] = group.toSorted((a, b) => rankOf(a.verdict) - rankOf(b.verdict) || b.receivedAt - a.receivedAt);
    const tags = [...new Set(group.map(({ tag }) => tag).filter((tag) => tag !== ''))];
    return push === undefined ? [] : [{ push, tags }];
  });
  return releases.sort((a, b) => b.push.receivedAt - a.push.receivedAt);
}

const nameOf = (image: string): string => image.slice(image.indexOf('/') + 1);

function Releases({ releases, now }: { readonly releases: readonly Release[]; readonly now: number }): JSX.Element {
  const rows = releases.map(({ push, tags }) => ({
    isRogue: push.verdict === 'rogue',
    cells: [
      <>
        <a href={push.alertId === null ? pushAddress(push) : `/alerts/A-${push.alertId}`}>{nameOf(push.image)}</a>
        <small>
          {tags.slice(0, 3).map((tag, n) => (
            <>
              {n === 0 ? '' : ', '}
              <code>{tag}</code>
            </>
          ))}
          {tags.length > 3 ? ` and ${tags.length - 3} more` : ''}{' '}
          {push.digest === null ? (
            ''
          ) : (
            <>
              at <Digest digest={push.digest} />
            </>
          )}
        </small>
      </>,
      push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />,
      <When at={push.receivedAt} now={now} form="below" />,
      push.pusher?.name ?? 'not named',
      pushWhy(push, now),
    ],
  }));
  return (
    <section aria-labelledby="h-releases">
      <div class="head">
        <h2 id="h-releases">Latest releases</h2>
        <p>A push of several tags or platforms is one</p>
      </div>
      <Rows
        caption="Latest releases"
        columns={[
          { label: 'Release' },
          { label: 'Verdict', kind: 'verdict' },
          { label: 'When' },
          { label: 'Pushed by' },
          { label: 'Why' },
        ]}
        rows={rows}
        none="Nothing was pushed since these images are watched. What was there before is not listed here."
      />
    </section>
  );
}

interface ImagesProps {
  readonly overview: Overview;
  readonly releases: readonly Release[];
  readonly input: PageInput;
}

function Images({ overview, releases, input }: ImagesProps): JSX.Element {
  const { now } = input;
  const { watched } = input.visit.session.frame;
  const latest = Map.groupBy(releases, ({ push }) => push.repository);
  const alarming = new Set([...overview.open, ...overview.handled].map(({ repository }) => repository));
  const states = overview.images
    .map((image) => {
      const last = latest.get(image.id)?.[0]?.push ?? null;
      const verdict: Verdict | null = alarming.has(image.id) ? 'rogue' : (last?.verdict ?? null);
      return { image, last, verdict };
    })
    .sort((a, b) => rankOf(a.verdict) - rankOf(b.verdict) || (b.last?.receivedAt ?? 0) - (a.last?.receivedAt ?? 0));
  const rows = states.slice(0, IMAGES_SHOWN).map(({ image, last, verdict }) => ({
    cells: [
      <span class="name">
        <span class="reg">{image.registry}/</span>
        {image.path}
      </span>,
      verdict === null ? (
        <PlainBadge word={image.baselineAt === null ? 'Reading' : 'No push yet'} />
      ) : (
        <VerdictBadge verdict={verdict} />
      ),
      last === null ? 'none yet' : <When at={last.receivedAt} now={now} form="age" />,
      image.pushers === null ? 'anybody' : image.pushers.join(', ') || 'nobody',
      <Swept image={image} now={now} />,
    ],
  }));
  return (
    <section aria-labelledby="h-images">
      <div class="head">
        <h2 id="h-images">Images</h2>
        <p>
          {watched} watched, worst first{rows.length < watched ? `; ${rows.length} shown` : ''}
        </p>
      </div>
      <Rows
        caption="Watched images"
        columns={[
          { label: 'Image' },
          { label: 'Now', kind: 'verdict' },
          { label: 'Last release' },
          { label: 'Expected pusher', kind: 'wide' },
          { label: 'Swept', kind: 'wide' },
        ]}
        rows={rows}
        none="No image is watched."
      />
    </section>
  );
}

function Swept({ image, now }: { readonly image: WatchedImage; readonly now: number }): JSX.Element {
  if (image.sweepFailures > 0) return <>failed {image.sweepFailures} times in a row</>;
  return image.sweptAt === null ? <>not yet</> : <When at={image.sweptAt} now={now} form="age" />;
}

function Empty(): JSX.Element {
  return (
    <div class="panel empty stack">
      <h1>Nothing is watched yet</h1>
      <p>
        Name an image that you publish. Its tags are read, a webhook address is made for it, and from then on every push
        is judged.
      </p>
      <pre class="cmd">
        {
          'curl -sS $PUSHWARDEN/api/v1/repositories -H "authorization: Bearer $KEY" \\\n  -d \'{"image": "docker.io/org/app"}\''
        }
      </pre>
      <p class="small muted">This reads public data only and changes nothing in the registry.</p>
    </div>
  );
}

export const overviewPages: readonly PageRoute[] = [{ method: 'get', path: '/', right: 'see', run: overviewPage }];
