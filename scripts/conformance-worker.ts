import { PUBLIC_GOOD } from '../src/domain/authority.ts';
import type { Digest } from '../src/domain/digest.ts';
import type { FoundSignature } from '../src/domain/signature.ts';
import { isBy } from '../src/domain/trust.ts';
import { checkKey } from '../src/sigstore/keys.ts';
import { createSignatureVerifier } from '../src/sigstore/verifier.ts';
import { verifyContent } from '../src/sigstore/verify-content.ts';
import type { Trust } from '../src/usecases/ports.ts';

/** One case of a conformance file: a bundle, what it signs, and who is to have signed it. */
export interface ConformanceCase {
  readonly name: string;
  readonly expect: 'pass' | 'fail';
  readonly bundleText: string;
  readonly artifactB64: string;
  /** A trusted_root.json. */
  readonly trustedRoot: unknown;
  /** Of the certificate, exact. */
  readonly identity?: string;
  readonly issuer?: string;
  /** PEM: the bundle is to be signed with this key. */
  readonly key?: string;
  readonly keyPem?: string;
}

export interface ConformanceAnswer {
  readonly got: 'pass' | 'fail';
  readonly reason: string;
}

/**
 * `POST` of a case: whether the product trusts it. Through the verifier that the product uses; what stands in an image's
 * place, an artifact, is handed in beside the bundle, since a bundle may sign its bytes.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await judge((await request.json()) as ConformanceCase));
  },
};

async function judge(one: ConformanceCase): Promise<ConformanceAnswer> {
  const artifact = bytesOf(one.artifactB64);
  const pem = one.key ?? one.keyPem;
  const key = pem === undefined ? null : checkKey(pem);
  if (key?.ok === false) return { got: 'fail', reason: `key: ${key.reason}` };
  const about = await sha256(artifact);
  const json = JSON.stringify(one.trustedRoot);
  const trust: Trust = {
    roots: [{ name: PUBLIC_GOOD, id: await sha256(new TextEncoder().encode(json)), json, stale: false }],
    keys:
      pem === undefined || key === null
        ? []
        : [{ data: pem, fingerprint: key.fingerprint, transparencyLog: 'require' }],
  };
  const verifier = createSignatureVerifier({
    verifyContent: (content, ...rest) =>
      verifyContent(content.kind === 'bundle' ? { ...content, artifact } : content, ...rest),
  });
  const content = { kind: 'bundle', bytes: new TextEncoder().encode(one.bundleText) } as const;
  const [found] = await verifier.verify(
    [{ place: 'referrers-api', image: null, about, source: about, content }],
    trust,
  );
  if (found === undefined) throw new Error('The verifier said nothing.');
  if (found.state !== 'valid') return { got: 'fail', reason: `${found.state}, ${found.problem}: ${found.reason}` };
  return answer(one, found, key?.fingerprint ?? null);
}

/** Whether it is by whom the case says, as a policy's authority decides it. */
function answer(one: ConformanceCase, found: FoundSignature, key: Digest | null): ConformanceAnswer {
  const attestations = found.predicateType === null ? undefined : [{ predicateType: found.predicateType }];
  const isTrusted = isBy(
    key === null
      ? { keyless: { oidcIssuer: one.issuer ?? '', identity: { subject: one.identity ?? '' } }, attestations }
      : { key: { data: '', fingerprint: key, transparencyLog: 'require' }, attestations },
    found,
  );
  const { signer } = found;
  const by =
    signer?.kind === 'keyless' ? `${signer.subject}, issuer ${signer.oidcIssuer}` : (signer?.fingerprint ?? '');
  return { got: isTrusted ? 'pass' : 'fail', reason: `${isTrusted ? 'valid' : 'valid, of another signer'}: ${by}` };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

async function sha256(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
