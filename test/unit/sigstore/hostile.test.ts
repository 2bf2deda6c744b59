import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSignatureVerifier } from '../../../src/sigstore/verifier.ts';
import type { SignatureMaterial } from '../../../src/usecases/ports.ts';
import { content, encode, fromBase64, type Loose, material, NAMES, toBase64, trust, verify } from './made.ts';

const trusted = trust({ roots: ['private', 'quiet'], keys: ['P-256', 'P-384', 'RSA', 'Ed25519'] });

const deep = (levels: number): string => `${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`;

type Change = readonly [what: string, change: (json: Loose) => void];

const material0 = (json: Loose): Loose => json.bundle.verificationMaterial;

const bundleChanges: readonly Change[] = [
  ['no media type', ({ bundle }) => (bundle.mediaType = undefined)],
  ['a media type that is no text', ({ bundle }) => (bundle.mediaType = {})],
  ['a version to come', ({ bundle }) => (bundle.mediaType = 'application/vnd.dev.sigstore.bundle.v0.4+json')],
  [
    'a version that only begins like one',
    ({ bundle }) => (bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.15'),
  ],
  ['no content', ({ bundle }) => (bundle.dsseEnvelope = undefined)],
  ['no envelope', ({ bundle }) => (bundle.dsseEnvelope = null)],
  ['an empty payload', ({ bundle }) => (bundle.dsseEnvelope.payload = '')],
  ['a payload that is no base64', ({ bundle }) => (bundle.dsseEnvelope.payload = '%%%%')],
  ['a payload cut off', ({ bundle }) => (bundle.dsseEnvelope.payload = bundle.dsseEnvelope.payload.slice(0, 41))],
  ['a payload that is no JSON', ({ bundle }) => (bundle.dsseEnvelope.payload = btoa('{'))],
  ['a payload that is a list', ({ bundle }) => (bundle.dsseEnvelope.payload = btoa('[]'))],
  ['a deep payload', ({ bundle }) => (bundle.dsseEnvelope.payload = btoa(deep(20_000)))],
  ['a payload of another type', ({ bundle }) => (bundle.dsseEnvelope.payloadType = 'text/plain')],
  ['no payload type', ({ bundle }) => (bundle.dsseEnvelope.payloadType = undefined)],
  ['no signature', ({ bundle }) => (bundle.dsseEnvelope.signatures = [])],
  ['two signatures', ({ bundle }) => bundle.dsseEnvelope.signatures.push(bundle.dsseEnvelope.signatures[0])],
  ['signatures that are none', ({ bundle }) => (bundle.dsseEnvelope.signatures = 'sig')],
  ['a signature that is a number', ({ bundle }) => (bundle.dsseEnvelope.signatures[0].sig = 7)],
  ['no material', ({ bundle }) => (bundle.verificationMaterial = undefined)],
  ['material that is a list', ({ bundle }) => (bundle.verificationMaterial = [1, 2, 3])],
  ['no certificate', (json) => (material0(json).certificate = undefined)],
  ['an empty certificate', (json) => (material0(json).certificate = {})],
  ['a certificate that is no DER', (json) => (material0(json).certificate.rawBytes = btoa('certificate'))],
  ['a certificate that is other DER', (json) => (material0(json).certificate.rawBytes = 'MAYCAQECAQI=')],
  [
    'a certificate cut off',
    (json) => (material0(json).certificate.rawBytes = material0(json).certificate.rawBytes.slice(0, 400)),
  ],
  ['a long certificate', (json) => (material0(json).certificate.rawBytes = toBase64(new Uint8Array(40_000)))],
  [
    'an empty chain',
    (json) => Object.assign(material0(json), { certificate: undefined, x509CertificateChain: { certificates: [] } }),
  ],
  ['many log entries', (json) => (material0(json).tlogEntries = new Array(17).fill(material0(json).tlogEntries[0]))],
  ['a log entry that is null', (json) => (material0(json).tlogEntries = [null])],
  ['an empty log entry', (json) => (material0(json).tlogEntries = [{}])],
  [
    'many timestamps',
    (json) =>
      (material0(json).timestampVerificationData = {
        rfc3161Timestamps: new Array(17).fill({ signedTimestamp: 'AAAA' }),
      }),
  ],
  [
    'a timestamp that is none',
    (json) =>
      (material0(json).timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: 'MAYCAQECAQI=' }] }),
  ],
  [
    'a long timestamp',
    (json) =>
      (material0(json).timestampVerificationData = {
        rfc3161Timestamps: [{ signedTimestamp: toBase64(new Uint8Array(70_000)) }],
      }),
  ],
  [
    'an envelope in its prototype only',
    ({ bundle }) => {
      Object.defineProperty(bundle, '__proto__', { value: { dsseEnvelope: bundle.dsseEnvelope }, enumerable: true });
      bundle.dsseEnvelope = undefined;
    },
  ],
];

const statements: readonly (readonly [what: string, change: (statement: Loose) => void])[] = [
  ['no type', (statement) => (statement._type = undefined)],
  ['a type to come', (statement) => (statement._type = 'https://in-toto.io/Statement/v2')],
  ['no predicate type', (statement) => (statement.predicateType = undefined)],
  ['a predicate type that is a list', (statement) => (statement.predicateType = ['https://slsa.dev/provenance/v1'])],
  ['no subject', (statement) => (statement.subject = undefined)],
  ['an empty subject', (statement) => (statement.subject = [])],
  ['a subject that is an object', (statement) => (statement.subject = { 0: statement.subject[0], length: 1 })],
  ['too many subjects', (statement) => (statement.subject = new Array(1025).fill(statement.subject[1]))],
];

describe('what is no signature is malformed, whatever it is', () => {
  test.each(bundleChanges)('a bundle with %s', async (_what, change) => {
    expect(await verify(content('keyless v0.3', change), trusted)).toMatchObject({
      state: 'invalid',
      problem: 'malformed',
    });
  });

  test.each(statements)('a statement with %s', async (_what, change) => {
    const altered = content('keyless v0.3', ({ bundle }) => {
      const statement = JSON.parse(atob(bundle.dsseEnvelope.payload));
      change(statement);
      bundle.dsseEnvelope.payload = btoa(JSON.stringify(statement));
    });
    expect(await verify(altered, trusted)).toMatchObject({ state: 'invalid', problem: 'malformed' });
  });

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['null', encode('null')],
    ['a list', encode('[]')],
    ['a text', encode('"bundle"')],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d)],
    ['UTF-16', new Uint8Array(new Uint16Array([0xfeff, 0x7b, 0x7d]).buffer)],
    ['deep', encode(deep(100_000))],
    ['wide', encode(`{"verificationMaterial":{"tlogEntries":[${'{},'.repeat(100_000)}{}]}}`)],
    ['longer than anyone’s', new Uint8Array((16 << 20) + 1).fill(0x20)],
  ])('bytes: %s', async (_what, bytes) => {
    expect(await verify({ kind: 'bundle', bytes }, trusted)).toMatchObject({ state: 'invalid', problem: 'malformed' });
  });

  test.each<Change>([
    ['no signature', ({ annotations }) => (annotations.signature = null)],
    ['an empty signature', ({ annotations }) => (annotations.signature = '')],
    ['a signature that is no base64', ({ annotations }) => (annotations.signature = 'sig nature')],
    ['a certificate that is no PEM', ({ annotations }) => (annotations.certificate = 'MIIB')],
    [
      'a certificate that is a key',
      ({ annotations }) => (annotations.certificate = annotations.certificate.replaceAll('CERTIFICATE', 'PUBLIC KEY')),
    ],
    ['a log entry that is no JSON', ({ annotations }) => (annotations.bundle = '{')],
    ['a log entry without a body', ({ annotations }) => (annotations.bundle = '{"Payload":{}}')],
    [
      'a log entry whose body is no JSON',
      ({ annotations }) => (annotations.bundle = annotations.bundle.replace(/"body":"[^"]+"/, '"body":"AAAA"')),
    ],
    [
      'a log entry of no log',
      ({ annotations }) => (annotations.bundle = annotations.bundle.replace(/"logID":"[^"]+"/, '"logID":"xyz"')),
    ],
    ['no promise', ({ annotations }) => (annotations.bundle = annotations.bundle.replace('SignedEntryTimestamp', 'S'))],
    ['a timestamp that is no JSON', ({ annotations }) => (annotations.timestamp = 'now')],
    ['a timestamp without a timestamp', ({ annotations }) => (annotations.timestamp = '{}')],
    ['a payload that is no JSON', (json) => (json.payload = 'payload')],
    [
      'a payload of another program',
      (json) => (json.payload = json.payload.replace('cosign container', 'atomic container')),
    ],
    ['a payload about nothing', (json) => (json.payload = json.payload.replace('docker-manifest-digest', 'digest'))],
    [
      'a payload about two',
      (json) =>
        (json.payload = json.payload.replace(
          '"docker-manifest-digest"',
          '"Docker-Manifest-Digest":"sha256:0","docker-manifest-digest"',
        )),
    ],
    [
      'a payload about a list',
      (json) =>
        (json.payload = json.payload.replace(/"docker-manifest-digest":("[^"]+")/, '"docker-manifest-digest":[$1]')),
    ],
  ])('cosign’s first layout with %s', async (_what, change) => {
    expect(await verify(content('.sig, keyless', change), trusted)).toMatchObject({
      state: 'invalid',
      problem: 'malformed',
    });
  });

  test('and the digest in its payload may be spelt as in cosign’s own example', async () => {
    const altered = content('.sig, keyless', (json) => {
      json.payload = json.payload.replace('docker-manifest-digest', 'Docker-manifest-digest');
    });
    // Understood, and then refused for what was altered.
    expect(await verify(altered, trusted)).toMatchObject({ problem: 'bad-signature' });
  });

  test.each<Change>([
    ['negative', (json) => (material0(json).tlogEntries[0].logIndex = '-1')],
    ['a fraction', (json) => (material0(json).tlogEntries[0].logIndex = 1.5)],
    ['a word', (json) => (material0(json).tlogEntries[0].inclusionProof.logIndex = 'first')],
    ['at a time before time', (json) => (material0(json).tlogEntries[0].integratedTime = -5)],
  ])('a place in the log that is %s is the log’s problem', async (_what, change) => {
    for (const name of ['keyless v0.3', 'keyless v0.3, Rekor v2'])
      expect(await verify(content(name, change), trusted)).toMatchObject({ problem: 'transparency-log' });
  });

  test.each([
    ['certificate', 'rawBytes', 40_000, 'its certificate is too long'],
    ['timestamp', 'signedTimestamp', 70_000, 'a timestamp of it is too long'],
  ])('a long %s is not even read', async (what, field, length, reason) => {
    const altered = content('keyless v0.3, Rekor v2', (json) => {
      const { certificate, timestampVerificationData } = material0(json);
      const holder = what === 'certificate' ? certificate : timestampVerificationData.rfc3161Timestamps[0];
      holder[field] = toBase64(new Uint8Array(length));
    });
    expect(await verify(altered, trusted)).toMatchObject({ problem: 'malformed', reason });
  });
});

describe('bytes in base64', () => {
  test.each(['!', ' ', '\u00e9', '='])('with %j in it are not read as if it were not there', async (junk) => {
    const found = await verify(
      content('keyless v0.3', ({ bundle }) => {
        const [signature] = bundle.dsseEnvelope.signatures;
        signature.sig = `${signature.sig.slice(0, 10)}${junk}${signature.sig.slice(10)}`;
      }),
      trusted,
    );
    expect(found).toMatchObject({ state: 'invalid', problem: 'malformed', reason: 'its sig is not base64' });
  });

  test('may be broken into lines, and without padding', async () => {
    const found = await verify(
      content('keyless v0.3', ({ bundle }) => {
        const [signature] = bundle.dsseEnvelope.signatures;
        signature.sig = signature.sig.replace(/=+$/, '').replace(/(.{20})/g, '$1\r\n');
      }),
      trusted,
    );
    expect(found.state).toBe('valid');
  });
});

describe('reasons', () => {
  test('carry a stranger’s text cut and without control characters', async () => {
    const found = await verify(
      content('.sig, about another image', (json) => {
        json.payload = JSON.stringify({
          critical: {
            type: 'cosign container image signature',
            image: { 'docker-manifest-digest': `\u001b[2J\u202e\n${'x'.repeat(5000)}` },
          },
        });
      }),
      trusted,
    );
    expect(found).toMatchObject({ state: 'invalid', problem: 'other-subject' });
    expect(found.reason?.length).toBeLessThanOrEqual(300);
    expect(found.reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('whatever the bytes, verify answers and does not throw', () => {
  const verifier = createSignatureVerifier();
  const bytesOf = (held: SignatureMaterial['content']): Uint8Array =>
    held.kind === 'bundle' ? held.bytes : held.kind === 'dsse' ? held.envelope : encode('');

  test('of a bundle with a few bytes changed', async () => {
    const names = NAMES.filter((name) => content(name).kind === 'bundle');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (name, changes) => {
          const original = bytesOf(content(name));
          const bytes = original.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const [found] = await verifier.verify([material({ kind: 'bundle', bytes })], trusted);
          expect(['valid', 'invalid', 'unsupported']).toContain(found?.state);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('of a certificate or timestamp with bits flipped: never valid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('certificate', 'timestamp'), fc.nat(), fc.nat(7), async (what, at, bit) => {
        const held = content('keyless v0.3, Rekor v2', (json) => {
          const { certificate, timestampVerificationData } = material0(json);
          const holder = what === 'certificate' ? certificate : timestampVerificationData.rfc3161Timestamps[0];
          const field = what === 'certificate' ? 'rawBytes' : 'signedTimestamp';
          const bytes = fromBase64(holder[field]);
          const place = at % bytes.length;
          bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
          holder[field] = toBase64(bytes);
        });
        const [found] = await verifier.verify([material(held)], trusted);
        // What a timestamp answers beside the signed part (its status) is signed by nobody.
        if (what === 'certificate') expect(found?.state).toBe('invalid');
        else expect(['valid', 'invalid']).toContain(found?.state);
      }),
      { numRuns: 150 },
    );
  });

  test('of any JSON in the place of a bundle, envelope or payload', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const annotations = { signature: text, certificate: text, bundle: text, timestamp: text };
        const found = await verifier.verify(
          [
            material({ kind: 'bundle', bytes: encode(text) }),
            material({ kind: 'dsse', envelope: encode(text), annotations }),
            material({ kind: 'simple-signing', payload: encode(text), annotations }),
          ],
          trusted,
        );
        for (const { state, problem } of found) expect([state, problem]).toEqual(['invalid', 'malformed']);
      }),
      { numRuns: 100 },
    );
  });
});
