import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FindingCode } from '../../domain/finding.ts';
import { ciWords, deliveryWords, registryWords } from '../../notify/evidence-words.ts';
import { wantWords } from '../../notify/words.ts';
import type { PushPage } from '../../store/push-page.ts';
import { Digest } from '../parts/digest.tsx';
import { pushWhy } from '../parts/push-why.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { type ChainProps, Facts, findingsOf, inWords, keptSignatures, LISTED, Link, WebAddress } from './link.tsx';
import { Pusher } from './pusher.tsx';
import { Signatures } from './signatures.tsx';

/** The evidence as a chain: from what we heard to the verdict, each link with what it is worth. */
export function EvidenceChain(props: ChainProps): JSX.Element {
  return (
    <section aria-labelledby="h-ev">
      <div class="head">
        <h2 id="h-ev">Evidence</h2>
        <p>What we asked, what came back, and who could have faked it</p>
      </div>
      <ol class="chain panel">
        <Delivery {...props} />
        <Registry {...props} />
        <Pusher {...props} />
        <Signatures {...props} />
        <Ci {...props} />
        <Verdict {...props} />
      </ol>
    </section>
  );
}

const ABOUT_REGISTRY: readonly FindingCode[] = ['tag-moved', 'tag-rolled-back', 'forged-delivery'];
const ABOUT_CI: readonly FindingCode[] = ['no-ci-run', 'ci-mismatch'];

function Delivery({ page, now }: ChainProps): JSX.Element {
  const { push, deliveries } = page;
  const first = deliveries.toSorted((a, b) => a.receivedAt - b.receivedAt)[0];
  const repeats = deliveries.reduce((sum, each) => sum + each.repeats, 0);
  const isHook = push.origin === 'dockerhub' || push.origin === 'github' || push.origin === 'distribution';
  return (
    <Link
      question="How did we hear of it?"
      words={deliveryWords(push.origin)}
      findings={findingsOf(page, ['unreported-push'])}
    >
      <Facts
        facts={[
          [isHook ? 'Received' : 'Seen', <When at={push.receivedAt} now={now} />],
          ['Says it was pushed', push.pushedAt === null ? null : <When at={push.pushedAt} now={now} form="full" />],
          ['Event', first === undefined ? null : first.event],
          [
            'Told again',
            first === undefined
              ? null
              : repeats + deliveries.length === 1
                ? 'no'
                : `${repeats + deliveries.length - 1} times, which is usual: registries repeat themselves`,
          ],
          ['Body, SHA-256', first === undefined ? null : <Digest digest={`sha256:${first.bodySha256}`} />],
          ['Record', isHook && first === undefined ? 'not kept any more: deliveries are kept for 30 days' : null],
        ]}
      />
    </Link>
  );
}

const KINDS = {
  unresolved: 'not known yet',
  manifest: 'an image',
  index: 'an index of images for several platforms',
  artifact: 'a signature or a statement',
  child: 'a part of an index',
  untagged: 'an image that no tag leads to',
  deleted: 'deleted',
} as const;

function Registry({ page, now }: ChainProps): JSX.Element {
  const { push, tag } = page;
  return (
    <Link
      question={push.tag === '' ? 'What does the registry say?' : 'What does the tag point at?'}
      words={registryWords(inWords(page))}
      findings={findingsOf(page, ABOUT_REGISTRY)}
    >
      <Facts
        facts={[
          ['Digest', push.digest === null ? null : <Digest digest={push.digest} prefix />],
          ['Which is', push.digest === null ? null : KINDS[push.kind]],
          ['Shown to us', push.confirmedAt === null ? null : <When at={push.confirmedAt} now={now} form="full" />],
          ['Before', push.previousDigest === null ? null : <Digest digest={push.previousDigest} prefix />],
          ['Part of', push.foldedInto === null ? null : <Digest digest={push.foldedInto} prefix />],
          ['The tag now', tag === null ? null : tagNow(page)],
        ]}
      />
    </Link>
  );
}

function tagNow({ push, tag }: PushPage): Child {
  if (tag === null || tag.digest === null) return 'not known';
  if (tag.deletedAt !== null) return 'deleted, when we last looked';
  if (tag.digest === push.digest) return 'still points at this digest, when we last looked';
  return (
    <>
      points at <Digest digest={tag.digest} prefix />
    </>
  );
}

function Ci({ page, now }: ChainProps): JSX.Element {
  const { push, policy, announcements } = page;
  const vouch = push.evidence?.ci ?? null;
  const runs = keptSignatures(page)?.runs ?? [];
  const announced = announcements.find(({ id }) => id === push.evidence?.announcement);
  const claims = announced?.claims ?? null;
  const others = announcements.length - (announced === undefined ? 0 : 1);
  return (
    <Link
      question="Did your CI make it?"
      words={ciWords(vouch, policy.ci.mode, inWords(page))}
      findings={findingsOf(page, ABOUT_CI)}
    >
      <Facts
        facts={[
          ['Worth', vouch === null ? null : vouch.how === 'concurrent' ? 'weak' : 'strong'],
          ['Run', vouch?.run ? <WebAddress url={vouch.run} /> : null],
          ['Announced', announced === undefined ? null : <When at={announced.at} now={now} form="full" />],
          [
            'By',
            claims === null
              ? null
              : [claims.repository, claims.workflow, claims.ref].filter((each) => each !== null).join(' '),
          ],
          ...runs.slice(0, LISTED).map(
            (run) =>
              [
                'Looked up',
                <>
                  <WebAddress url={run.runUrl} />: {run.state}
                  {run.reason === null ? '' : `, ${run.reason}`}
                </>,
              ] as const,
          ),
          ['Around it', others === 0 ? null : otherWords(others)],
        ]}
      />
    </Link>
  );
}

const otherWords = (count: number): string =>
  `${count > 5 ? 'more than 5' : count} other ${count === 1 ? 'announcement' : 'announcements'} for this image, from a day before to two days after`;

function Verdict({ page, now }: ChainProps): JSX.Element {
  const { push } = page;
  return (
    <li>
      <div class="ask">
        <h3>So, what do we make of it?</h3>
        {push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />}
      </div>
      <p>{pushWhy(push, now)}</p>
      {(push.evidence?.wants ?? []).map((want) => (
        <p class="small">{push.verdict === 'undetermined' ? wantWords(want).undetermined : wantWords(want).waiting}</p>
      ))}
      <Facts facts={[['Next look', push.nextCheckAt === null ? null : <When at={push.nextCheckAt} now={now} />]]} />
    </li>
  );
}
