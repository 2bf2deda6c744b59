import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../action/', import.meta.url));
const DIGEST = `sha256:${'a'.repeat(64)}`;
const REQUEST_TOKEN = 'request-token.of.the-job';
const TOKEN_PATH = '/_apis/token';
const TOKEN_URL_QUERY = '?api-version=2.0';

interface Announced {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly path: string | undefined;
  readonly body: unknown;
}

/** GitHub's token endpoint and Pushwarden on one port; each token is another one. */
class Doubles {
  readonly tokensAsked: { readonly audience: string | null; readonly authorization: string | undefined }[] = [];
  readonly announced: Announced[] = [];
  /** Statuses and bodies of the next announcements; then 201. */
  readonly refusals: { readonly status: number; readonly body: string }[] = [];
  tokenStatus = 200;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));
  #url = '';

  get url(): string {
    return this.#url;
  }

  /** Every token handed out so far. */
  get tokens(): string[] {
    return this.tokensAsked.map((_, n) => `header.payload-${n + 1}.signature_-`);
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
    this.#url = `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers;
    const url = new URL(request.url ?? '', this.#url);
    if (url.pathname === TOKEN_PATH) {
      if (url.searchParams.get('api-version') !== '2.0') return void response.writeHead(400).end();
      this.tokensAsked.push({ audience: url.searchParams.get('audience'), authorization });
      const value = this.tokens.at(-1);
      return void response.writeHead(this.tokenStatus).end(JSON.stringify({ count: 1, value }));
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    const contentType = request.headers['content-type'];
    this.announced.push({ authorization, contentType, path: request.url, body: JSON.parse(text) });
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return void response.writeHead(refusal.status).end(refusal.body);
    const answer = { accepted: true, repositories: 1, windowEndsAt: '2026-01-01T00:00:00.000Z', job: 'run' };
    return void response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

const problem = (status: number, detail: string) => ({ status, body: JSON.stringify({ status, detail }) });

let doubles: Doubles;
let temporary: string;

beforeEach(async () => {
  doubles = new Doubles();
  await doubles.start();
  temporary = mkdtempSync(path.join(tmpdir(), 'pushwarden-action-test-'));
});
afterEach(async () => {
  const left = readdirSync(temporary);
  rmSync(temporary, { recursive: true, force: true });
  await doubles.stop();
  expect(left, 'temporary files are removed').toEqual([]);
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the script as the runner does. An `undefined` variable is left out. */
async function announce(variables: Readonly<Record<string, string | undefined>>): Promise<Ended> {
  const all = {
    PATH: process.env.PATH,
    RUNNER_TEMP: temporary,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${doubles.url}${TOKEN_PATH}${TOKEN_URL_QUERY}`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    PUSHWARDEN_URL: doubles.url,
    PUSHWARDEN_IMAGE: 'docker.io/org/app',
    PUSHWARDEN_RETRY_SECONDS: '0',
    ...variables,
  };
  const env = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const child = spawn('bash', [path.join(FOLDER, 'announce.sh')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null]; // ChildProcess: code, signal
  expectNoToken(output);
  return { code, output };
}

/** The runner swallows `::add-mask::` lines; everything else is in the log for all to read. */
function expectNoToken(output: string): void {
  const shown = output.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  for (const token of [REQUEST_TOKEN, ...doubles.tokens]) expect(shown.join('\n')).not.toContain(token);
}

const pushed = { PUSHWARDEN_PHASE: 'pushed', PUSHWARDEN_DIGEST: DIGEST };

describe('announcing a release', () => {
  it('announces all three phases, each with a token of its own for this Pushwarden', async () => {
    const started = await announce({ PUSHWARDEN_PHASE: 'started', PUSHWARDEN_URL: `${doubles.url}//` });
    await announce({ ...pushed, PUSHWARDEN_TAGS: '1.2.3, 1.2,latest' });
    const finished = await announce({ PUSHWARDEN_PHASE: 'finished' });

    const image = 'docker.io/org/app';
    expect(doubles.announced.map(({ body }) => body)).toEqual([
      { phase: 'started', image, tags: [] },
      { phase: 'pushed', image, digest: DIGEST, tags: ['1.2.3', '1.2', 'latest'] },
      { phase: 'finished', image, tags: [] },
    ]);
    expect(doubles.announced.map(({ authorization }) => authorization)).toEqual(
      doubles.tokens.map((t) => `Bearer ${t}`),
    );
    expect(new Set(doubles.tokens).size).toBe(3);
    expect(doubles.announced[0]).toMatchObject({ path: '/ci/announcements', contentType: 'application/json' });
    expect(doubles.tokensAsked[0]).toEqual({ audience: doubles.url, authorization: `Bearer ${REQUEST_TOKEN}` });
    expect(started).toMatchObject({ code: 0, output: expect.stringContaining('until 2026-01-01T00:00:00.000Z') });
    expect(finished).toMatchObject({ code: 0, output: expect.stringContaining('Announced to Pushwarden: finished') });
  });

  it('masks each token before it is used', async () => {
    const { output } = await announce(pushed);
    expect(output.split('\n')[0]).toBe(`::add-mask::${doubles.tokens[0]}`);
  });

  it('asks for the given audience, whatever characters it has', async () => {
    const audience = 'https://pushwarden.example.org/?a=1&b=ü #';
    await announce({ ...pushed, PUSHWARDEN_AUDIENCE: audience });
    expect(doubles.tokensAsked[0]?.audience).toBe(audience);
  });

  it('passes hostile strings on as strings', async () => {
    const tags = [
      '$(touch x)',
      '`id`',
      '"; drop',
      "it's",
      '::set-output name=a::b',
      '\\u0000',
      ['$', '{{ secrets.X }}'].join(''),
      '-rf *',
    ];
    const image = '"}, "phase": "finished';
    const digest = '$(id)\n::error::x';
    await announce({
      ...pushed,
      PUSHWARDEN_IMAGE: image,
      PUSHWARDEN_DIGEST: digest,
      PUSHWARDEN_TAGS: tags.join('\r\n'),
    });
    expect(doubles.announced[0]?.body).toEqual({ phase: 'pushed', image, digest, tags });
  });
});

describe('refusals and trouble', () => {
  it.each([400, 401, 403, 404, 302])('does not try again after %i, and says why', async (status) => {
    doubles.refusals.push(problem(status, 'No repository that is watched here names this job for that image.'));
    const { code, output } = await announce(pushed);
    expect(code).toBe(1);
    expect(output).toContain(`::error title=Pushwarden::pushed was not announced. Pushwarden answered ${status}`);
    expect(output).toContain('names this job');
    expect(doubles.announced).toHaveLength(1);
  });

  it('tries once more with a new token if the first was used before', async () => {
    doubles.refusals.push(problem(401, 'This token was used before: ask for a new one for each announcement.'));
    expect(await announce(pushed)).toMatchObject({ code: 0 });
    expect(new Set(doubles.announced.map(({ authorization }) => authorization)).size).toBe(2);
  });

  it('gives up if the second token was used before, too', async () => {
    const replay = problem(401, 'This token was used before: ask for a new one for each announcement.');
    doubles.refusals.push(replay, replay, replay);
    expect(await announce(pushed)).toMatchObject({ code: 1 });
    expect(doubles.announced).toHaveLength(2);
  });

  it('tries three times more after 5xx and 429, with a new token each time', async () => {
    doubles.refusals.push(problem(500, 'x'), problem(429, 'x'), { status: 502, body: '<html>' });
    expect(await announce(pushed)).toMatchObject({ code: 0 });
    expect(new Set(doubles.announced.map(({ authorization }) => authorization)).size).toBe(4);
  });

  it('gives up after four attempts', async () => {
    for (let n = 0; n < 9; n += 1) doubles.refusals.push(problem(503, 'The signing keys cannot be read.'));
    const { code, output } = await announce(pushed);
    expect(code).toBe(1);
    expect(output).toContain('answered 503: The signing keys cannot be read.');
    expect(doubles.announced).toHaveLength(4);
  });

  it('tries again if nothing answers', async () => {
    const { code, output } = await announce({ ...pushed, PUSHWARDEN_URL: 'http://127.0.0.1:9' });
    expect(code).toBe(1);
    expect(output).toContain('Pushwarden could not be reached');
    expect(doubles.tokensAsked).toHaveLength(4);
  });

  it('fails if GitHub gives no token', async () => {
    doubles.tokenStatus = 500;
    const { code, output } = await announce(pushed);
    expect(code).toBe(1);
    expect(output).toContain('GitHub gave no OIDC token (status 500).');
    expect(doubles.announced).toEqual([]);
  });

  it('lets no answer write commands of the runner, nor show the token', async () => {
    const token = 'header.payload-1.signature_-';
    doubles.refusals.push(problem(403, `no\n::add-path::/tmp/evil\r\n${token}`));
    const { output } = await announce(pushed);
    expect(output.split('\n').filter((line) => line.startsWith('::'))).toHaveLength(2);
    expect(output).toContain('no%0A::add-path::/tmp/evil%0D%0A***');
  });
});

describe('on-failure', () => {
  it.each(['started', 'finished'])('makes a failed %s a warning if asked to', async (phase) => {
    doubles.refusals.push(problem(403, 'no'));
    const { code, output } = await announce({ PUSHWARDEN_PHASE: phase, PUSHWARDEN_ON_FAILURE: 'warn' });
    expect(code).toBe(0);
    expect(output).toContain('::warning title=Pushwarden::');
  });

  it.each(['started', 'finished'])('makes a failed %s fail the step otherwise', async (phase) => {
    doubles.refusals.push(problem(403, 'no'));
    expect(await announce({ PUSHWARDEN_PHASE: phase })).toMatchObject({ code: 1 });
  });

  it('never forgives a failed pushed', async () => {
    doubles.refusals.push(problem(403, 'no'));
    expect(await announce({ ...pushed, PUSHWARDEN_ON_FAILURE: 'warn' })).toMatchObject({ code: 1 });
  });
});

describe('what it refuses before it asks anybody', () => {
  const cases: [name: string, variables: Record<string, string | undefined>, message: string][] = [
    ['no permission', { ACTIONS_ID_TOKEN_REQUEST_URL: undefined }, 'permissions: { id-token: write }'],
    ['no request token', { ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }, 'permissions: { id-token: write }'],
    ['an unknown phase', { PUSHWARDEN_PHASE: 'done' }, 'phase must be started, pushed or finished.'],
    ['no digest', { PUSHWARDEN_DIGEST: '' }, 'phase pushed needs the digest'],
    ['no image', { PUSHWARDEN_IMAGE: '' }, 'PUSHWARDEN_IMAGE is empty'],
    ['plain http', { PUSHWARDEN_URL: 'http://pushwarden.example.org' }, 'url must begin with https://'],
    ['a disguised address', { PUSHWARDEN_URL: 'http://127.0.0.1:80@evil.example' }, 'url must begin with https://'],
    ['an unknown on-failure', { PUSHWARDEN_ON_FAILURE: 'ignore' }, 'on-failure must be warn or fail.'],
    ['a retry time that is code', { PUSHWARDEN_RETRY_SECONDS: 'a[$(id)]' }, 'must be a number of seconds'],
  ];
  it.each(cases)('%s', async (_, variables, message) => {
    const { code, output } = await announce({ ...pushed, ...variables });
    expect(code).toBe(1);
    expect(output).toContain(message);
    expect([doubles.tokensAsked, doubles.announced]).toEqual([[], []]);
  });
});

it('never puts an expression into the text of a script', () => {
  const action = readFileSync(path.join(FOLDER, 'action.yml'), 'utf8');
  const scripts = action.split('\n').filter((line) => /^\s*(?:- )?run:/.test(line));
  expect(scripts).toEqual(['      run: bash "$GITHUB_ACTION_PATH/announce.sh"']);
  expect(action).not.toMatch(/^\s*(?:- )?uses:/m);
});
