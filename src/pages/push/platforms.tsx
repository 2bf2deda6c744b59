import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Change, Platform, PlatformChange } from '../../domain/image-change.ts';
import { nameWords } from '../../notify/change-words.ts';
import { Digest } from '../parts/digest.tsx';
import { BeforeAfter, Missing, Odd, Parts, row } from './change-rows.tsx';
import { OneImage } from './one-image.tsx';

export const PLATFORMS_SHOWN = 6;

type PlatformsChange = Extract<Change, { readonly is: 'platforms' }>;

/** What is different where one of them is an index: platform by platform. */
export function Platforms({ change, now }: { readonly change: PlatformsChange; readonly now: number }): JSX.Element {
  const { added, removed, changed, unchanged, unnamed, unclear } = change;
  const kinds = { index: 'an index of platforms', image: 'one image, and no index' };
  const rows = [
    ...(change.before === change.after
      ? []
      : [row('Kind', <BeforeAfter before={kinds[change.before]} after={kinds[change.after]} />)]),
    ...(removed.length === 0 ? [] : [row('Platforms gone', <del>{platformNames(removed)}</del>)]),
    ...(added.length === 0 ? [] : [row('Platforms new', <ins>{platformNames(added)}</ins>)]),
    ...(changed.length === 0
      ? []
      : [
          row(
            'Platforms changed',
            changed
              .slice(0, PLATFORMS_SHOWN)
              .map((each) => (
                <BeforeAfter
                  before={<PlatformDigest platform={each.platform} digest={each.before} />}
                  after={<PlatformDigest platform={each.platform} digest={each.after} />}
                />
              )),
          ),
        ]),
  ];
  return (
    <>
      <Odd spelling={change.spelling} />
      <Parts caption="Platforms" rows={rows} none="The same images for the same platforms." />
      <p class="small muted">
        {unchanged.length === 0 ? '' : `Unchanged: ${nameWords(unchanged)}. `}
        {unnamed === 0 ? '' : `${unnamed} without a platform (build attestations) not compared. `}
        {unclear ? 'There are more than we keep, and those may differ.' : ''}
      </p>
      {changed.slice(0, PLATFORMS_SHOWN).map((each) => (
        <OnePlatform change={each} now={now} />
      ))}
      {changed.length > PLATFORMS_SHOWN ? (
        <p class="small">{`${changed.length - PLATFORMS_SHOWN} more platforms changed; they are in the JSON.`}</p>
      ) : null}
    </>
  );
}

const platformNames = (platforms: readonly Platform[]): string =>
  nameWords(platforms.map(({ platform }) => platform || 'no platform named'));

export function PlatformDigest({ platform, digest }: Platform): JSX.Element {
  return (
    <>
      {nameWords([platform])} <Digest digest={digest} />
    </>
  );
}

function OnePlatform({ change, now }: { readonly change: PlatformChange; readonly now: number }): JSX.Element {
  const name = nameWords([change.platform]);
  const [before, after] = change.unread;
  return (
    <>
      <h3>{name}</h3>
      {change.change === null ? (
        <>
          {after === undefined ? null : <Missing name="This image" known={after} now={now} />}
          {before === undefined ? null : <Missing name="The image before" known={before} now={now} />}
        </>
      ) : (
        <OneImage change={change.change} caption={`What changed for ${name}`} />
      )}
    </>
  );
}
