import type { JSX } from 'hono/jsx/jsx-runtime';
import { isDigest } from '../domain/digest.ts';
import type { Found } from '../store/search.ts';
import { pushAddress } from './addresses.ts';
import type { PageInput, PageRoute } from './page.ts';
import { Digest } from './parts/digest.tsx';
import { pushWhy } from './parts/push-why.tsx';
import { Rows } from './parts/rows.tsx';
import { SearchBox } from './parts/shell.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { seeOther, show } from './show.tsx';

/** The longest thing that can be looked up: a registry, a path, a tag and a digest. */
const LONGEST = 600;

async function searchPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const text = (c.req.query('q') ?? '').trim().slice(0, LONGEST);
  if (/^A-[1-9]\d{0,11}$/i.test(text)) return seeOther(c, `/alerts/${text.toUpperCase()}`);
  if (text === '') return show(c, { title: 'Find', main: <Ask text="" /> });
  // As it stands in a reference, or as bare hex digits.
  const hex = /(?:^|@|sha256:)([0-9a-f]{64})$/i.exec(text)?.[1];
  const digest = hex === undefined ? null : `sha256:${hex.toLowerCase()}`;
  const asked = digest !== null && isDigest(digest) ? digest : null;
  const found = await services.search.find(visit.session.teamId, asked ?? text, asked);
  const isNothing = found.pushes.length + found.tags.length + found.images.length === 0;
  const main = (
    <>
      <Ask text={text} />
      {isNothing ? <Nothing isDigest={asked !== null} /> : null}
      {found.pushes.length === 0 ? null : <Pushes pushes={found.pushes} now={now} />}
      {found.tags.length === 0 ? null : <Tags tags={found.tags} now={now} />}
      {found.images.length === 0 ? null : (
        <section aria-labelledby="h-images">
          <div class="head">
            <h2 id="h-images">Images</h2>
          </div>
          <Rows
            caption="Images"
            columns={[{ label: 'Image' }]}
            rows={found.images.map(({ image }) => ({ cells: [image] }))}
            none=""
          />
        </section>
      )}
    </>
  );
  return show(c, { title: 'Find', main });
}

/** What it means that nothing is found. */
function Nothing({ isDigest }: { readonly isDigest: boolean }): JSX.Element {
  return (
    <div class="slim stack gap">
      <p>
        {isDigest
          ? 'We have not seen this digest in any image of your team. Pushes from before an image was watched are not known here.'
          : 'No image of your team has this in its name, and none has a tag of exactly this name.'}
      </p>
      {isDigest ? null : <p class="muted">Pushes are found by their whole digest: sha256: and 64 hex digits.</p>}
    </div>
  );
}

function Pushes({ pushes, now }: { readonly pushes: Found['pushes']; readonly now: number }): JSX.Element {
  const rows = pushes.map((push) => ({
    isRogue: push.verdict === 'rogue',
    cells: [
      <>
        <a href={pushAddress(push)}>{push.image}</a>
        <small>{push.tag === '' ? 'without a tag' : <code>{push.tag}</code>}</small>
      </>,
      push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />,
      <When at={push.receivedAt} now={now} />,
      push.origin === 'baseline' ? 'Was there when we started watching' : pushWhy(push, now),
    ],
  }));
  return (
    <section aria-labelledby="h-pushes">
      <div class="head">
        <h2 id="h-pushes">Pushes of this digest</h2>
      </div>
      <Rows
        caption="Pushes"
        columns={[{ label: 'Image' }, { label: 'Verdict', kind: 'verdict' }, { label: 'When' }, { label: 'Why' }]}
        rows={rows}
        none=""
      />
    </section>
  );
}

function Tags({ tags, now }: { readonly tags: Found['tags']; readonly now: number }): JSX.Element {
  const rows = tags.map(({ image, tag, digest, changedAt }) => ({
    cells: [
      `${image}:${tag}`,
      digest !== null && isDigest(digest) ? <Digest digest={digest} prefix /> : 'not read yet',
      <When at={changedAt} now={now} />,
    ],
  }));
  return (
    <section aria-labelledby="h-tags">
      <div class="head">
        <h2 id="h-tags">Tags of this name</h2>
      </div>
      <Rows
        caption="Tags"
        columns={[{ label: 'Tag' }, { label: 'Points at' }, { label: 'Since' }]}
        rows={rows}
        none=""
      />
    </section>
  );
}

const Ask = ({ text }: { readonly text: string }) => (
  <div class="slim stack">
    <h1>Find</h1>
    <SearchBox id="find" value={text} />
  </div>
);

export const searchPages: readonly PageRoute[] = [{ method: 'get', path: '/search', right: 'see', run: searchPage }];
