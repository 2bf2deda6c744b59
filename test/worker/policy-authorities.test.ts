import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { PrivateSigstore } from '../fixtures/private-sigstore.ts';
import { type Answer, addKey, TestInstallation } from '../fixtures/worker.ts';

const ISSUER = 'https://token.actions.githubusercontent.com';
const keyless = {
  oidcIssuer: ISSUER,
  identity: { subject: 'https://github.com/octo-org/app/.github/workflows/release.yml@refs/heads/main' },
};

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const p256 = ec('P-256');
const ours = pem(p256.publicKey);
const fingerprint = `sha256:${createHash('sha256')
  .update(p256.publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex')}`;
const privateKey = p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let pushwarden: TestInstallation;
let sigstore: PrivateSigstore;
let registered = 0;

beforeAll(async () => {
  sigstore = await PrivateSigstore.start();
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
});
afterAll(async () => {
  await Promise.all([pushwarden.stop(), sigstore.stop()]);
});

/** A policy with these authorities, of an image of its own. */
function register(authorities: unknown, more: object = {}): Promise<Answer> {
  registered += 1;
  return pushwarden.api('POST', '/repositories', {
    image: `docker.io/org/app${registered}`,
    policy: { signatures: { authorities, ...more } },
  });
}

const problems = ({ json }: Answer): string[] =>
  (json.errors ?? []).map(({ field, problem }: { field: string; problem: string }) => `${field}: ${problem}`);

describe('a policy that says who may sign', () => {
  test('is stored as lists of lists, with the fingerprint of each key, and can be written back', async () => {
    const named = [{ keyless }, { name: 'ours', key: { data: ours } }];
    const { status, json } = await register(named);
    expect(status).toBe(201);
    expect(json.policy.signatures).toEqual({
      mode: 'require',
      authorities: [
        [{ keyless }, { name: 'ours', key: { data: ours.trim(), transparencyLog: 'require', fingerprint } }],
      ],
    });
    const written = await pushwarden.api('PATCH', `/repositories/${json.id}`, { policy: json.policy });
    expect([written.status, written.json.policy]).toEqual([200, json.policy]);
    const read = await pushwarden.api('GET', `/repositories/${json.id}`);
    expect(read.json.policy).toEqual(json.policy);
  });

  const types: [string, KeyObject][] = [
    ['ECDSA P-256', p256.publicKey],
    ['ECDSA P-384', ec('P-384').publicKey],
    ['RSA 2048', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
  ];
  test.each(types)('takes a key of type %s', async (_, key) => {
    const { status, json } = await register([{ key: { data: pem(key), transparencyLog: 'ignore' } }]);
    expect(status).toBe(201);
    expect(json.warnings).toContainEqual(expect.stringMatching(/nothing says when it signed/));
  });

  const key = (data: string) => [{ key: { data } }];
  const unfit: [string, unknown, RegExp][] = [
    ['is no PEM', key('c2hhMjU2'), /key\.data: .*PEM/],
    [
      'is PEM of nothing',
      key('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'),
      /key\.data: .*no public key/,
    ],
    ['is private', key(privateKey), /key\.data: it is a private key/],
    ['is private and beside its public half', key(privateKey + ours), /key\.data: /],
    ['is two', key(ours + pem(ec('P-256').publicKey)), /key\.data: it has more than one key/],
    [
      'is a certificate',
      key('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
      /key\.data: it is a certificate/,
    ],
    [
      'is RSA with 1024 bits',
      key(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)),
      /1024 bits, which is too short/,
    ],
    ['is on a curve that cosign does not use', key(pem(ec('secp256k1').publicKey)), /key\.data: /],
    ['is P-521', key(pem(ec('P-521').publicKey)), /key\.data: .*curve/],
    ['is for encryption only', key(pem(generateKeyPairSync('x25519').publicKey)), /key\.data: /],
    [
      'stands there twice',
      [...key(ours), ...key(`${ours}\n`)],
      /0\.1\.key\.data: the same key stands in this list already/,
    ],
    [
      'is verified by a root that nobody added',
      [{ key: { data: ours }, trustedRoot: 'theirs' }],
      /trustedRoot: there is no trusted root "theirs"/,
    ],
  ];
  test.each(unfit)('is refused when a key %s, with the reason and without the key', async (_, authorities, reason) => {
    const answer = await register(authorities);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    expect(problems(answer)).toEqual([expect.stringMatching(reason)]);
    expect(problems(answer)[0]).toMatch(/^policy\.signatures\.authorities\.0\.[01]\./);
    expect(JSON.stringify(answer.json)).not.toMatch(/BEGIN (EC |RSA )?PRIVATE|MIG|MIIC/);
  });

  test('leaves nothing of a private key anywhere', async () => {
    const { json } = await pushwarden.api('GET', '/audit-log');
    const secret = privateKey.split('\n')[1] ?? '';
    expect(secret).not.toBe('');
    expect(JSON.stringify(json)).not.toContain(secret);
    const rows = await pushwarden.db.prepare('SELECT policy FROM repositories').all<{ policy: string }>();
    expect(JSON.stringify(rows.results)).not.toContain(secret);
  });

  test('names trusted roots of its own team, and no others', async () => {
    const theirs = `pwk_${'b'.repeat(43)}`;
    await addKey(pushwarden.db, 2, 'other', theirs);
    const given = { name: 'ours', trustedRoot: JSON.parse(sigstore.trustedRoot) };
    const named = { policy: { signatures: { authorities: [{ keyless, trustedRoot: 'ours' }] } } };
    const reason = /trustedRoot: there is no trusted root "ours": give it with POST \/api\/v1\/trusted-roots/;
    expect(problems(await register([{ keyless, trustedRoot: 'ours' }]))).toEqual([expect.stringMatching(reason)]);
    expect((await pushwarden.api('POST', '/trusted-roots', given)).status).toBe(201);
    expect((await register([{ keyless, trustedRoot: 'ours' }])).status).toBe(201);
    const other = await pushwarden.api('POST', '/repositories', { image: 'docker.io/org/their', ...named }, theirs);
    expect(problems(other)).toEqual([expect.stringMatching(reason)]);
  });

  test('is refused where it could never match, when it is registered and when it is changed', async () => {
    const known = (await register([{ keyless }])).json;
    const policies = [
      { signatures: { mode: 'require' } },
      { signatures: { authorities: [{ keyless: { ...keyless, identity: { subjectRegExp: 'octo-org' } } }] } },
      { signatures: { authorities: key(privateKey) } },
    ];
    for (const policy of policies) {
      const changed = await pushwarden.api('PATCH', `/repositories/${known.id}`, { policy });
      expect(changed.status).toBe(400);
      expect(changed.json.errors.length).toBeGreaterThan(0);
    }
    expect((await pushwarden.api('GET', `/repositories/${known.id}`)).json.policy).toEqual(known.policy);
  });

  test('from before there were authorities is still read, and says what it lacks', async () => {
    const { json } = await register([{ keyless }]);
    const { authorities: _, ...signatures } = json.policy.signatures;
    const { lookUpRun: __, ...ci } = json.policy.ci;
    await pushwarden.db
      .prepare('UPDATE repositories SET policy = ?2 WHERE id = ?1')
      .bind(json.id, JSON.stringify({ ...json.policy, ci, signatures }))
      .run();
    const { status, json: read } = await pushwarden.api('GET', `/repositories/${json.id}`);
    expect([status, read.policy.signatures]).toEqual([200, { mode: 'require' }]);
    expect(read.warnings).toContainEqual(
      expect.stringMatching(/^signatures\.authorities names nobody: .*undetermined/),
    );
  });

  test('is described in the OpenAPI document', async () => {
    const { json } = await pushwarden.request('/api/v1/openapi.json');
    const { schemas } = json.components;
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining([
        'Authority',
        'KeylessAuthority',
        'SigningKey',
        'Signature',
        'VerifiedImage',
        'PolicySuggestion',
      ]),
    );
    const { authorities } = schemas.PolicyInput.properties.signatures.properties;
    expect(authorities.anyOf).toHaveLength(2);
    expect(JSON.stringify(json)).not.toContain('#/$defs/');
    const references = [...JSON.stringify(json).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.filter((name) => !((name ?? '') in schemas))).toEqual([]);
  });
});
