import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { describe, expect, it } from 'vitest';
import { repairVerify } from '../../../src/tuf/runtime.ts';
import { SEEDS } from '../../../src/tuf/seeds.ts';

repairVerify();

// In workerd, since its cryptography differs from Node's: what verifies there need not verify here.
describe.each(SEEDS)('the vendored TUF root of $name, in workerd', ({ root }) => {
  const load = (text: string) => new TrustedMetadataStore(Buffer.from(text));
  const parsed = JSON.parse(root);

  it('is signed by as many of its own keys as it asks for', () => {
    const { signed } = load(root).root;
    expect(signed.roles.root?.threshold).toBeGreaterThanOrEqual(3);
    expect(Object.values(signed.keys).map(({ keyType }) => keyType)).toContain('ecdsa');
  });

  it('verifies with every signature that it carries by a key of its own', () => {
    const own: string[] = parsed.signed.roles.root.keyids;
    const signatures = parsed.signatures.filter(({ keyid }: { keyid: string }) => own.includes(keyid));
    const { threshold } = parsed.signed.roles.root;
    for (let n = 0; n + threshold <= signatures.length; n += 1) {
      const few = { ...parsed, signatures: signatures.slice(n, n + threshold) };
      expect(load(JSON.stringify(few)).root.signed.version).toBe(parsed.signed.version);
      expect(() => load(JSON.stringify({ ...few, signatures: few.signatures.slice(1) }))).toThrow(/was signed by/);
    }
  });

  it('is refused once a single value of it is changed', () => {
    expect(() => load(root.replace(`"version": ${parsed.signed.version}`, '"version": 99'))).toThrow(
      `root was signed by 0/${parsed.signed.roles.root.threshold} keys`,
    );
  });
});
