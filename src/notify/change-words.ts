import type { ComparedPush } from '../domain/comparison.ts';
import type { LayerChange } from '../domain/image-change.ts';
import type { ConfigList, ConfigText, KnownContents, Layer, Spelling } from '../domain/image-contents.ts';
import { listInWords } from './signature-words.ts';
import { cleanName, cut } from './slack-text.ts';
import { utcMinute } from './utc.ts';

/** Words for what is different in an image. What its maker wrote is hostile: one line, nothing invisible, never endless. */

const PARTS: Readonly<Record<ConfigList | ConfigText, string>> = {
  entrypoint: 'Entrypoint',
  cmd: 'Command',
  healthcheck: 'Health check',
  onBuild: 'Runs in builds upon it',
  env: 'Variables',
  exposedPorts: 'Ports',
  volumes: 'Volumes',
  labels: 'Labels',
  user: 'User',
  workingDir: 'Folder',
  platform: 'Platform',
  created: 'Created',
};

export const partTitle = (part: ConfigList | ConfigText): string => PARTS[part];

const LONGEST_COMMAND = 600;
const LONGEST_NAME = 60;
const NAMES_SHOWN = 12;

/** A command as the JSON that it is in the configuration. */
export function commandWords(words: readonly string[]): string {
  return words.length === 0 ? 'none' : cut(cleanName(JSON.stringify(words)), LONGEST_COMMAND);
}

export function textWords(part: ConfigText, text: string): string {
  if (text === '') return part === 'user' ? 'not set, so root' : 'not set';
  const shown = cut(cleanName(text), LONGEST_NAME * 2);
  return part === 'user' && /^(?:0|root)(?::|$)/.test(text) ? `${shown} (root)` : shown;
}

/** `A, B and 3 more`. */
export function nameWords(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => cut(cleanName(name), LONGEST_NAME) || 'one without a name');
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** `62.1 MB`, in powers of ten as registries count. */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

const layersOf = (count: number): string => (count === 1 ? '1 layer' : `${count} layers`);

/** What is on each side, and what came of it. */
export function layerWords(change: LayerChange): {
  readonly before: string;
  readonly after: string;
  readonly same: boolean;
} {
  const { before, after, added, removed, sameFirst, reordered, unclear } = change;
  const total = ({ count, size }: LayerChange['before']): string => `${layersOf(count)}, ${sizeWords(size)}`;
  const parts = [
    ...(sameFirst > 0 && !reordered ? [`the first ${sameFirst === 1 ? 'one is' : `${sameFirst} are`} the same`] : []),
    ...(added.length > 0 ? [`${added.length} new (${sizeWords(sum(added))})`] : []),
    ...(removed.length > 0 ? [`${removed.length} gone (${sizeWords(sum(removed))})`] : []),
    ...(reordered ? ['the same in another order'] : []),
    ...(unclear ? ['there are more than we keep, and those may differ'] : []),
  ];
  const same = added.length + removed.length === 0 && !reordered && !unclear;
  return { before: total(before), after: `${total(after)}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`, same };
}

const sum = (layers: readonly Layer[]): number => layers.reduce((bytes, { size }) => bytes + size, 0);

/** Which image it is held against, and why that one. */
export function againstWords({ back, verdict, receivedAt }: ComparedPush): string {
  const at = utcMinute(receivedAt);
  const which = verdict === 'rogue' ? 'which is rogue too: no better one is known' : verdictOf(verdict);
  return back === 1
    ? `the image that the tag had before (${at}, ${which})`
    : `the last image of this tag that is not in doubt (${at}, ${which}); ${back - 1} in between ${back === 2 ? 'is' : 'are'} left out`;
}

const verdictOf = (verdict: ComparedPush['verdict']): string => verdict ?? 'judged by nobody';

/** Why contents are not there. Never to be taken for "no change". */
export function missingWords(known: Exclude<KnownContents, { readonly state: 'present' }>, now: number): string {
  switch (known.state) {
    case 'not-read':
      return 'Nobody has asked what it holds.';
    case 'waiting':
      return 'It is being read: look again in a few seconds.';
    case 'unavailable': {
      const next = known.nextAt === null ? 'It is not tried again by itself.' : triedAgain(known.nextAt, now);
      return `It could not be read (${utcMinute(known.triedAt)}): ${known.reason}. ${next}`;
    }
  }
}

const triedAgain = (at: number, now: number): string =>
  at <= now ? 'It is tried again now.' : `It is tried again at ${utcMinute(at)}.`;

/** Where tools may read something else than we do; `null`: it is written as it should be. */
export function spellingWords({ oddKeys, repeats }: Spelling): string | null {
  if (oddKeys.length === 0 && !repeats) return null;
  const odd =
    oddKeys.length === 0
      ? ''
      : ` It writes ${listInWords(oddKeys.map((key) => cut(cleanName(key), 40)))} in letters of its own.`;
  const twice = repeats ? ' It says some things twice.' : '';
  return `Tools may read something else there than we do.${odd}${twice} No build tool writes that.`;
}
