import { describe, expect, test } from 'vitest';
import { createSeal } from '../../src/seal.ts';
import { InvalidSettings, readSettings } from '../../src/settings.ts';

const SECRET = 'correct-horse-battery-staple';
const DEPLOYED = { PUBLIC_URL: 'https://pushwarden.example' };

/** The error's message for these variables; fails if they are accepted. */
function problemWith(variables: Record<string, unknown>): string {
  try {
    readSettings(variables);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSettings);
    return String(error);
  }
  throw new Error('these settings were accepted');
}

describe('settings', () => {
  test('have defaults for everything', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      local: false,
      publicUrl: '',
      oidcAudience: '',
      sweepEveryMs: 900_000,
      sweepRequestsPerRun: 40,
    });
    expect([...settings.registries.keys()]).toEqual(['docker.io', 'ghcr.io']);
    expect(settings.oidcIssuers.map(({ kind }) => kind)).toEqual(['github', 'gitlab', 'buildkite']);
    expect(settings.slackWebhookHosts).toEqual(['hooks.slack.com', 'hooks.slack-gov.com']);
    expect(settings.eventWebhookHosts).toEqual([]);
  });

  test('are what was set: merged registries with their credentials, addresses without a slash at their end', () => {
    const settings = readSettings({
      ...DEPLOYED,
      PUBLIC_URL: 'https://pushwarden.example/',
      REGISTRIES: JSON.stringify({ 'quay.io': { url: 'https://quay.io/' } }),
      REGISTRY_CREDENTIALS: JSON.stringify({ 'docker.io': { username: 'robot', password: SECRET } }),
      SLACK_WEBHOOK_HOSTS: ' Hooks.Slack.com , ,',
      EVENT_WEBHOOK_HOSTS: 'SIEM.acme.dev, in.corp:8443',
      SWEEP_MINUTES: '60',
      GITHUB_TOKEN: '',
    });
    expect(settings).toMatchObject({
      publicUrl: 'https://pushwarden.example',
      oidcAudience: 'https://pushwarden.example',
      sweepEveryMs: 3_600_000,
    });
    expect(settings.registries.get('quay.io')).toEqual({ url: 'https://quay.io' });
    expect(settings.registries.get('docker.io')).toMatchObject({ username: 'robot', password: SECRET });
    expect(settings.slackWebhookHosts).toEqual(['hooks.slack.com']);
    expect(settings.eventWebhookHosts).toEqual(['siem.acme.dev', 'in.corp:8443']);
    expect(settings.githubToken).toBeUndefined();
  });

  test('may name this machine in a local installation only', () => {
    for (const PUBLIC_URL of ['http://127.0.0.1:8787', 'http://localhost:8787', 'http://[::1]:8787'])
      expect(readSettings({ LOCAL: 'true', PUBLIC_URL }).publicUrl).toBe(PUBLIC_URL);
  });

  const refused: [string, string, Record<string, unknown>][] = [
    ['LOCAL', 'neither true nor false', { LOCAL: SECRET }],
    ['LOCAL', 'no text', { LOCAL: true }],
    ['PUBLIC_URL', 'no address', { PUBLIC_URL: SECRET }],
    ['PUBLIC_URL', 'no text', { PUBLIC_URL: 7 }],
    ['PUBLIC_URL', 'plain http', { PUBLIC_URL: 'http://pushwarden.example' }],
    ['PUBLIC_URL', 'plain http to elsewhere, though local', { LOCAL: 'true', PUBLIC_URL: 'http://10.0.0.1' }],
    [
      'PUBLIC_URL',
      'plain http to a name that begins like this machine',
      { LOCAL: 'true', PUBLIC_URL: 'http://127.0.0.1.evil.example' },
    ],
    ['PUBLIC_URL', 'this machine, though not local', { PUBLIC_URL: 'https://localhost' }],
    ['PUBLIC_URL', 'this machine by number, though not local', { PUBLIC_URL: 'https://2130706433' }],
    ['PUBLIC_URL', 'a script', { PUBLIC_URL: 'javascript:alert(1)' }],
    ['PUBLIC_URL', 'with credentials', { PUBLIC_URL: `https://user:${SECRET}@pushwarden.example` }],
    ['PUBLIC_URL', 'with a user', { PUBLIC_URL: `https://${SECRET}@pushwarden.example` }],
    ['REGISTRIES', 'no JSON', { REGISTRIES: `{${SECRET}` }],
    ['REGISTRIES', 'a list', { REGISTRIES: '[]' }],
    ['REGISTRIES', 'an entry without address', { REGISTRIES: '{"quay.io":{}}' }],
    [
      'REGISTRIES',
      'an entry with a password',
      { REGISTRIES: `{"quay.io":{"url":"https://quay.io","password":"${SECRET}"}}` },
    ],
    ['REGISTRIES quay.io', 'plain http', { REGISTRIES: '{"quay.io":{"url":"http://quay.io"}}' }],
    ['REGISTRIES quay.io', 'this machine', { REGISTRIES: '{"quay.io":{"url":"http://127.0.0.1:5000"}}' }],
    ['REGISTRIES quay.io', 'credentials', { REGISTRIES: `{"quay.io":{"url":"https://a:${SECRET}@quay.io"}}` }],
    [
      'REGISTRIES quay.io tokenRealm',
      'plain http',
      { REGISTRIES: '{"quay.io":{"url":"https://quay.io","tokenRealm":"http://quay.io/token"}}' },
    ],
    ['REGISTRY_CREDENTIALS', 'no JSON', { REGISTRY_CREDENTIALS: SECRET }],
    ['REGISTRY_CREDENTIALS', 'a text per host', { REGISTRY_CREDENTIALS: `{"docker.io":"robot:${SECRET}"}` }],
    ['REGISTRY_CREDENTIALS', 'a password alone', { REGISTRY_CREDENTIALS: `{"docker.io":{"password":"${SECRET}"}}` }],
    [
      'REGISTRY_CREDENTIALS',
      'a password as the key',
      { REGISTRY_CREDENTIALS: `{"docker.io":{"username":"a","password":"b","${SECRET}":"c"}}` },
    ],
    ['GITHUB_API_URL', 'plain http', { GITHUB_API_URL: 'http://api.github.com' }],
    ['SLACK_API_URL', 'this machine', { SLACK_API_URL: 'https://127.0.0.1/api' }],
    ['OIDC_ISSUERS', 'no JSON', { OIDC_ISSUERS: 'github' }],
    ['OIDC_ISSUERS', 'an unknown kind', { OIDC_ISSUERS: '[{"issuer":"https://ci.example","kind":"jenkins"}]' }],
    ['OIDC_ISSUERS', 'plain http', { OIDC_ISSUERS: '[{"issuer":"http://ci.example","kind":"github"}]' }],
    [
      'OIDC_ISSUERS',
      'plain http for the keys',
      { OIDC_ISSUERS: '[{"issuer":"https://ci.example","kind":"github","jwksUrl":"http://ci.example/keys"}]' },
    ],
    [
      'OIDC_ISSUERS',
      'an issuer that is no address',
      { OIDC_ISSUERS: '[{"issuer":"ci","kind":"github","jwksUrl":"https://ci.example/keys"}]' },
    ],
    ['SWEEP_MINUTES', 'no number', { SWEEP_MINUTES: 'often' }],
    ['SWEEP_MINUTES', 'nothing to wait', { SWEEP_MINUTES: '0' }],
    ['SWEEP_MINUTES', 'less than nothing', { SWEEP_MINUTES: '-5' }],
    ['SWEEP_MINUTES', 'for ever', { SWEEP_MINUTES: 'Infinity' }],
    ['SWEEP_REQUESTS_PER_RUN', 'too few to do anything', { SWEEP_REQUESTS_PER_RUN: '1' }],
    ['SWEEP_REQUESTS_PER_RUN', 'no number', { SWEEP_REQUESTS_PER_RUN: '4o' }],
    ['ENCRYPTION_KEYS', 'no text', { ENCRYPTION_KEYS: 5 }],
    ['GITHUB_TOKEN', 'no text', { GITHUB_TOKEN: 5 }],
  ];
  test.each(refused)('refuse %s if it is %s, by its name and without a secret', (name, _, variables) => {
    const message = problemWith({ ...DEPLOYED, ...variables });
    expect(message).toContain(name);
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain('[object');
  });
});

const key = (id: string, letter: string): string => `${id}:${btoa(letter.repeat(32))}`;

describe('a seal', () => {
  const seal = createSeal(key('new', 'n'));

  test('opens what it sealed, and shows nothing of it', async () => {
    for (const plain of ['', SECRET, 'ünïcødé 🔑', 'x'.repeat(10_000)]) {
      const sealed = await seal.seal(plain, 'channel');
      expect(await seal.open(sealed, 'channel')).toBe(plain);
      if (plain !== '') expect(sealed).not.toContain(plain);
      if (plain !== '') expect(atob(sealed.split('.')[2] ?? '')).not.toContain(plain.slice(0, 8));
    }
  });

  test('never makes the same text twice', async () => {
    const sealed = await Promise.all(Array.from({ length: 20 }, () => seal.seal(SECRET, 'channel')));
    expect(new Set(sealed).size).toBe(20);
  });

  test('opens nothing in another place', async () => {
    const sealed = await seal.seal(SECRET, 'hook a');
    await expect(seal.open(sealed, 'hook b')).rejects.toThrow();
    await expect(seal.open(sealed, '')).rejects.toThrow();
  });

  test('opens nothing that was changed', async () => {
    const [id, iv = '', text = ''] = (await seal.seal(SECRET, 'channel')).split('.');
    const flipped = (base64: string): string => {
      const bytes = Buffer.from(base64, 'base64');
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      return bytes.toString('base64');
    };
    expect(await seal.open(`${id}.${iv}.${text}`, 'channel')).toBe(SECRET);
    for (const changed of [
      `${id}.${flipped(iv)}.${text}`,
      `${id}.${iv}.${flipped(text)}`,
      `${id}.${iv}.`,
      `${id}..${text}`,
    ])
      await expect(seal.open(changed, 'channel')).rejects.toThrow();
  });

  test('opens with an older key what that one sealed, and seals with the first', async () => {
    const sealed = await createSeal(key('old', 'o')).seal(SECRET, 'channel');
    const both = createSeal(` ${key('new', 'n')} , ${key('old', 'o')} `);
    expect(await both.open(sealed, 'channel')).toBe(SECRET);
    const fresh = await both.seal(SECRET, 'channel');
    expect(fresh).toMatch(/^new\./);
    expect(await seal.open(fresh, 'channel')).toBe(SECRET);
  });

  test('says which key is missing, and fails with another of the same name', async () => {
    const sealed = await createSeal(key('old', 'o')).seal(SECRET, 'channel');
    await expect(seal.open(sealed, 'channel')).rejects.toThrow('ENCRYPTION_KEYS has no key "old"');
    await expect(createSeal(key('old', 'x')).open(sealed, 'channel')).rejects.toThrow();
  });

  const malformed = [
    '',
    ' , ',
    SECRET,
    `k1:${SECRET}`,
    `:${btoa('k'.repeat(32))}`,
    `k1:${btoa('k'.repeat(31))}`,
    `k1:${btoa('k'.repeat(33))}`,
    `${key('k1', 'k')},${SECRET}`,
    `k.1:${btoa('k'.repeat(32))}`,
  ];
  test.each(malformed)('refuses keys that are malformed without showing them (%#)', (keys) => {
    let message = '';
    try {
      createSeal(keys);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('ENCRYPTION_KEYS');
    for (const part of keys.split(/[,:]/).filter((each) => each.length > 4)) expect(message).not.toContain(part);
  });
});
