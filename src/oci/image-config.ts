import type { ConfigList, ConfigText, ImageConfig, ReadConfig, Spelling } from '../domain/image-contents.ts';
import { platformOf } from './platform.ts';
import { folded, isObject, spellingOf } from './spelling.ts';

/** What is kept of a configuration, whatever its maker put there. In characters, and in entries. */
export const CONFIG_CAPS = { word: 512, words: 64, name: 128, names: 512, text: 256 } as const;

const TOP_KEYS = ['created', 'architecture', 'os', 'variant', 'config'];
const RUN_KEYS = [
  'Entrypoint',
  'Cmd',
  'Healthcheck',
  'OnBuild',
  'Env',
  'ExposedPorts',
  'Volumes',
  'Labels',
  'User',
  'WorkingDir',
];
const HEALTH_KEYS = ['Test'];

interface Kept<T> {
  readonly value: T;
  readonly isCut: boolean;
}

/**
 * An image's configuration in short, from the bytes of its blob: what it runs, as whom, and names. Never values of
 * variables or labels.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 * @see https://github.com/moby/docker-image-spec/blob/main/spec.md (Healthcheck, OnBuild)
 */
export function narrowConfig(bytes: Uint8Array): ReadConfig {
  try {
    return { state: 'present', value: configFrom(new TextDecoder().decode(bytes)) };
  } catch {
    // No JSON, or JSON that is nested until nothing can be done with it.
    return { state: 'invalid', reason: 'it is no JSON object that can be read' };
  }
}

/** @throws SyntaxError, RangeError, TypeError */
function configFrom(written: string): ImageConfig {
  const parsed: unknown = JSON.parse(written);
  if (!isObject(parsed)) throw new TypeError('no object');
  const top = folded(parsed, TOP_KEYS);
  const run = folded(top.config, RUN_KEYS);
  const spelling = spellingOf(written, parsed, [
    [parsed, TOP_KEYS],
    [top.config, RUN_KEYS],
    [run.Healthcheck, HEALTH_KEYS],
  ]);
  return configOf(listsOf(run), textsOf(top, run), spelling);
}

function listsOf(run: Readonly<Record<string, unknown>>): Record<ConfigList, Kept<readonly string[]>> {
  return {
    entrypoint: command(run.Entrypoint),
    cmd: command(run.Cmd),
    healthcheck: command(folded(run.Healthcheck, HEALTH_KEYS).Test),
    onBuild: command(run.OnBuild),
    env: names(variables(run.Env)),
    exposedPorts: names(keysOf(run.ExposedPorts)),
    volumes: names(keysOf(run.Volumes)),
    labels: names(keysOf(run.Labels)),
  };
}

function textsOf(
  top: Readonly<Record<string, unknown>>,
  run: Readonly<Record<string, unknown>>,
): Record<ConfigText, Kept<string>> {
  return {
    user: text(run.User),
    workingDir: text(run.WorkingDir),
    platform: { value: platformOf(top), isCut: false },
    created: text(top.created),
  };
}

function configOf(
  lists: Record<ConfigList, Kept<readonly string[]>>,
  texts: Record<ConfigText, Kept<string>>,
  spelling: Spelling,
): ImageConfig {
  const all = { ...lists, ...texts };
  // The keys of both records are just these.
  const cut = (Object.keys(all) as (ConfigList | ConfigText)[]).filter((part) => all[part].isCut);
  const { entrypoint, cmd, healthcheck, onBuild, env, exposedPorts, volumes, labels } = lists;
  return {
    entrypoint: entrypoint.value,
    cmd: cmd.value,
    healthcheck: healthcheck.value,
    onBuild: onBuild.value,
    env: env.value,
    exposedPorts: exposedPorts.value,
    volumes: volumes.value,
    labels: labels.value,
    user: texts.user.value,
    workingDir: texts.workingDir.value,
    platform: texts.platform.value,
    created: texts.created.value,
    cut,
    spelling,
  };
}

/** Docker takes one text for a command of one word. What is no text is shown as the JSON it is. */
function command(value: unknown): Kept<readonly string[]> {
  const words = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const kept = words.slice(0, CONFIG_CAPS.words).map((word) => text(word, CONFIG_CAPS.word));
  return {
    value: kept.map((word) => word.value),
    isCut: words.length > kept.length || kept.some((word) => word.isCut),
  };
}

function text(value: unknown, most: number = CONFIG_CAPS.text): Kept<string> {
  const whole = typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
  return { value: whole.slice(0, most).toWellFormed(), isCut: whole.length > most };
}

function names(all: readonly string[]): Kept<readonly string[]> {
  const cut = all.map((name) => text(name, CONFIG_CAPS.name));
  const unique = [...new Set(cut.map(({ value }) => value))].sort();
  const isCut = unique.length > CONFIG_CAPS.names || cut.some((name) => name.isCut);
  return { value: unique.slice(0, CONFIG_CAPS.names), isCut };
}

/** `PATH` of `PATH=/bin`: the value may be a secret and goes nowhere. */
function variables(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one) => typeof one === 'string').map((one) => one.split('=', 1)[0] ?? '');
}

const keysOf = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);
