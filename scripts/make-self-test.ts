import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Signer, sha256, signBytes, verifierPem } from '../test/fixtures/sigstore/signer.ts';

/**
 * Writes what the Worker tests its cryptography with, node scripts/make-self-test.ts: a signature under a trusted root
 * that exists nowhere else, and one that does not fit. Of every kind that public signatures need: ECDSA over P-384 (the
 * certificate), over P-256 with a digest named (its log's promise) and without (the entry's, the signature).
 */

const FILE = path.join(import.meta.dirname, '../src/sigstore/self-test-fixture.ts');

const about = `sha256:${sha256('an image').toString('hex')}`;
const signer = await Signer.create();
const by = await signer.certify('https://self-test.invalid/workflow', { 8: 'https://self-test.invalid' });
const payload = (optional: object | null): Buffer =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'self-test.invalid/image' },
        image: { 'docker-manifest-digest': about },
        type: 'cosign container image signature',
      },
      optional,
    }),
  );
const good = payload(null);
const signature = signBytes(good, by.keys);
const { inclusionPromise, canonicalizedBody, integratedTime, logIndex, logId } = await signer.log(
  'hashedrekord 0.0.1',
  { message: good, signature },
  by,
);
const { mediaType, tlogs, ctlogs, certificateAuthorities } = signer.trustedRoot;
const [rekor] = tlogs as readonly unknown[];

const fixture = {
  about,
  trustedRoot: JSON.stringify({ mediaType, tlogs: [rekor], ctlogs, certificateAuthorities }),
  payload: good.toString(),
  signature: signature.toString('base64'),
  wrongSignature: signBytes(payload({ altered: true }), by.keys).toString('base64'),
  certificate: verifierPem(by),
  bundle: JSON.stringify({
    SignedEntryTimestamp: inclusionPromise?.signedEntryTimestamp,
    Payload: {
      body: canonicalizedBody,
      integratedTime: Number(integratedTime),
      logIndex: Number(logIndex),
      logID: Buffer.from(logId.keyId, 'base64').toString('hex'),
    },
  }),
};

writeFileSync(
  FILE,
  `// Written by scripts/make-self-test.ts: change it there. None of it is trusted anywhere.\n\nexport const SELF_TEST = ${JSON.stringify(fixture, null, 2)} as const;\n`,
);
execFileSync('node_modules/.bin/biome', ['check', '--write', FILE], { stdio: 'inherit' });
