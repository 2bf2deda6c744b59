import { expect, test } from 'vitest';
import { addressesOf, isFile, pictureName, type Shown } from '../../scripts/page-addresses.ts';
import { pagePaths } from '../../scripts/page-routes.ts';
import { PAGE_ROUTES } from '../../src/pages/routes.tsx';

const SHOWN: Shown = {
  alert: 'A-1',
  image: 'docker.io/org/app',
  repository: 1,
  tag: '1.0',
  digest: `sha256:${'ab'.repeat(32)}`,
  push: '1-2',
  credential: 'C-3',
  channel: 4,
};

const pages = PAGE_ROUTES.filter(({ method }) => method === 'get').map(({ path }) => path);

test('pictures and the bench know every page there is', async () => {
  expect(await pagePaths()).toEqual(pages);
});

test.each(pages)('%s has an address at which it is looked at', (path) => {
  for (const address of addressesOf(path, SHOWN)) {
    expect(address).toMatch(/^\/[^\s]*$/);
    // Hono's own patterns are names between slashes, or a rest.
    const pattern = path.replaceAll(/:[a-z]+\{([^}]*)\}/gi, '$1').replaceAll(/:[a-z]+/gi, '[^/]+');
    expect(new URL(address, 'http://x').pathname).toMatch(new RegExp(`^${pattern}$`));
  }
});

test('a page that nobody entered is not skipped', () => {
  expect(() => addressesOf('/new/:thing', SHOWN)).toThrow('/new/:thing');
});

test('no two pictures have the same name', () => {
  const names = pages
    .filter((path) => !isFile(path))
    .flatMap((path) => addressesOf(path, SHOWN).map((address) => pictureName(path, address)));
  expect(new Set(names).size).toBe(names.length);
});
