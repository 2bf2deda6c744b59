import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, inject, test } from 'vitest';

const ALIAS = 'minimatch = "./src/tuf/minimatch.ts"';

test('bundled as wrangler.toml says, @tufjs/models calls our minimatch', async () => {
  expect(readFileSync('wrangler.toml', 'utf8')).toContain(`[alias]\n${ALIAS}\n`);
  const { outputFiles } = await build({
    stdin: { contents: `export { Targets } from '@tufjs/models';`, resolveDir: '.' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire('file:///');` },
    alias: { minimatch: './src/tuf/minimatch.ts' },
  });
  const code = outputFiles[0]?.text ?? '';
  const { Targets } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const role = { name: 'r', keyids: [], threshold: 1, terminating: false, paths: ['registry.npmjs.org/*', '?'] };
  const signed = { spec_version: '1.0', version: 1, expires: '2030-01-01T00:00:00Z', targets: {} };
  const { delegations } = Targets.fromJSON({ ...signed, delegations: { keys: {}, roles: [role] } });
  const roles = (path: string) => [...delegations.rolesForTarget(path)];
  expect(roles('registry.npmjs.org/keys.json')).toHaveLength(1);
  expect(roles('registry.npmjs.org/deeper/keys.json')).toHaveLength(0);
  // The package itself would say yes.
  expect(roles('x')).toHaveLength(0);
});

test('the Worker does not carry the package', () => {
  // An error message of the package's.
  expect(readFileSync('node_modules/minimatch/dist/commonjs/assert-valid-pattern.js', 'utf8')).toContain(
    'pattern is too long',
  );
  expect(readFileSync(inject('bundle'), 'utf8')).not.toContain('pattern is too long');
});
