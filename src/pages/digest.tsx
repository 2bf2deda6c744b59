import type { JSX } from 'hono/jsx/jsx-runtime';
import { type Digest as DigestText, isDigest } from '../domain/digest.ts';
import type { DigestPage, DigestPush } from '../store/digest-page.ts';
import { pushAddress, repositoryAddress, tagAddress } from './addresses.ts';
import { notHere, type PageInput, type PageRoute } from './page.ts';
import { Answers } from './parts/answers.tsx';
import { Digest } from './parts/digest.tsx';
import { Rows } from './parts/rows.tsx';
import { When } from './parts/when.tsx';
import { rankOf } from './releases.ts';
import { Pusher, Verdict } from './repositories/release-rows.tsx';
import { show } from './show.tsx';

const SHOWN = 30;

/** "Have we seen this?" Of any digest, in the images of the team. */
async function digestPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const digest = c.req.param('digest') ?? '';
  if (!isDigest(digest)) throw notHere();
  const page = await services.digestPage.page(visit.session.teamId, digest);
  const main = (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/search">Find</a>
          </li>
          <li>Digest</li>
        </ol>
      </nav>
      <div class="top">
        <h1>
          <Digest digest={digest} prefix copy="Copy this digest" />
        </h1>
      </div>
      {page.pushes.length === 0 ? <Unseen digest={digest} /> : <Seen page={page} now={now} />}
    </>
  );
  return show(c, { title: digest.slice(0, 15), main });
}

function Unseen({ digest }: { readonly digest: DigestText }): JSX.Element {
  return (
    <div class="slim stack">
      <p>
        <b>We have not seen it in any image of your team.</b> Nothing that we watch was pushed with this digest, and no
        tag pointed at it when watching began. Images that nobody watches here, and what was deleted before, are not
        known.
      </p>
      <p class="muted">
        A single platform of an image has a digest of its own, which may never have been pushed by itself. The whole
        digest is <code class="dg full">{digest}</code>
      </p>
    </div>
  );
}

function Seen({ page, now }: { readonly page: DigestPage; readonly now: number }): JSX.Element {
  const { pushes, isCut } = page;
  const [worst] = pushes.toSorted((a, b) => rankOf(a.verdict) - rankOf(b.verdict));
  const first = pushes.at(-1);
  const images = new Set(pushes.map(({ image }) => image));
  const there = [...new Map(pushes.filter(({ isThere }) => isThere).map((each) => [tagKey(each), each])).values()];
  return (
    <>
      <Answers
        answers={[
          {
            question: 'What was it judged?',
            answer: worst === undefined ? '' : <Verdict push={worst} />,
            why:
              worst?.alertId == null ? (
                'The worst of its pushes.'
              ) : (
                <a href={`/alerts/A-${worst.alertId}`}>Its alert</a>
              ),
          },
          {
            question: 'Where is it now?',
            answer:
              there.length === 0
                ? 'No tag points at it'
                : `At ${there.length === 1 ? 'a tag' : `${there.length} tags`}`,
            why: there.length === 0 ? 'Of those that we know of.' : <Tags pushes={there} />,
          },
          {
            question: 'Since when do we know it?',
            answer: first === undefined ? '' : <When at={first.receivedAt} now={now} form="full" />,
            why: `${isCut ? 'More than 200 pushes; that is the first of those we looked at' : `${pushes.length === 1 ? '1 push' : `${pushes.length} pushes`}`} in ${images.size === 1 ? '1 image' : `${images.size} images`}.`,
          },
        ]}
      />
      <Pushes pushes={pushes} now={now} />
    </>
  );
}

const tagKey = ({ image, tag }: DigestPush): string => `${image}:${tag}`;
const TAGS_SHOWN = 8;

function Tags({ pushes }: { readonly pushes: readonly DigestPush[] }): JSX.Element {
  const more = pushes.length - TAGS_SHOWN;
  return (
    <>
      {pushes.slice(0, TAGS_SHOWN).map((push, n) => (
        <>
          {n === 0 ? '' : ', '}
          <a href={tagAddress(push.image, push.tag)}>{tagKey(push)}</a>
        </>
      ))}
      {more > 0 ? ` and ${more} more` : ''}
    </>
  );
}

function Pushes({ pushes, now }: { readonly pushes: readonly DigestPush[]; readonly now: number }): JSX.Element {
  return (
    <section aria-labelledby="h-pushes">
      <div class="head">
        <h2 id="h-pushes">Its pushes</h2>
        <p>{pushes.length > SHOWN ? `The last ${SHOWN} of ${pushes.length}` : 'Newest first'}</p>
      </div>
      <Rows
        caption="Pushes of this digest"
        columns={[
          { label: 'Image' },
          { label: 'Verdict', kind: 'verdict' },
          { label: 'Pushed' },
          { label: 'Pushed by' },
        ]}
        rows={pushes.slice(0, SHOWN).map((push) => ({
          isRogue: push.verdict === 'rogue',
          cells: [
            <>
              <a href={repositoryAddress(push.image)}>{push.image}</a>
              <small>
                {push.tag === '' ? 'without a tag' : <a href={tagAddress(push.image, push.tag)}>{push.tag}</a>}
              </small>
            </>,
            <Verdict push={push} />,
            <a href={pushAddress(push)}>
              <When at={push.receivedAt} now={now} form="full" />
            </a>,
            <Pusher push={push} />,
          ],
        }))}
        none=""
      />
    </section>
  );
}

export const digestPages: readonly PageRoute[] = [{ method: 'get', path: '/d/:digest', right: 'see', run: digestPage }];
