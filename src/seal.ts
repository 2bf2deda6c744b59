import { InvalidSettings } from './settings.ts';
import type { Seal } from './usecases/ports.ts';

interface SealKey {
  readonly id: string;
  readonly key: ReturnType<typeof crypto.subtle.importKey>;
}

const KEY = /^([A-Za-z0-9_-]{1,16}):([A-Za-z0-9+/]{43}=)$/;

/**
 * AES-256-GCM under keys from ENCRYPTION_KEYS (`id:base64` of 32 bytes, comma separated). The first encrypts, all
 * decrypt: put a new one in front to rotate. The text is `id.iv.ciphertext`; the context is authenticated with it, so
 * that a stored secret cannot be moved to another place.
 * @throws InvalidSettings if a key is not of that form; the message does not contain it.
 */
export function createSeal(keys: string): Seal {
  const ring = keys
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(importKey);
  const [first] = ring;
  if (first === undefined) throw new InvalidSettings('ENCRYPTION_KEYS is empty: see docs/configuration.md');

  return {
    async seal(plain, context) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const algorithm = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) };
      const sealed = await crypto.subtle.encrypt(algorithm, await first.key, new TextEncoder().encode(plain));
      return `${first.id}.${toBase64(iv)}.${toBase64(new Uint8Array(sealed))}`;
    },
    async open(sealed, context) {
      const [id, iv = '', ciphertext = ''] = sealed.split('.');
      const found = ring.find((each) => each.id === id);
      if (found === undefined)
        throw new Error(`ENCRYPTION_KEYS has no key "${id?.slice(0, 16)}" that a stored secret needs`);
      const algorithm = { name: 'AES-GCM', iv: fromBase64(iv), additionalData: new TextEncoder().encode(context) };
      return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, await found.key, fromBase64(ciphertext)));
    },
  };
}

function importKey(part: string): SealKey {
  const [, id, bytes] = KEY.exec(part) ?? [];
  if (id === undefined || bytes === undefined) {
    throw new InvalidSettings('ENCRYPTION_KEYS must be id:base64-of-32-bytes, comma separated');
  }
  return { id, key: crypto.subtle.importKey('raw', fromBase64(bytes), 'AES-GCM', false, ['encrypt', 'decrypt']) };
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
