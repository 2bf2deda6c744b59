import type { JSX } from 'hono/jsx/jsx-runtime';
import { isImmutableTag } from '../../domain/policy.ts';
import { formatImageName, isTag } from '../../domain/reference.ts';
import type { ReleasePush } from '../../store/release-pushes.ts';
import type { TagPage } from '../../store/tag-page.ts';
import { pushAddress, repositoryAddress, tagAddress } from '../addresses.ts';
import { notHere, type PageInput } from '../page.ts';
import { Answers } from '../parts/answers.tsx';
import { Digest } from '../parts/digest.tsx';
import { Icon } from '../parts/icon.tsx';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { duration } from '../time.ts';
import { cursorOf, imageOf } from './address.ts';
import { DigestLink, Pusher, Verdict } from './release-rows.tsx';

const PAGE_SIZE = 40;

/** One tag: every digest that it had, who moved it, and where it should be. */
export async function tagPage(input: PageInput, tag: string): Promise<Response> {
  const { c, services, visit, now } = input;
  if (!isTag(tag)) throw notHere();
  const before = cursorOf(c);
  const page = await services.tagPage.page(visit.session.teamId, imageOf(c), tag, { before, limit: PAGE_SIZE, now });
  if (page === null) throw notHere();
  const image = formatImageName(page.repository.image);
  const main = (
    <>
      <Top page={page} image={image} tag={tag} />
      {page.tag === null ? null : <State page={page} now={now} />}
      <Reflog page={page} image={image} tag={tag} isFirst={before === null} now={now} />
    </>
  );
  return show(c, { title: `${image}:${tag}`, at: '/repositories', main });
}

interface TopProps {
  readonly page: TagPage;
  readonly image: string;
  readonly tag: string;
}

function Top({ page: { repository }, image, tag }: TopProps): JSX.Element {
  return (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/repositories">Repositories</a>
          </li>
          <li>
            <a href={repositoryAddress(image)}>{image}</a>
          </li>
        </ol>
      </nav>
      <div class="top">
        <h1>
          Tag <code>{tag}</code>
        </h1>
        {isImmutableTag(repository.policy, tag) ? (
          <p>
            <Icon name="lock" /> must not move, by policy
          </p>
        ) : null}
      </div>
    </>
  );
}

function State({ page: { tag, moves, expected }, now }: { readonly page: TagPage; readonly now: number }): JSX.Element {
  const safe = tag?.safe ?? null;
  const [first] = expected;
  const head = moves[0];
  return (
    <Answers
      answers={[
        {
          question: 'What does it point at?',
          answer:
            tag === null || tag.digest === null ? (
              'Not read yet'
            ) : tag.deletedAt !== null ? (
              'It is gone'
            ) : (
              <Digest digest={tag.digest} prefix />
            ),
          why:
            tag === null ? (
              ''
            ) : tag.deletedAt !== null ? (
              <>
                Found gone <When at={tag.deletedAt} now={now} />.
              </>
            ) : (
              <>
                Since <When at={tag.changedAt} now={now} />.{' '}
                {head !== undefined && tag.digest === head.digest ? <Verdict push={head} /> : null}
              </>
            ),
        },
        {
          question: 'Which digest is safe?',
          answer:
            safe === null ? (
              'We know no trusted digest for this tag'
            ) : (
              <Digest digest={safe.digest} prefix copy="Copy the safe digest" />
            ),
          why:
            safe === null ? (
              'Do not guess one: look it up in your release log.'
            ) : safe.how === 'trusted' ? (
              <>
                The last trusted one, since <When at={safe.at} now={now} form="time" />.
              </>
            ) : (
              'It was there when watching began; nothing was judged since.'
            ),
        },
        {
          question: 'Is a move expected?',
          answer:
            first === undefined ? (
              'No'
            ) : first.digest === null ? (
              'Yes, to any digest'
            ) : (
              <>
                Yes, to <Digest digest={first.digest} />
              </>
            ),
          why:
            first === undefined ? (
              'Expect the tag at its safe digest from an alert’s page, before you move it back.'
            ) : (
              <>
                Until <When at={first.until} now={now} />, said {first.by}.
              </>
            ),
        },
      ]}
    />
  );
}

interface ReflogProps extends TopProps {
  readonly isFirst: boolean;
  readonly now: number;
}

function Reflog({ page, image, tag, isFirst, now }: ReflogProps): JSX.Element {
  const shown = page.moves.slice(0, PAGE_SIZE);
  const next = page.moves[PAGE_SIZE];
  return (
    <section aria-labelledby="h-moves">
      <div class="head">
        <h2 id="h-moves">Every digest it had</h2>
        <p>Newest first; a push that left the tag where it was is no move</p>
      </div>
      <Rows
        caption={`Moves of ${tag}`}
        columns={[
          { label: 'Moved' },
          { label: 'Verdict', kind: 'verdict' },
          { label: 'To' },
          { label: 'By' },
          { label: 'How long' },
        ]}
        rows={shown.map((push, n) => ({
          isRogue: push.verdict === 'rogue',
          cells: [
            <a href={pushAddress(push)}>
              <When at={push.receivedAt} now={now} form="full" />
            </a>,
            push.kind === 'deleted' ? <PlainBadge word="Deleted" /> : <Verdict push={push} />,
            <DigestLink push={push} />,
            <Pusher push={push} />,
            lasted({ until: isFirst && n === 0 ? null : shown[n - 1], push, now }),
          ],
        }))}
        none={
          <>
            We know no tag of this name at <a href={repositoryAddress(image)}>{image}</a>. A push of it that the
            registry did not confirm moved no tag.
          </>
        }
      />
      <p class="pager inline">
        {isFirst ? null : <a href={tagAddress(image, tag)}>Newest</a>}
        {next === undefined ? null : <a href={`${tagAddress(image, tag)}&before=${next.seq}`}>Older</a>}
      </p>
    </section>
  );
}

interface LastedProps {
  /** The move after it; `null`: it is the last one, `undefined`: not on this page. */
  readonly until: ReleasePush | null | undefined;
  readonly push: ReleasePush;
  readonly now: number;
}

function lasted({ until, push, now }: LastedProps): string {
  if (until === undefined) return '';
  return `${duration((until?.receivedAt ?? now) - push.receivedAt)}${until === null ? ' so far' : ''}`;
}
