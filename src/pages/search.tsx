import { isDigest } from '../domain/digest.ts';
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
  const main = (
    <>
      <Ask text={text} />
      <section aria-labelledby="h-pushes">
        <div class="head">
          <h2 id="h-pushes">Pushes of this digest</h2>
        </div>
        <Rows
          caption="Pushes"
          columns={[{ label: 'Image' }, { label: 'Verdict', kind: 'verdict' }, { label: 'When' }, { label: 'Why' }]}
          rows={found.pushes.map((push) => ({
            isRogue: push.verdict === 'rogue',
            cells: [
              <>
                {push.alertId === null ? push.image : <a href={`/alerts/A-${push.alertId}`}>{push.image}</a>}
                <small>{push.tag === '' ? 'without a tag' : <code>{push.tag}</code>}</small>
              </>,
              push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />,
              <When at={push.receivedAt} now={now} />,
              push.origin === 'baseline' ? 'Was there when we started watching' : pushWhy(push, now),
            ],
          }))}
          none={
            asked === null
              ? 'That is no whole digest (sha256: and 64 hex digits), so no pushes were looked for.'
              : 'We have not seen this digest in any image of your team. Pushes from before an image was watched would not be here.'
          }
        />
      </section>
      <section aria-labelledby="h-tags">
        <div class="head">
          <h2 id="h-tags">Tags of this name</h2>
        </div>
        <Rows
          caption="Tags"
          columns={[{ label: 'Tag' }, { label: 'Points at' }, { label: 'Since' }]}
          rows={found.tags.map(({ image, tag, digest: at, changedAt }) => ({
            cells: [
              `${image}:${tag}`,
              at !== null && isDigest(at) ? <Digest digest={at} prefix /> : 'not read yet',
              <When at={changedAt} now={now} />,
            ],
          }))}
          none="No image of your team has a tag of exactly this name."
        />
      </section>
      <section aria-labelledby="h-images">
        <div class="head">
          <h2 id="h-images">Images</h2>
        </div>
        <Rows
          caption="Images"
          columns={[{ label: 'Image' }]}
          rows={found.images.map(({ image }) => ({ cells: [image] }))}
          none="Your team watches no image with this in its name."
        />
      </section>
    </>
  );
  return show(c, { title: 'Find', main });
}

const Ask = ({ text }: { readonly text: string }) => (
  <div class="slim stack">
    <h1>Find</h1>
    <SearchBox id="find" value={text} />
  </div>
);

export const searchPages: readonly PageRoute[] = [{ method: 'get', path: '/search', right: 'see', run: searchPage }];
