import type { Digest } from '../../../src/domain/digest.ts';
import type { FoundSignature } from '../../../src/domain/signature.ts';
import { checkKey } from '../../../src/sigstore/keys.ts';
import { createSignatureVerifier } from '../../../src/sigstore/verifier.ts';
import { type Judged, type SignatureContent, verifyContent } from '../../../src/sigstore/verify-content.ts';
import type { CosignAnnotations, SignatureMaterial, Trust } from '../../../src/usecases/ports.ts';
import signatures from '../../fixtures/sigstore/signatures.json';

/** JSON that a test changes before it is verified. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the form, a test reaches into it.
export type Loose = any;

type Made =
  | { readonly kind: 'bundle'; readonly bundle: Loose }
  | { readonly kind: 'simple-signing'; readonly payload: string; readonly annotations: CosignAnnotations }
  | { readonly kind: 'dsse'; readonly envelope: string; readonly annotations: CosignAnnotations };

const made = signatures.made as unknown as Readonly<Record<string, Made>>;

export const IMAGE = signatures.image as Digest;
export const OTHER = signatures.other as Digest;
export const SUBJECT = signatures.subject;
export const GITHUB_ACTIONS = signatures.oidcIssuer;
export const KEYS: Readonly<Record<string, string>> = signatures.keys;
export const NAMES: readonly string[] = Object.keys(made);
export const MANIFEST = encode(signatures.manifest);

export function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** A signature by its name in signatures.json; `change` alters a copy of its JSON in place. */
export function content(name: string, change: (json: Loose) => void = () => undefined): SignatureMaterial['content'] {
  const json: Loose = structuredClone(made[name]);
  if (json === undefined) throw new Error(`signatures.json has no ${name}`);
  change(json);
  switch (json.kind) {
    case 'bundle':
      return { kind: 'bundle', bytes: encode(json.bundle) };
    case 'simple-signing':
      return { kind: 'simple-signing', payload: encode(json.payload), annotations: json.annotations };
    default:
      return { kind: 'dsse', envelope: encode(json.envelope), annotations: json.annotations };
  }
}

export type RootName = keyof typeof signatures.roots;

interface Trusting {
  readonly roots?: readonly RootName[];
  /** Alters a copy of each root. */
  readonly change?: ((root: Loose) => void) | undefined;
  readonly stale?: boolean;
  readonly keys?: readonly string[];
  readonly transparencyLog?: 'require' | 'ignore';
}

/** Roots and keys by their names in signatures.json. */
export function trust(options: Trusting = {}): Trust {
  const {
    roots = ['private'],
    change = () => undefined,
    stale = false,
    keys = [],
    transparencyLog = 'ignore',
  } = options;
  return {
    roots: roots.map((name) => {
      const root: Loose = structuredClone(signatures.roots[name]);
      change(root);
      return { name, id: fakeId(JSON.stringify(root)), json: JSON.stringify(root), stale };
    }),
    keys: keys.map((name) => {
      const data = KEYS[name] ?? '';
      const checked = checkKey(data);
      return { data, fingerprint: checked.ok ? checked.fingerprint : `sha256:${name}`, transparencyLog };
    }),
  };
}

/** Of a text: another one has another. */
function fakeId(text: string): Digest {
  let sum = 0;
  for (const char of text) sum = (Math.imul(sum, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return `sha256:${(sum >>> 0).toString(16).padStart(64, '0')}`;
}

export function material(held: SignatureMaterial['content'], about: Digest = IMAGE): SignatureMaterial {
  return { place: 'referrers-api', image: 'ghcr.io/octo-org/app', about, source: OTHER, content: held };
}

/** With a verifier of its own, which remembers nothing. `artifact`: the bytes that a message signature is over. */
export async function verify(
  held: SignatureMaterial['content'],
  trusted: Trust = trust(),
  options: { readonly about?: Digest; readonly artifact?: Uint8Array } = {},
): Promise<FoundSignature> {
  const { about = IMAGE, artifact } = options;
  const verifier = createSignatureVerifier({
    verifyContent: (what, ...rest): Judged => verifyContent(withArtifact(what, artifact), ...rest),
  });
  const [found] = await verifier.verify([material(held, about)], trusted);
  if (found === undefined) throw new Error('nothing was said');
  return found;
}

function withArtifact(what: SignatureContent, artifact: Uint8Array | undefined): SignatureContent {
  return what.kind === 'bundle' && artifact !== undefined ? { ...what, artifact } : what;
}

/** Changes one bit of bytes in base64. */
export function flip(base64: string, at = -1): string {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return toBase64(bytes);
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
