/**
 * Repairs the runtime for @sigstore/core. Its `verify` gives no digest name where Sigstore's default is meant; Node then
 * takes SHA-256 and workerd, whose BoringSSL has no default, throws, which the library takes for a bad signature. Without
 * this every honest signature with a log entry is refused, so it fails closed, and a suite run in Node never sees it.
 */

type Verify = (algorithm: string | null | undefined, data: Uint8Array, key: unknown, ...rest: unknown[]) => boolean;

const REPAIRED = Symbol.for('pushwarden.sigstore.verify');

/** Key types that need a digest; Ed25519 has its own. */
const NEED_DIGEST = ['ec', 'rsa'];

/** Once per isolate, however often it is called. */
export function repairVerify(): void {
  // The very object that @sigstore/core calls: the module's default export. `as`: its types are Node's, or none here.
  const nodeCrypto = process.getBuiltinModule('node:crypto') as unknown as { verify: Verify };
  const original = nodeCrypto.verify;
  if (REPAIRED in original) return;
  const verify: Verify = (algorithm, data, key, ...rest) =>
    original(algorithm ?? (needsDigest(key) ? 'sha256' : algorithm), data, key, ...rest);
  nodeCrypto.verify = Object.assign(verify, { [REPAIRED]: true });
}

/** A key, or `{ key }`, as others hand it to the same function. */
function needsDigest(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  if ('key' in key) return needsDigest(key.key);
  return (
    'asymmetricKeyType' in key &&
    typeof key.asymmetricKeyType === 'string' &&
    NEED_DIGEST.includes(key.asymmetricKeyType)
  );
}
