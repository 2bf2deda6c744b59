import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../../scripts/wrangler.ts';

/** `npm run conformance`, with cases made of our own signatures. */

interface Signatures {
  readonly manifest: string;
  readonly subject: string;
  readonly oidcIssuer: string;
  readonly roots: { readonly private: { readonly tlogs: readonly { readonly publicKey: object }[] } };
  readonly keys: Readonly<Record<string, string>>;
  readonly made: Readonly<Record<string, { readonly bundle: object }>>;
}

const signatures: Signatures = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/sigstore/signatures.json'), 'utf8'),
);

const one = (name: string, of: string, given: object = {}) => ({
  name,
  expect: name.endsWith('_fail') ? 'fail' : 'pass',
  bundleText: JSON.stringify(signatures.made[of]?.bundle),
  artifactB64: Buffer.from(signatures.manifest).toString('base64'),
  trustedRoot: signatures.roots.private,
  identity: signatures.subject,
  issuer: signatures.oidcIssuer,
  ...given,
});

const CASES = [
  one('statement', 'keyless v0.3'),
  one('message', 'keyless v0.3, message'),
  one('tiles', 'keyless v0.3, Rekor v2'),
  one('key', 'key P-256, logged', { key: signatures.keys['P-256'] }),
  one('keyPem', 'key P-256, logged', { keyPem: signatures.keys['P-256'] }),
  one('other-artifact_fail', 'keyless v0.3, message', { artifactB64: 'YQ==' }),
  one('other-identity_fail', 'keyless v0.3', { identity: signatures.subject.slice(0, -1) }),
  one('longer-identity_fail', 'by a longer name'),
  one('other-issuer_fail', 'keyless v0.3', { issuer: 'https://accounts.example.com' }),
  one('other-key_fail', 'key P-256, logged', { key: signatures.keys.stranger }),
  one('no-key_fail', 'key P-256, logged'),
  one('unlogged-key_fail', 'key P-256', { key: signatures.keys['P-256'] }),
  one('bad-key_fail', 'key P-256, logged', { key: 'key' }),
  one('certificate-instead-of-key_fail', 'keyless v0.3', { key: signatures.keys['P-256'] }),
  one('not-json_fail', 'keyless v0.3', { bundleText: '{' }),
  one('unbounded-log_fail', 'keyless v0.3', {
    trustedRoot: {
      ...signatures.roots.private,
      tlogs: signatures.roots.private.tlogs.map((log) => ({ ...log, publicKey: { ...log.publicKey, validFor: {} } })),
    },
  }),
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-conformance-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ readonly code: number | string; readonly lines: readonly string[] }> {
  const script = path.join(PROJECT, 'scripts/conformance.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.trim().split('\n');
      resolve({ code: error === null ? 0 : (error.code ?? 'signal'), lines });
    });
  });
}

function fileOf(cases: unknown): string {
  const file = path.join(folder, 'cases.json');
  writeFileSync(file, typeof cases === 'string' ? cases : JSON.stringify(cases));
  return file;
}

describe('npm run conformance', () => {
  test('says of each case what was expected, what it got and why, and counts', async () => {
    const { code, lines } = await run(fileOf(CASES));
    expect(lines.slice(0, -1).filter((line) => !line.startsWith('ok '))).toEqual([]);
    expect(lines.at(-1)).toBe(`${CASES.length} passed, 0 failed`);
    expect(lines[0]).toMatch(/^ok {3}statement: expected pass, got pass \(valid: https:.*issuer https:.*\)$/);
    expect(lines.find((line) => line.includes('other-artifact'))).toContain(
      'got fail (invalid, other-subject: it signs',
    );
    expect(lines.find((line) => line.includes('unbounded-log'))).toContain('does not say from when its key is valid');
    expect(code).toBe(0);
  });

  test('fails if one is not as expected', async () => {
    const { code, lines } = await run(fileOf([{ ...CASES[0], expect: 'fail' }, CASES[1]]));
    expect(lines[0]).toMatch(/^FAIL statement: expected fail, got pass/);
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
    expect(code).toBe(1);
  });

  test.each([
    ['no file', []],
    ['a file that is not there', ['/nowhere/cases.json']],
    ['two files', ['a', 'b']],
    ['an option', ['--help']],
  ])('says how it is used, or what is wrong: %s', async (_what, args) => {
    const { code, lines } = await run(...args);
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(/Usage: npm run conformance|no such file/);
  });

  test.each(['{', '{}', '[{"name":"x"}]'])('refuses a file of another form: %s', async (text) => {
    const { code, lines } = await run(fileOf(text));
    expect([code, lines.length]).toEqual([2, 1]);
  });
});
