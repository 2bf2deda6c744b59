import { hashSecret, newSecret } from './secrets.ts';
import type { HookSecrets, Seal } from './usecases/ports.ts';

/** New secrets of webhooks: hashed where one is only compared, encrypted where it must be read back for an HMAC. */
export function createHookSecrets(seal: Seal): HookSecrets {
  return {
    newPublicId: () => newSecret().slice(0, 16),
    async issue(provider, publicId) {
      const secret = newSecret();
      const sealed = provider === 'github' ? await seal.seal(secret, `hook ${publicId}`) : null;
      return { publicId, secret, stored: { hash: await hashSecret(secret), sealed } };
    },
  };
}
