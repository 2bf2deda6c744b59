import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Verdict } from '../../domain/finding.ts';
import { may } from '../../domain/person.ts';
import { recentWeeks } from '../../domain/push-week.ts';
import { formatImageName, isTag } from '../../domain/reference.ts';
import type { PushFilter, RepositoryPage } from '../../store/repository-pages.ts';
import { repositoryAddress } from '../addresses.ts';
import { notHere, type PageInput } from '../page.ts';
import { AlertBanner, OpenAlertsBanner } from '../parts/alert-banner.tsx';
import { Field, Select } from '../parts/form.tsx';
import { Icon } from '../parts/icon.tsx';
import { ReleaseBars } from '../parts/release-bars.tsx';
import { releasesOf } from '../releases.ts';
import { show } from '../show.tsx';
import { cursorOf, dayOf, imageOf, param } from './address.ts';
import { Heard, ImageFrame } from './frame.tsx';
import { ReleaseRows } from './release-rows.tsx';
import { Strips } from './strips.tsx';

/** Beside the charts, and on pages of their own. */
const FIRST_SHOWN = 12;
const PAGE_SIZE = 30;

const CHIPS: readonly (readonly [Verdict | null, string])[] = [
  [null, 'All'],
  ['rogue', 'Rogue'],
  ['undetermined', 'Undetermined'],
  ['pending', 'Pending'],
  ['trusted', 'Trusted'],
];

/** What the address asks for, and how the form writes it. */
interface Asked {
  readonly filter: PushFilter;
  readonly fields: Readonly<Record<'verdict' | 'tagged' | 'from' | 'to', string>>;
}

export async function pushesPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const asked = askedOf(input);
  const page = await services.repositoryPages.page(visit.session.teamId, imageOf(c), asked.filter, now);
  if (page === null) throw notHere();
  const { repository } = page;
  const image = formatImageName(repository.image);
  const isFirst = isUnfiltered(asked);
  const main = (
    <>
      <ImageFrame repository={repository} at="pushes" now={now} />
      <Alarm page={page} input={input} />
      {isFirst ? (
        <>
          <Strips image={image} repository={repository.id} policy={repository.policy} strips={page.strips} now={now} />
          <Weeks page={page} now={now} />
        </>
      ) : null}
      <Releases page={page} asked={asked} size={isFirst ? FIRST_SHOWN : PAGE_SIZE} now={now} />
      <Heard repository={repository} webhook={page.webhook} now={now} />
    </>
  );
  return show(c, { title: image, at: '/repositories', main });
}

const isFiltered = ({ fields }: Asked): boolean => Object.values(fields).some((value) => value !== '');
const isUnfiltered = (asked: Asked): boolean => asked.filter.before === null && !isFiltered(asked);

/** @throws PageProblem 404 for what no form of ours sends, 400 for a day that is none */
function askedOf({ c }: PageInput): Asked {
  const verdict = param(c, 'verdict');
  const known = CHIPS.find(([value]) => value === verdict);
  const tag = param(c, 'tagged');
  if (known === undefined || (tag !== null && !isTag(tag))) throw notHere();
  const [from, to] = [param(c, 'from'), param(c, 'to')];
  return {
    filter: { verdict: known[0], tag, since: dayOf(from, false), until: dayOf(to, true), before: cursorOf(c) },
    fields: { verdict: verdict ?? '', tagged: tag ?? '', from: from ?? '', to: to ?? '' },
  };
}

/** One that nobody has comes first; several are one banner. */
function Alarm({ page, input }: { readonly page: RepositoryPage; readonly input: PageInput }): JSX.Element | null {
  const open = page.alerts.filter(({ state }) => state === 'open');
  const [first] = open.length > 0 ? open : page.alerts;
  if (first === undefined) return null;
  if (open.length > 1) return <OpenAlertsBanner alerts={open} isMore={page.alerts.length >= 20} />;
  const csrf = may(input.visit.session.role, 'handle-alerts') ? input.visit.csrf : null;
  return (
    <>
      <AlertBanner alert={first} now={input.now} csrf={csrf} isOwnPage={false} />
      {page.alerts.length === 1 ? null : (
        <p class="note">
          <Icon name="hand" />
          <span>
            {page.alerts.length - 1} more are being handled. <a href="/alerts?state=handled">See them</a>
          </span>
        </p>
      )}
    </>
  );
}

function Weeks({ page, now }: { readonly page: RepositoryPage; readonly now: number }): JSX.Element {
  return (
    <section aria-labelledby="h-weeks">
      <div class="head">
        <h2 id="h-weeks">Pushes per week, by verdict</h2>
        <p>13 weeks; all platforms of an image and its signatures are one push, each tag is its own</p>
      </div>
      <div class="panel pad">
        <ReleaseBars id="weeks" weeks={recentWeeks(page.weeks, now)} />
      </div>
    </section>
  );
}

interface ReleasesProps {
  readonly page: RepositoryPage;
  readonly asked: Asked;
  readonly size: number;
  readonly now: number;
}

function Releases({ page, asked, size, now }: ReleasesProps): JSX.Element {
  const address = repositoryAddress(formatImageName(page.repository.image));
  const { fields } = asked;
  const link = (change: Partial<Asked['fields']>, before: number | null = null): string =>
    linkTo(address, { ...fields, ...change }, before);
  const isFull = page.pushes.length > size;
  const pushes = page.pushes.slice(0, size);
  const goOn = isFull ? (pushes.at(-1)?.seq ?? null) : page.walk.isMore ? page.walk.from : null;
  return (
    <section aria-labelledby="h-releases">
      <div class="head">
        <h2 id="h-releases">Releases</h2>
        <nav class="chips" aria-label="Filter by verdict">
          {CHIPS.map(([verdict, label]) => (
            <a
              href={link({ verdict: verdict ?? '' })}
              {...((verdict ?? '') === fields.verdict ? { 'aria-current': 'true' } : {})}
            >
              {label}
            </a>
          ))}
        </nav>
      </div>
      <FilterForm address={address} fields={fields} />
      <ReleaseRows
        caption="Releases of this image"
        releases={releasesOf(pushes)}
        now={now}
        none={goOn === null ? <None asked={asked} /> : 'None among these pushes. There are older ones.'}
      />
      <p class="pager inline">
        {asked.filter.before === null ? null : <a href={link({})}>Newest</a>}
        {goOn === null ? null : <a href={link({}, goOn)}>{isFull ? 'Older' : 'Look further back'}</a>}
      </p>
    </section>
  );
}

function linkTo(address: string, fields: Asked['fields'], before: number | null): string {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
  if (before !== null) query.set('before', String(before));
  return query.size === 0 ? address : `?${query}`;
}

const None = ({ asked }: { readonly asked: Asked }): JSX.Element =>
  isFiltered(asked) ? (
    <>No push of this image is like that. What was there when watching began is not among them.</>
  ) : (
    <>
      Nothing was pushed since this image is watched. What was there before is not listed here: the next push, by
      webhook or found by the sweep, is the first.
    </>
  );

function FilterForm({ address, fields }: { readonly address: string; readonly fields: Asked['fields'] }): JSX.Element {
  return (
    <form class="filter" action={address}>
      <Field id="verdict" label="Verdict">
        <Select
          id="verdict"
          name="verdict"
          selected={fields.verdict}
          options={CHIPS.map(([verdict, label]) => ({ value: verdict ?? '', label }))}
        />
      </Field>
      <Field id="tagged" label="Tag, in full">
        <input id="tagged" name="tagged" value={fields.tagged} maxlength={128} autocomplete="off" />
      </Field>
      <Field id="from" label="From (UTC)">
        <input id="from" name="from" type="date" value={fields.from} />
      </Field>
      <Field id="to" label="To, this day too">
        <input id="to" name="to" type="date" value={fields.to} />
      </Field>
      <button type="submit" class="btn">
        Show
      </button>
    </form>
  );
}
