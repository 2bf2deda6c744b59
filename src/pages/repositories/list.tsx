import type { JSX } from 'hono/jsx/jsx-runtime';
import type { ListedImage, ListPlace } from '../../store/repository-list.ts';
import { repositoryAddress } from '../addresses.ts';
import { notHere, type PageInput } from '../page.ts';
import { Field } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { param } from './address.ts';
import { Swept } from './frame.tsx';

const PAGE_SIZE = 50;
const LONGEST = 300;

/** Every image of the team, worst first. */
export async function listPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const text = (param(c, 'q') ?? '').slice(0, LONGEST);
  const after = placeOf(param(c, 'after'));
  const found = await services.repositoryList.list(visit.session.teamId, text, after, PAGE_SIZE + 1);
  const images = found.slice(0, PAGE_SIZE);
  const last = found.length > PAGE_SIZE ? images.at(-1) : undefined;
  const { watched } = visit.session.frame;
  const main = (
    <>
      <div class="top">
        <h1>Repositories</h1>
        <a class="btn" href="/welcome">
          Add an image
        </a>
      </div>
      <form class="filter" action="/repositories">
        <Field id="name" label="Part of its name">
          <input id="name" name="q" type="search" value={text} maxlength={LONGEST} autocomplete="off" />
        </Field>
        <button type="submit" class="btn">
          Show
        </button>
      </form>
      <section aria-labelledby="h-images">
        <div class="head">
          <h2 id="h-images">{text === '' ? 'Watched images' : `Images with “${text}” in their name`}</h2>
          <p>{watched} watched in all, worst first, then by last push</p>
        </div>
        <Rows
          caption="Watched images"
          columns={[
            { label: 'Image' },
            { label: 'Now', kind: 'verdict' },
            { label: 'Last push' },
            { label: 'Webhook' },
            { label: 'Reading the registry' },
          ]}
          rows={images.map((image) => rowOf(image, now))}
          none={
            text === '' ? (
              <>
                Nothing is watched yet. <a href="/welcome">Add an image</a>: its tags are read, a webhook address is
                made for it, and from then on every push is judged.
              </>
            ) : (
              <>
                No image of your team has this in its name. <a href="/repositories">All of them</a>
              </>
            )
          }
        />
        <p class="pager inline">
          {param(c, 'after') === null ? null : <a href={pageLink(text, null)}>First page</a>}
          {last === undefined ? null : <a href={pageLink(text, last.place)}>More</a>}
        </p>
      </section>
    </>
  );
  return show(c, { title: 'Repositories', at: '/repositories', main });
}

function rowOf(image: ListedImage, now: number) {
  const { registry, path, last, alerts } = image;
  return {
    isRogue: alerts > 0,
    cells: [
      <a class="name" href={repositoryAddress(`${registry}/${path}`)}>
        <span class="reg">{registry}/</span>
        {path}
      </a>,
      <State image={image} />,
      last === null ? 'none yet' : <When at={last.at} now={now} />,
      <Webhook image={image} />,
      <Swept repository={image} now={now} />,
    ],
  };
}

function State({ image: { alerts, last, baselineAt } }: { readonly image: ListedImage }): JSX.Element {
  if (alerts > 0) return <VerdictBadge verdict="rogue" word={alerts === 1 ? '1 alert' : `${alerts} alerts`} />;
  if (last !== null) return <VerdictBadge verdict={last.verdict} />;
  return <PlainBadge word={baselineAt === null ? 'Reading' : 'No push yet'} />;
}

function Webhook({ image: { missedWebhooks: missed, last } }: { readonly image: ListedImage }): JSX.Element {
  if (missed > 0)
    return (
      <VerdictBadge
        verdict="undetermined"
        word={missed === 1 ? 'Did not tell of the last push' : `Did not tell of ${missed} pushes`}
      />
    );
  return <span>{last === null ? 'has told nothing yet' : 'tells'}</span>;
}

/** `1-1732489200000-12`: with an alert, time of the last push, id. @throws PageProblem 404 */
function placeOf(text: string | null): ListPlace | null {
  if (text === null) return null;
  const [, alarming, at, id] = /^([01])-(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (alarming === undefined) throw notHere();
  return { alarming: Number(alarming), at: Number(at), id: Number(id) };
}

function pageLink(text: string, place: ListPlace | null): string {
  const query = new URLSearchParams(text === '' ? {} : { q: text });
  if (place !== null) query.set('after', `${place.alarming}-${place.at}-${place.id}`);
  return query.size === 0 ? '/repositories' : `/repositories?${query}`;
}
