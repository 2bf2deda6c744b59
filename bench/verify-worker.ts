import { bundleFromJSON } from '@sigstore/bundle';
import { crypto } from '@sigstore/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { verifyCertificateChain } from '@sigstore/verify/dist/key/certificate.js';
import { verifySCTs } from '@sigstore/verify/dist/key/sct.js';
import { getTSATimestamp } from '@sigstore/verify/dist/timestamp/index.js';
import { verifyTLogBody, verifyTLogInclusion } from '@sigstore/verify/dist/tlog/index.js';
import type { Digest } from '../src/domain/digest.ts';
import { readBundle } from '../src/sigstore/bundle.ts';
import { readKey } from '../src/sigstore/keys.ts';
import type { Signed } from '../src/sigstore/signed.ts';
import { loadTrustedRoot } from '../src/sigstore/trusted-root.ts';
import { createSignatureVerifier } from '../src/sigstore/verifier.ts';
import { verifyContent } from '../src/sigstore/verify-content.ts';
import type { NamedRoot, TrustedKey } from '../src/sigstore/verify-signed.ts';
import type { SignatureMaterial, SignatureVerifier, Trust } from '../src/usecases/ports.ts';
import signatures from '../test/fixtures/sigstore/signatures.json';
import { type Mode, STEPS, type Step } from './verify-steps.ts';

interface Prepared {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly root: NamedRoot & { readonly material: TrustMaterial };
  readonly keys: readonly TrustedKey[];
  readonly plain: TrustMaterial;
  readonly trust: Trust;
  readonly verifier: SignatureVerifier;
  readonly material: SignatureMaterial;
}

const ABOUT = signatures.image as Digest;
const prepared = new Map<string, Prepared>();

/** `GET /?mode=product&of=keyless%20v0.3&n=100`: does it so often. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const one = prepare(searchParams.get('of') ?? '');
    const mode = searchParams.get('mode') as Mode; // our own bench asks
    for (let n = 0; n < Number(searchParams.get('n')); n += 1) await run(mode, one);
    return new Response(null, { status: 202 });
  },
};

function prepare(name: string): Prepared {
  const known = prepared.get(name);
  if (known !== undefined) return known;
  const text = JSON.stringify((signatures.made as unknown as Record<string, { bundle: unknown }>)[name]?.bundle);
  const json = JSON.stringify(signatures.roots.private);
  const pem = signatures.keys['P-256'];
  const key = readKey(pem);
  const content = { kind: 'bundle', bytes: new TextEncoder().encode(text) } as const;
  const trust: Trust = {
    roots: [{ name: 'private', id: ABOUT, json, stale: false }],
    keys: [{ data: pem, fingerprint: key.fingerprint, transparencyLog: 'require' }],
  };
  const one: Prepared = {
    text,
    bytes: content.bytes,
    root: { name: 'private', stale: false, material: loadTrustedRoot(json), reason: null },
    keys: [{ public: key, transparencyLog: 'require' }],
    plain: toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(json)), () => ({
      publicKey: crypto.createPublicKey(pem),
      validFor: () => true,
    })),
    trust,
    verifier: createSignatureVerifier(),
    material: { place: 'referrers-api', image: null, about: ABOUT, source: ABOUT, content },
  };
  prepared.set(name, one);
  return one;
}

async function run(mode: Mode, one: Prepared): Promise<void> {
  switch (mode) {
    case 'product':
      return good(verifyContent({ kind: 'bundle', bytes: one.bytes }, ABOUT, [one.root], one.keys).reason);
    case 'remembered': {
      const [found] = await one.verifier.verify([one.material], one.trust);
      return good(found?.reason ?? null);
    }
    case 'plain': {
      const entity = toSignedEntity(bundleFromJSON(JSON.parse(one.text)));
      new Verifier(one.plain).verify(entity);
      return;
    }
    default:
      return runUntil(mode, one);
  }
}

function good(reason: string | null): void {
  if (reason !== null) throw new Error(reason);
}

/** The parts of the library's verifier, in the product's forms of certificate and timestamp. */
function runUntil(last: Step, { bytes, root, keys }: Prepared): void {
  const until = STEPS.indexOf(last);
  const signed = readBundle(bytes, ABOUT, null);
  const certificate = signed.by.kind === 'certificate' ? signed.by.certificate : null;
  if (until >= 1) signed.content.verifySignature(certificate?.key ?? (keys[0] as TrustedKey).public.key);
  if (until >= 2) log(signed, root.material);
  if (until >= 3)
    for (const each of signed.timestamps)
      getTSATimestamp(each, signed.content.signature, root.material.timestampAuthorities);
  if (certificate === null || until < 4) return;
  const [time] = times(signed);
  const path = verifyCertificateChain(time ?? new Date(0), certificate, root.material.certificateAuthorities);
  const [leaf, issuer] = path;
  if (until >= 5 && leaf !== undefined && issuer !== undefined) verifySCTs(leaf, issuer, root.material.ctlogs);
}

function log({ entries, content }: Signed, { tlogs }: TrustMaterial): void {
  for (const entry of entries) {
    verifyTLogInclusion(entry, tlogs);
    verifyTLogBody(entry, content);
  }
}

function times({ entries, timestamps }: Signed): Date[] {
  const logged = entries.filter(({ inclusionPromise }) => inclusionPromise !== undefined);
  return [
    ...logged.map(({ integratedTime }) => new Date(Number(integratedTime) * 1000)),
    ...timestamps.map(({ signingTime }) => signingTime),
  ];
}
