import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagedPublicGood, renderSeeds, SEEDS_FILE, withSeed } from '../../scripts/vendor-root.ts';
import { readSettings } from '../../src/settings.ts';
import { tufMirrors } from '../../src/tuf/mirrors.ts';
import { SEEDS, type Seed } from '../../src/tuf/seeds.ts';

describe('the vendored roots', () => {
  it('have the public-good root as @sigstore/tuf has it', () => {
    expect(SEEDS.find(({ name }) => name === 'public-good')).toEqual(packagedPublicGood());
  });

  it('carry the digest of each trusted root', () => {
    for (const { trustedRoot } of SEEDS) {
      if (trustedRoot === null) continue;
      expect(trustedRoot.id).toBe(`sha256:${createHash('sha256').update(trustedRoot.json).digest('hex')}`);
      expect(JSON.parse(trustedRoot.json).mediaType).toContain('trustedroot');
    }
  });

  it('stand in the file as the script writes it', () => {
    expect(readFileSync(SEEDS_FILE, 'utf8')).toBe(renderSeeds(SEEDS));
  });

  it('can be added to, and replaced by name', () => {
    const seed: Seed = { name: 'own', url: 'https://tuf.example', root: '{"a":"it\'s\\n"}\r\n', trustedRoot: null };
    const more = withSeed(SEEDS, seed);
    expect(more.map(({ name }) => name)).toEqual([...SEEDS.map(({ name }) => name), 'own'].sort());
    expect(withSeed(more, seed)).toEqual(more);
    const literal = /root: ('\{"a":.*'),/.exec(renderSeeds(more))?.[1];
    expect(new Function(`return ${literal}`)()).toBe(seed.root);
  });
});

const ROOT = '{"signed":{"_type":"root"},"signatures":[]}';

describe('the mirrors to follow', () => {
  it('are without configuration those that came with the release', () => {
    expect(tufMirrors(null)).toEqual(SEEDS.map(({ name, url, root }) => ({ name, url, root, vendored: true })));
  });

  it('are none if none are configured', () => expect(tufMirrors({})).toEqual([]));

  it('take what they leave out from the release', () => {
    const [seed] = SEEDS;
    expect(tufMirrors({ 'public-good': { url: 'https://proxy.example' } })).toEqual([
      { name: 'public-good', url: 'https://proxy.example', root: seed?.root, vendored: true },
    ]);
  });

  it('may have a root of their own, as JSON or in base64', () => {
    const expected = [{ name: 'own', url: 'https://tuf.example', root: ROOT, vendored: false }];
    for (const root of [ROOT, btoa(ROOT), btoa(ROOT).replaceAll(/.{20}/g, '$&\n')]) {
      expect(tufMirrors({ own: { url: 'https://tuf.example', root } })).toEqual(expected);
    }
  });

  const refused: [string, Parameters<typeof tufMirrors>[0], string][] = [
    ['no url', { own: { root: ROOT } }, 'own needs a url'],
    ['no root', { own: { url: 'https://tuf.example' } }, 'own needs root, the TUF root.json'],
    ['a root that is none', { own: { url: 'https://tuf.example', root: '{}' } }, 'own: root is not a TUF root.json'],
    [
      'other metadata',
      { own: { url: 'x', root: '{"signed":{"_type":"targets"}}' } },
      'own: root is not a TUF root.json',
    ],
    ['no base64', { own: { url: 'x', root: '%%%' } }, 'own: root is not a TUF root.json'],
    ['null', { own: { url: 'x', root: btoa('null') } }, 'own: root is not a TUF root.json'],
  ];
  it.each(refused)('are refused with %s', (_, configured, told) => {
    expect(() => tufMirrors(configured)).toThrow(told);
  });

  it('are settings, whose addresses are checked', () => {
    const mirrorsOf = (TUF_MIRRORS: string | undefined, LOCAL = 'false') =>
      readSettings({ TUF_MIRRORS, LOCAL }).tufMirrors;
    for (const unset of [undefined, '', ' ']) expect(mirrorsOf(unset)).toBeNull();
    expect(mirrorsOf('{}')).toEqual({});
    expect(mirrorsOf('{"own":{"url":"https://tuf.example/","root":{"a":1}},"public-good":{}}')).toEqual({
      own: { url: 'https://tuf.example', root: '{"a":1}' },
      'public-good': { url: undefined, root: undefined },
    });
    expect(mirrorsOf('{"own":{"url":"http://127.0.0.1:1"}}', 'true')).toMatchObject({
      own: { url: 'http://127.0.0.1:1' },
    });
    const refused: [string, string][] = [
      ['{"own":{"url":"http://tuf.example"}}', 'TUF_MIRRORS own must be https'],
      ['{"own":{"url":"https://127.0.0.1:1"}}', 'TUF_MIRRORS own is a loopback address'],
      ['{"own":{"url":"https://u:p@tuf.example"}}', 'TUF_MIRRORS own must not contain credentials'],
      ['{"own":{"uri":"https://tuf.example"}}', 'TUF_MIRRORS own'],
      ['{"Own":{}}', 'TUF_MIRRORS'],
      ['{"own":', 'TUF_MIRRORS is not JSON'],
      ['[]', 'TUF_MIRRORS'],
    ];
    for (const [given, told] of refused) expect(() => mirrorsOf(given)).toThrow(told);
  });
});
