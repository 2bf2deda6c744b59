import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

/** Every setting of the Worker; docs/configuration.md describes them. */
export const SETTINGS = [
  'PUBLIC_URL',
  'LOCAL',
  'ENCRYPTION_KEYS',
  'REGISTRIES',
  'REGISTRY_CREDENTIALS',
  'GITHUB_API_URL',
  'GITHUB_TOKEN',
  'DOCKERHUB_API_URL',
  'DOCKERHUB_POLL_MINUTES',
  'SLACK_API_URL',
  'SLACK_WEBHOOK_HOSTS',
  'EVENT_WEBHOOK_HOSTS',
  'SLACK_SIGNING_SECRET',
  'DISCORD_WEBHOOK_HOSTS',
  'TEAMS_WEBHOOK_HOSTS',
  'WEBHOOK_HOSTS',
  'EMAIL_FROM',
  'OIDC_ISSUERS',
  'OIDC_AUDIENCE',
  'TUF_MIRRORS',
  'GITHUB_OAUTH_CLIENT_ID',
  'GITHUB_OAUTH_CLIENT_SECRET',
  'GITHUB_OAUTH_URL',
  'ACCESS_TEAM_DOMAIN',
  'ACCESS_AUD',
  'SWEEP_MINUTES',
  'SWEEP_REQUESTS_PER_RUN',
] as const;

export type SettingName = (typeof SETTINGS)[number];
export type LocalSettings = Readonly<Partial<Record<SettingName, string>>>;

/** A setting whose value no env file can hold. */
export class UnwritableSetting extends Error {
  override readonly name = 'UnwritableSetting';
}

/** The settings among the shell's environment variables. */
export function settingsOfShell(env: Readonly<Record<string, string | undefined>>): LocalSettings {
  return Object.fromEntries(SETTINGS.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/**
 * Makes `file` (mode 0600) if there is none, and appends what a local installation needs and the file does not have.
 * What it has is never changed: the encryption key in it is the only one that opens the secrets in the database.
 * @returns everything that stands in the file, including variables that are not settings
 */
export function ensureSettingsFile(file: string, publicUrl: string): Readonly<Record<string, string>> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const present = parseEnv(text);
  const needed: LocalSettings = {
    LOCAL: 'true',
    PUBLIC_URL: publicUrl,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  };
  const missing = Object.entries(needed).filter(([name]) => present[name] === undefined);
  if (missing.length > 0) {
    const start =
      text === '' ? '# Settings of the local installation: docs/configuration.md. Keep ENCRYPTION_KEYS.\n' : '';
    const separator = text === '' || text.endsWith('\n') ? '' : '\n';
    mkdirSync(path.dirname(file), { recursive: true });
    const lines = missing.map(([name, value]) => `${name}=${quote(name, value)}\n`).join('');
    appendFileSync(file, `${separator}${start}${lines}`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return { ...definedOnly(present), ...Object.fromEntries(missing) };
}

/**
 * Writes settings for `wrangler dev --env-file`. A file, since `--var` would show secrets to everyone who can list
 * processes. In an env file wrangler expands `$NAME`, so every `$` is escaped.
 */
export function writeEnvFile(file: string, settings: Readonly<Record<string, string>>): void {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name}=${quote(name, value).replaceAll('$', '\\$')}\n`,
  );
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** Env files have three quotes and no way to escape them. */
function quote(name: string, value: string): string {
  if (/^[A-Za-z0-9_:/.@+=,-]*$/.test(value)) return value;
  const mark = ["'", '`', '"'].find((candidate) => !value.includes(candidate));
  if (mark === undefined || (mark === '"' && value.includes('\\'))) {
    throw new UnwritableSetting(`${name} contains three kinds of quotes; an env file cannot hold it.`);
  }
  return `${mark}${value}${mark}`;
}

const definedOnly = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\/?$/;

/**
 * What the Worker runs with: the file's settings, overridden by `vars`. A loopback PUBLIC_URL follows the port of this
 * run; any other (a tunnel's address) stays.
 */
export function effectiveSettings(
  fromFile: Readonly<Record<string, string>>,
  vars: LocalSettings,
  url: string,
): Record<string, string> {
  const settings = { ...fromFile, ...definedOnly(vars) };
  const { PUBLIC_URL: publicUrl = '' } = settings;
  return { ...settings, PUBLIC_URL: publicUrl === '' || LOOPBACK.test(publicUrl) ? url : publicUrl };
}
