import { crypto } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';
import type { Digest } from '../domain/digest.ts';
import type { FoundSignature } from '../domain/signature.ts';
import type {
  CosignAnnotations,
  SignatureMaterial,
  SignatureVerifier,
  Trust,
  TrustedRootData,
} from '../usecases/ports.ts';
import { readKey } from './keys.ts';
import { Recent } from './recent.ts';
import { printable, Refused } from './refused.ts';
import { type SelfTest, selfTest } from './self-test.ts';
import { InvalidTrustedRoot, loadTrustedRoot } from './trusted-root.ts';
import { formatOf, type Judged, refused, type SignatureContent, verifyContent } from './verify-content.ts';
import type { NamedRoot, TrustedKey } from './verify-signed.ts';

export interface SignatureVerifierOptions {
  /** Of the cryptography, asked before each verdict; by default the one that runs once per isolate. */
  readonly selfTest?: (() => SelfTest) | undefined;
  /** Verdicts that are remembered, 256 by default. */
  readonly remembered?: number | undefined;
  /** For counting; by default the real one. */
  readonly verifyContent?: typeof verifyContent | undefined;
}

/** A root or key is read once per isolate: it is asked for with every image. */
const roots = new Recent<{ readonly json: string; readonly root: Pick<NamedRoot, 'material' | 'reason'> }>(8);
const keys = new Recent<TrustedKey['public']>(64);

/**
 * Verifies signatures of images inside the Worker. `verify` never throws. Verdicts are remembered, except those that
 * may be different next time.
 */
export function createSignatureVerifier(options: SignatureVerifierOptions = {}): SignatureVerifier {
  const { selfTest: test = selfTest, remembered = 256, verifyContent: verifyOne = verifyContent } = options;
  const verdicts = new Recent<Judged>(remembered);
  return {
    async verify(materials, trust) {
      const tested = materials.some(({ content }) => wantsCryptography(content)) ? test() : { ok: true as const };
      const known = { roots: trust.roots.map(namedRoot), keys: trust.keys.flatMap(trustedKey), id: idOf(trust) };
      return materials.map((material) => found(material, verdictOn(material)));

      function verdictOn({ content, about }: SignatureMaterial): Judged {
        if (!wantsCryptography(content)) return verifyOne(content, about, [], []);
        if (!tested.ok) return refused(formatOf(content), new Refused('self-test', tested.reason), null);
        const name = `${contentId(content)} ${about} ${known.id}`;
        let verdict = verdicts.get(name);
        if (verdict === undefined) {
          verdict = verifyOne(content, about, known.roots, known.keys);
          if (verdict.state !== 'unavailable') verdicts.set(name, verdict);
        }
        return verdict;
      }
    },
  };
}

function found({ place, image, about, source }: SignatureMaterial, verdict: Judged): FoundSignature {
  return { place, image, about, source, ...verdict };
}

function wantsCryptography({ kind }: SignatureMaterial['content']): boolean {
  switch (kind) {
    case 'bundle':
    case 'simple-signing':
    case 'dsse':
      return true;
    case 'notation':
    case 'broken':
    case 'unreadable':
      return false;
  }
}

/** All that a verdict depends on besides the signature itself. */
function idOf(trust: Trust): Digest {
  const parts = [
    ...trust.roots.map(({ name, id, stale, json }) => [name, id, stale, json.length]),
    ...trust.keys.map(({ fingerprint, transparencyLog, data }) => [fingerprint, transparencyLog, data]),
  ];
  return sha256(Buffer.from(JSON.stringify(parts)));
}

function contentId(content: SignatureContent): string {
  switch (content.kind) {
    case 'bundle':
      return `bundle ${sha256(content.bytes)} ${content.artifact === undefined ? '' : sha256(content.artifact)}`;
    case 'simple-signing':
      return `simple-signing ${sha256(content.payload)} ${annotationsId(content.annotations)}`;
    case 'dsse':
      return `dsse ${sha256(content.envelope)} ${annotationsId(content.annotations)}`;
    case 'notation':
    case 'broken':
    case 'unreadable':
      return content.kind;
  }
}

function annotationsId({ signature, certificate, bundle, timestamp }: CosignAnnotations): Digest {
  return sha256(Buffer.from(JSON.stringify([signature, certificate, bundle, timestamp])));
}

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${crypto.digest('sha256', bytes).toString('hex')}`;
}

function namedRoot({ name, id, json, stale }: TrustedRootData): NamedRoot {
  let kept = roots.get(id);
  // The id says which text it is; the text itself decides.
  if (kept === undefined || kept.json !== json) {
    kept = { json, root: readRoot(json) };
    roots.set(id, kept);
  }
  return { name, stale, ...kept.root };
}

function readRoot(json: string): Pick<NamedRoot, 'material' | 'reason'> {
  try {
    const material: TrustMaterial = loadTrustedRoot(json);
    return { material, reason: null };
  } catch (error) {
    const reason = error instanceof InvalidTrustedRoot ? error.message : 'it cannot be read';
    return { material: null, reason: printable(reason) };
  }
}

/** A key that cannot be read was refused when the policy was saved; here it verifies nothing. */
function trustedKey({ data, fingerprint, transparencyLog }: Trust['keys'][number]): TrustedKey[] {
  let key = keys.get(data);
  if (key === undefined) {
    try {
      key = readKey(data);
    } catch {
      return [];
    }
    keys.set(data, key);
  }
  return key.fingerprint === fingerprint ? [{ public: key, transparencyLog }] : [];
}
