/**
 * A repair of the runtime for @tufjs/models, which hands keys to `crypto.verify` as `{ key: KeyObject, padding? }`, a form
 * that Node documents. workerd takes there nothing but PEM and DER, and throws; the library takes that for a bad
 * signature and so refuses every root. And it ignores `padding`, so that no RSA-PSS signature verifies. Without this
 * the client fails closed, and a suite run in Node never sees it.
 * @see https://nodejs.org/api/crypto.html#cryptoverifyalgorithm-data-key-signature-callback
 */

interface KeyObject {
  readonly asymmetricKeyType: string;
  export(options: { readonly type: 'spki'; readonly format: 'pem' }): string;
}

interface WrappedKey {
  readonly key: KeyObject;
  readonly padding?: number | undefined;
}

type Verify = (algorithm: string | null | undefined, data: Uint8Array, key: unknown, ...rest: unknown[]) => boolean;

/** What is used of `node:crypto`. */
interface NodeCrypto {
  verify: Verify;
  createVerify(algorithm: string): {
    update(data: Uint8Array): { verify(key: unknown, signature: unknown): boolean };
  };
  readonly constants: { readonly RSA_PSS_SALTLEN_AUTO: number };
}

let isRepaired = false;

/** Before the first signature; once per isolate. */
export function repairVerify(): void {
  if (isRepaired) return;
  isRepaired = true;
  // The very object that the library calls: the module's default export. `as`: its types are Node's, or none here.
  const nodeCrypto = process.getBuiltinModule('node:crypto') as unknown as NodeCrypto;
  const original = nodeCrypto.verify;
  nodeCrypto.verify = (algorithm, data, key, ...rest) => {
    if (!isWrapped(key)) return original(algorithm, data, key, ...rest);
    if (key.padding === undefined) return original(algorithm, data, key.key, ...rest);
    const { padding } = key;
    const saltLength = nodeCrypto.constants.RSA_PSS_SALTLEN_AUTO;
    const pem = key.key.export({ type: 'spki', format: 'pem' });
    return nodeCrypto
      .createVerify(algorithm ?? 'sha256')
      .update(data)
      .verify({ key: pem, padding, saltLength }, rest[0]);
  };
}

function isWrapped(key: unknown): key is WrappedKey {
  if (typeof key !== 'object' || key === null || !('key' in key)) return false;
  return typeof key.key === 'object' && key.key !== null && 'asymmetricKeyType' in key.key;
}
