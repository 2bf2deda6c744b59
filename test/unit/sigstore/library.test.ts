import { bundleFromJSON } from '@sigstore/bundle';
import { crypto } from '@sigstore/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, test } from 'vitest';
import { repairVerify } from '../../../src/sigstore/runtime.ts';
import type { SignatureMaterial, Trust } from '../../../src/usecases/ports.ts';
import { content, MANIFEST, NAMES, trust, verify } from './made.ts';
import { TWINS, trustOf } from './twins.ts';

// The library is no use in workerd without it; verify (made.ts) brings it along, too.
repairVerify();

/** Verdicts of the product beside those of @sigstore/verify as it comes, which reads everything itself, slowly. */

/** Signed with SHA-384, where the library tries SHA-256 only. */
const MISSED_BY_LIBRARY = ['key P-384', 'key P-384, logged'];

/** As they are, without a change. */
const ONLY_WE_REFUSE = TWINS.filter(
  ({ missedByLibrary, change, changeRoot }) => missedByLibrary && change === undefined && changeRoot === undefined,
).map(({ of }) => of);

const keyOf = (pem: string): TrustMaterial['publicKey'] => {
  const publicKey = crypto.createPublicKey(pem);
  return () => ({ publicKey, validFor: () => true });
};

function plainVerdict(held: SignatureMaterial['content'], { roots, keys }: Trust): 'valid' | 'invalid' {
  if (held.kind !== 'bundle') throw new Error('the library reads bundles only');
  const text = new TextDecoder().decode(held.bytes);
  const isKeyed = text.includes('"publicKey"');
  const finders = isKeyed ? keys.map(({ data }) => keyOf(data)) : [undefined];
  for (const { json } of roots) {
    for (const finder of finders) {
      try {
        const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(json)), finder);
        const bundle = bundleFromJSON(JSON.parse(text));
        const hasLogs =
          material.tlogs.length > 0 && (!isKeyed || keys.some((key) => key.transparencyLog === 'require'));
        new Verifier(material, {
          tlogThreshold: hasLogs ? 1 : 0,
          ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
          timestampThreshold: isKeyed ? 0 : 1,
        }).verify(toSignedEntity(bundle, Buffer.from(MANIFEST)));
        return 'valid';
      } catch {
        // The next may do.
      }
    }
  }
  return 'invalid';
}

const isBundle = (name: string): boolean => content(name).kind === 'bundle';

describe('the verdict is that of @sigstore/verify', () => {
  const everything = trust({ roots: ['private', 'quiet'], keys: ['P-256', 'P-384', 'RSA', 'Ed25519'] });

  test.each(NAMES.filter(isBundle))('on %s', async (name) => {
    const held = content(name);
    const ours = await verify(held, everything, { artifact: MANIFEST });
    if (MISSED_BY_LIBRARY.includes(name)) expect(ours.state).toBe('valid');
    else if (ONLY_WE_REFUSE.includes(name))
      expect([ours.state, plainVerdict(held, everything)]).toEqual(['invalid', 'valid']);
    else expect(plainVerdict(held, everything)).toBe(ours.state);
  });

  test.each(TWINS.filter(({ of }) => isBundle(of)).map((twin) => [twin.of, twin.what, twin] as const))(
    'on %s, %s, unless only we see it',
    async (of, _what, twin) => {
      const held = content(of, twin.change);
      expect(plainVerdict(held, trustOf(twin))).toBe(twin.missedByLibrary === true ? 'valid' : 'invalid');
    },
  );
});
