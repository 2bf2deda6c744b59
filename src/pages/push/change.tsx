import type { JSX } from 'hono/jsx/jsx-runtime';
import { type Comparison, compare, wantsReading } from '../../domain/comparison.ts';
import type { Change } from '../../domain/image-change.ts';
import type { ImageConfig, KnownContents } from '../../domain/image-contents.ts';
import { againstWords, commandWords, nameWords, partTitle, sizeWords, textWords } from '../../notify/change-words.ts';
import { Digest } from '../parts/digest.tsx';
import { PostForm } from '../parts/form.tsx';
import type { Row } from '../parts/rows.tsx';
import { Missing, Odd, Parts, row } from './change-rows.tsx';
import { OneImage } from './one-image.tsx';
import { PLATFORMS_SHOWN, PlatformDigest, Platforms } from './platforms.tsx';

interface Props {
  readonly comparison: Comparison | null;
  readonly tag: string;
  readonly now: number;
  /** Where the button posts to; `null`: this visitor may not ask the registry. */
  readonly ask: { readonly action: string; readonly csrf: string } | null;
}

/** What is different in the image, from what was read of it. Looking at it asks the registry nothing. */
export function WhatChanged({ comparison, tag, now, ask }: Props): JSX.Element {
  return (
    <section aria-labelledby="h-diff" class="diff">
      <div class="head">
        <h2 id="h-diff">What changed{tag === '' ? '' : ` in ${tag}`}</h2>
        <p>From the image before (−) to this one (+); read from manifests, nothing was run</p>
      </div>
      {comparison === null ? (
        <p class="panel pad">There is no image to compare: the registry has not told which it is, or it is none.</p>
      ) : (
        <Compared comparison={comparison} now={now} ask={ask} />
      )}
    </section>
  );
}

function Compared({
  comparison,
  now,
  ask,
}: Omit<Props, 'tag' | 'comparison'> & { readonly comparison: Comparison }): JSX.Element {
  const { after, before, change } = compare(comparison);
  const { against } = comparison;
  const isUnasked = after.state === 'not-read' && (before === null || before.state === 'not-read');
  return (
    <>
      <p class="small">
        {against === null ? (
          'This tag had no other image before that we know of, so there is nothing to compare with.'
        ) : (
          <>
            Compared with <Digest digest={against.digest} prefix />, {againstWords(against)}.
          </>
        )}
      </p>
      {isUnasked ? (
        <p class="panel pad">
          Nothing was read of {before === null ? 'this image' : 'these images'}: that is done when an alert opens, or
          when somebody asks. It asks the registry, where it may count as a pull.
        </p>
      ) : (
        <>
          <Missing name="This image" known={after} now={now} />
          {before === null ? null : <Missing name="The image before" known={before} now={now} />}
        </>
      )}
      {change === null ? <Alone after={after} /> : <Changes change={change} now={now} />}
      {ask === null || !wantsReading(comparison) ? null : (
        <PostForm action={ask.action} csrf={ask.csrf} class="gap">
          <button type="submit" class="btn">
            {against === null ? 'Read what this image holds' : 'Compare with the previous image'}
          </button>
        </PostForm>
      )}
      <p class="small muted">
        All of this was written by whoever pushed the image. Values of variables and labels are not kept: they may be
        secrets.
      </p>
    </>
  );
}

function Changes({ change, now }: { readonly change: Change; readonly now: number }): JSX.Element {
  switch (change.is) {
    case 'image':
      return <OneImage change={change} caption="What changed" />;
    case 'other':
      return (
        <p class="panel pad">
          {[
            change.after === null ? '' : `This digest is no image: ${change.after}.`,
            change.before === null ? '' : `The one before is no image: ${change.before}.`,
          ].join(' ')}
        </p>
      );
    case 'platforms':
      return <Platforms change={change} now={now} />;
  }
}

/** What an image holds that is compared with nothing: a new tag's entrypoint is evidence too. */
function Alone({ after }: { readonly after: KnownContents }): JSX.Element | null {
  if (after.state !== 'present') return null;
  const { contents } = after;
  if (contents.kind === 'other') return <p class="panel pad">This digest is no image: {contents.reason}.</p>;
  if (contents.kind === 'index') {
    const rows = contents.platforms
      .slice(0, PLATFORMS_SHOWN)
      .map(({ platform, digest }) => row('Platform', <PlatformDigest platform={platform} digest={digest} />));
    return <Parts caption="What this image holds" rows={rows} none="It lists no platforms." />;
  }
  const layers = row('Layers', `${contents.layerCount} of ${sizeWords(contents.size)} in all`);
  return (
    <>
      <Odd spelling={contents.spelling} />
      {contents.config.state === 'present' ? (
        <Odd spelling={contents.config.value.spelling} />
      ) : (
        <p class="small">Its configuration: {contents.config.reason}.</p>
      )}
      <Parts
        caption="What this image holds"
        rows={[...(contents.config.state === 'present' ? holdingRows(contents.config.value) : []), layers]}
        none=""
      />
    </>
  );
}

function holdingRows(config: ImageConfig): Row[] {
  const commands = (['entrypoint', 'cmd', 'healthcheck', 'onBuild'] as const).filter((part) => config[part].length > 0);
  const names = (['env', 'exposedPorts', 'volumes', 'labels'] as const).filter((part) => config[part].length > 0);
  return [
    ...commands.map((part) => row(partTitle(part), <code>{commandWords(config[part])}</code>)),
    ...(['user', 'workingDir', 'platform'] as const).map((part) => row(partTitle(part), textWords(part, config[part]))),
    ...names.map((part) => row(partTitle(part), nameWords(config[part]))),
  ];
}
