import type { CosignAnnotations } from '../usecases/ports.ts';
import { SELF_TEST } from './self-test-fixture.ts';
import { loadTrustedRoot } from './trusted-root.ts';
import { verifyContent } from './verify-content.ts';
import type { NamedRoot } from './verify-signed.ts';

/** Whether the cryptography of this isolate can be believed; else why not. */
export type SelfTest = { readonly ok: true } | { readonly ok: false; readonly reason: string };

let result: SelfTest | undefined;

/**
 * Verifies a signature that is good and one that is not, once per isolate. A runtime whose cryptography refuses what is
 * good would make every signature look forged, and one that accepts what is not would be worse.
 */
export function selfTest(): SelfTest {
  result ??= runSelfTest();
  return result;
}

/** `verify`: for a test of the test. */
export function runSelfTest(verify: typeof verifyContent = verifyContent): SelfTest {
  try {
    const { about, trustedRoot, payload, signature, wrongSignature, certificate, bundle } = SELF_TEST;
    const root: NamedRoot = { name: 'self-test', stale: false, material: loadTrustedRoot(trustedRoot), reason: null };
    const signed = (annotations: Pick<CosignAnnotations, 'signature'>) =>
      verify(
        {
          kind: 'simple-signing',
          payload: new TextEncoder().encode(payload),
          annotations: { certificate, bundle, timestamp: null, ...annotations },
        },
        about,
        [root],
        [],
      );
    const good = signed({ signature });
    if (good.state !== 'valid') return { ok: false, reason: `a good signature was refused: ${good.reason}` };
    const { state, problem } = signed({ signature: wrongSignature });
    if (state !== 'invalid') return { ok: false, reason: 'a signature that does not fit was not refused' };
    if (problem !== 'bad-signature')
      return { ok: false, reason: `a signature that does not fit was refused for another reason: ${problem}` };
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'it failed' };
  }
}
