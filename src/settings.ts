import type { D1Database, Queue } from '@cloudflare/workers-types';
import * as z from 'zod';

/** Bindings and variables of the Worker, as wrangler.toml declares them. docs/configuration.md describes each. */
export interface Env {
  readonly DB: D1Database;
  readonly CHECKS: Queue;
  readonly NOTIFICATIONS: Queue;
  readonly [variable: string]: unknown;
}

/** A variable that cannot be used, in words for the person who set it. Never contains a secret's value. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL's hostname is this machine. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname) || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

const text = z.string().trim();
const registry = z.strictObject({
  url: text,
  tokenRealm: text.optional(),
  tokenService: text.optional(),
  blobHosts: z.array(text.toLowerCase()).optional(),
});
const credentials = z.strictObject({ username: text.min(1), password: z.string().min(1) });
const issuer = z.strictObject({
  issuer: text.min(1),
  kind: z.enum(['github', 'gitlab', 'circleci', 'buildkite']),
  jwksUrl: text.optional(),
  algorithms: z.array(z.string()).optional(),
});
const mirror = z.strictObject({ url: text.optional(), root: z.union([text.min(1), z.looseObject({})]).optional() });

const DEFAULT_REGISTRIES: Record<string, z.infer<typeof registry>> = {
  'docker.io': {
    url: 'https://registry-1.docker.io',
    tokenRealm: 'https://auth.docker.io/token',
    tokenService: 'registry.docker.io',
  },
  'ghcr.io': { url: 'https://ghcr.io', tokenRealm: 'https://ghcr.io/token', tokenService: 'ghcr.io' },
};
const DEFAULT_ISSUERS: z.infer<typeof issuer>[] = [
  { issuer: 'https://token.actions.githubusercontent.com', kind: 'github' },
  { issuer: 'https://gitlab.com', kind: 'gitlab' },
  { issuer: 'https://agent.buildkite.com', kind: 'buildkite' },
];

/**
 * A JSON variable: absent or empty means its default. With a `shape` that is all the message says: the names of keys
 * may be secrets too, when somebody got the shape wrong.
 */
function json<T>(name: string, schema: z.ZodType<T>, fallback: T, shape?: string) {
  return z
    .string()
    .optional()
    .transform((value, context): T => {
      if (value === undefined || value.trim() === '') return fallback;
      try {
        const parsed = schema.safeParse(JSON.parse(value));
        if (parsed.success) return parsed.data;
        const [issue] = parsed.error.issues;
        const where = `${name} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
        context.addIssue(shape === undefined ? where : `${name} must be ${shape}`);
      } catch {
        context.addIssue(`${name} is not JSON`);
      }
      return z.NEVER;
    });
}

const number = (name: string, fallback: number, min: number, max: number) =>
  z
    .string()
    .optional()
    .transform((value, context) => {
      const parsed = value === undefined || value.trim() === '' ? fallback : Number(value);
      if (Number.isFinite(parsed) && parsed >= min && parsed <= max) return parsed;
      context.addIssue(`${name} must be a number from ${min} to ${max}`);
      return z.NEVER;
    });

const variables = z.object({
  PUBLIC_URL: text.default(''),
  LOCAL: z.stringbool().default(false),
  ENCRYPTION_KEYS: z.string().default(''),
  REGISTRIES: json('REGISTRIES', z.record(z.string(), registry), {}),
  REGISTRY_CREDENTIALS: json(
    'REGISTRY_CREDENTIALS',
    z.record(z.string(), credentials),
    {},
    'a JSON object of registry hosts, each with username and password',
  ),
  DOCKERHUB_API_URL: text.default('https://hub.docker.com'),
  DOCKERHUB_POLL_MINUTES: number('DOCKERHUB_POLL_MINUTES', 5, 1, 1440),
  GITHUB_API_URL: text.default('https://api.github.com'),
  GITHUB_TOKEN: z.string().optional(),
  GITHUB_BUNDLE_HOSTS: text.default('tmaproduction.blob.core.windows.net'),
  SLACK_API_URL: text.default('https://slack.com/api'),
  SLACK_WEBHOOK_HOSTS: text.default('hooks.slack.com,hooks.slack-gov.com'),
  EVENT_WEBHOOK_HOSTS: text.default(''),
  OIDC_ISSUERS: json('OIDC_ISSUERS', z.array(issuer), DEFAULT_ISSUERS),
  OIDC_AUDIENCE: text.default(''),
  TUF_MIRRORS: json('TUF_MIRRORS', z.record(z.string().regex(/^[a-z0-9-]{1,40}$/), mirror).nullable(), null),
  GITHUB_OAUTH_CLIENT_ID: text.default(''),
  GITHUB_OAUTH_CLIENT_SECRET: z.string().default(''),
  GITHUB_OAUTH_URL: text.default('https://github.com/login/oauth'),
  ACCESS_TEAM_DOMAIN: text.default(''),
  ACCESS_AUD: text.default(''),
  SWEEP_MINUTES: number('SWEEP_MINUTES', 15, 1, 1440),
  SWEEP_REQUESTS_PER_RUN: number('SWEEP_REQUESTS_PER_RUN', 40, 2, 5000),
  SUBREQUESTS: number('SUBREQUESTS', 50, 30, 10_000),
});

/** The checked settings of an installation. */
export type Settings = ReturnType<typeof readSettings>;

/**
 * Reads and checks every variable.
 * @throws InvalidSettings naming the variable and what is wrong with it.
 */
export function readSettings(env: Record<string, unknown>) {
  const parsed = variables.safeParse(Object.fromEntries(Object.keys(variables.shape).map((name) => [name, env[name]])));
  if (!parsed.success) throw new InvalidSettings(parsed.error.issues.map(named).join('; '));
  const vars = parsed.data;
  const local = vars.LOCAL;
  const publicUrl = vars.PUBLIC_URL === '' ? '' : address('PUBLIC_URL', vars.PUBLIC_URL, local);
  const registries = { ...DEFAULT_REGISTRIES, ...vars.REGISTRIES };
  const endpoints = Object.entries(registries).map(([host, endpoint]) => {
    const { tokenRealm } = endpoint;
    return [
      host,
      {
        ...endpoint,
        url: address(`REGISTRIES ${host}`, endpoint.url, local),
        ...(tokenRealm === undefined
          ? {}
          : { tokenRealm: address(`REGISTRIES ${host} tokenRealm`, tokenRealm, local) }),
        ...vars.REGISTRY_CREDENTIALS[host],
      },
    ] as const;
  });
  for (const { issuer, jwksUrl } of vars.OIDC_ISSUERS) {
    address('OIDC_ISSUERS', issuer, local);
    if (jwksUrl !== undefined) address('OIDC_ISSUERS jwksUrl', jwksUrl, local);
  }
  return {
    publicUrl,
    local,
    encryptionKeys: vars.ENCRYPTION_KEYS,
    registries: new Map(endpoints),
    dockerHubApiUrl: address('DOCKERHUB_API_URL', vars.DOCKERHUB_API_URL, local),
    dockerHubPollMs: vars.DOCKERHUB_POLL_MINUTES * 60_000,
    githubApiUrl: address('GITHUB_API_URL', vars.GITHUB_API_URL, local),
    githubToken: vars.GITHUB_TOKEN === '' ? undefined : vars.GITHUB_TOKEN,
    slackApiUrl: address('SLACK_API_URL', vars.SLACK_API_URL, local),
    slackWebhookHosts: hosts(vars.SLACK_WEBHOOK_HOSTS),
    eventWebhookHosts: hosts(vars.EVENT_WEBHOOK_HOSTS),
    githubBundleHosts: hosts(vars.GITHUB_BUNDLE_HOSTS),
    oidcIssuers: vars.OIDC_ISSUERS,
    oidcAudience: vars.OIDC_AUDIENCE === '' ? publicUrl : vars.OIDC_AUDIENCE,
    tufMirrors: vars.TUF_MIRRORS === null ? null : mirrors(vars.TUF_MIRRORS, local),
    githubSignIn: githubSignIn(vars, local),
    access: access(vars, local),
    sweepEveryMs: vars.SWEEP_MINUTES * 60_000,
    sweepRequestsPerRun: vars.SWEEP_REQUESTS_PER_RUN,
    subrequests: vars.SUBREQUESTS,
  };
}

interface SignInVariables {
  readonly GITHUB_OAUTH_CLIENT_ID: string;
  readonly GITHUB_OAUTH_CLIENT_SECRET: string;
  readonly GITHUB_OAUTH_URL: string;
  readonly ACCESS_TEAM_DOMAIN: string;
  readonly ACCESS_AUD: string;
}

/** `null`: people do not sign in with GitHub here. */
function githubSignIn(vars: SignInVariables, local: boolean) {
  const { GITHUB_OAUTH_CLIENT_ID: clientId, GITHUB_OAUTH_CLIENT_SECRET: clientSecret } = vars;
  if ((clientId === '') !== (clientSecret === ''))
    throw new InvalidSettings('GITHUB_OAUTH_CLIENT_ID and GITHUB_OAUTH_CLIENT_SECRET go together: one is missing');
  const oauthUrl = address('GITHUB_OAUTH_URL', vars.GITHUB_OAUTH_URL, local);
  return clientId === '' ? null : { clientId, clientSecret, oauthUrl };
}

/** `null`: Cloudflare Access is not what lets people in here. */
function access(vars: SignInVariables, local: boolean) {
  const { ACCESS_TEAM_DOMAIN: domain, ACCESS_AUD: audience } = vars;
  if ((domain === '') !== (audience === ''))
    throw new InvalidSettings('ACCESS_TEAM_DOMAIN and ACCESS_AUD go together: one is missing');
  if (domain === '') return null;
  const issuer = domain.includes('://') ? domain : `https://${domain}`;
  return { issuer: address('ACCESS_TEAM_DOMAIN', issuer, local), audience };
}

function mirrors(given: Readonly<Record<string, z.infer<typeof mirror>>>, local: boolean) {
  const entries = Object.entries(given).map(([name, { url, root }]) => {
    const from = url === undefined ? undefined : address(`TUF_MIRRORS ${name}`, url, local);
    return [name, { url: from, root: typeof root === 'object' ? JSON.stringify(root) : root }] as const;
  });
  return Object.fromEntries(entries);
}

/** `a.example, b.example` */
function hosts(list: string): string[] {
  return list
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
}

/** zod's own messages do not name the variable; ours begin with it. */
function named({ path, message }: z.core.$ZodIssue): string {
  const name = String(path[0]);
  return message.startsWith(name) ? message : `${name}: ${message}`;
}

/** An address the Worker may talk to: https, or loopback in a local installation. Without a trailing slash. */
function address(name: string, value: string, local: boolean): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new InvalidSettings(`${name} is not a URL`);
  }
  const loopback = isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback && local)) {
    throw new InvalidSettings(
      `${name} must be https (plain http is for loopback addresses of a local installation only)`,
    );
  }
  if (loopback && !local)
    throw new InvalidSettings(`${name} is a loopback address: only a local installation (LOCAL) may use one`);
  if (url.username !== '' || url.password !== '') throw new InvalidSettings(`${name} must not contain credentials`);
  return value.replace(/\/+$/, '');
}
