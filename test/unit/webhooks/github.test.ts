import examples from '@octokit/webhooks-examples';
import { describe, expect, test } from 'vitest';
import { parseGitHub } from '../../../src/webhooks/github.ts';
import { A, B, bytes, gitHub, type Json, set } from './bodies.ts';

const GUID = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const VERSION = 'package.package_version';
const TAG = `${VERSION}.container_metadata.tag`;

const parse = (body: unknown, event = 'package') => parseGitHub(event, GUID, 'application/json', bytes(body));

/** The body with several paths set. */
function changed(...changes: (readonly [string, unknown])[]): Json {
  return changes.reduce((body, [path, value]) => set(body, path, value), gitHub);
}

const CLAIM = {
  image: { registry: 'ghcr.io', path: 'acme/app' },
  tag: '1.2.3',
  digest: A,
  pusher: { name: 'octocat', id: '583231' },
  pushedAt: null,
  deliveryId: GUID,
  event: 'package.published',
};

describe('a GitHub delivery about a package', () => {
  test('claims a tag at a digest, by the sender, without a time', () => {
    expect(parse(gitHub)).toEqual({ kind: 'pushes', claims: [CLAIM] });
  });

  test('says the same as registry_package', () => {
    const { package: pack, ...rest } = gitHub;
    expect(parse({ ...rest, registry_package: pack }, 'registry_package')).toEqual({
      kind: 'pushes',
      claims: [{ ...CLAIM, event: 'registry_package.published' }],
    });
  });

  test.each(['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=utf-8'])(
    'may come as a form (%s)',
    (contentType) => {
      const form = bytes(`payload=${encodeURIComponent(JSON.stringify(gitHub))}`);
      expect(parseGitHub('package', GUID, contentType, form)).toEqual({ kind: 'pushes', claims: [CLAIM] });
    },
  );

  test.each([
    ['action updated', changed(['action', 'updated']), { event: 'package.updated' }],
    ['package_type docker', changed(['package.package_type', 'docker']), {}],
    ['package_type in lower case', changed(['package.package_type', 'container']), {}],
    ['no package_type but an ecosystem', changed(['package.package_type', undefined]), {}],
    ['no namespace but an owner', changed(['package.namespace', null], ['package.owner', { login: 'Acme' }]), {}],
    [
      'a name with a slash',
      changed(['package.name', 'app/web']),
      { image: { registry: 'ghcr.io', path: 'acme/app/web' } },
    ],
    ['no repository', changed(['repository', undefined]), {}],
    ['no sender', changed(['sender', undefined]), { pusher: null }],
    ['a null sender', changed(['sender', null]), { pusher: null }],
    ['a sender without id', changed(['sender', { login: 'octocat' }]), { pusher: { name: 'octocat', id: null } }],
    [
      'the Actions bot',
      changed(['sender', { login: 'github-actions[bot]', id: 41898282, type: 'Bot' }]),
      { pusher: { name: 'github-actions[bot]', id: '41898282' } },
    ],
    ['an empty tag', changed([`${TAG}.name`, ''], [`${VERSION}.package_url`, 'ghcr.io/acme/app:']), { tag: '' }],
    ['a null tag', changed([TAG, null], [`${VERSION}.package_url`, 'ghcr.io/acme/app:']), { tag: '' }],
    ['a tag only in package_url', changed([`${VERSION}.container_metadata`, undefined]), {}],
    ['a null container_metadata', changed([`${VERSION}.container_metadata`, null]), {}],
    ['a digest only in name', changed([`${VERSION}.version`, '1.0.0']), {}],
    [
      'a digest only in the manifest',
      changed([`${VERSION}.version`, '1'], [`${VERSION}.name`, '1'], [`${TAG}.digest`, '']),
      {},
    ],
    [
      'a digest only at the tag',
      changed(
        [`${VERSION}.version`, null],
        [`${VERSION}.name`, null],
        [`${VERSION}.container_metadata.manifest`, null],
      ),
      {},
    ],
    [
      'a tag and no usable digest',
      changed(
        [`${VERSION}.version`, 'sha256:123'],
        [`${VERSION}.name`, 'sha256:123'],
        [`${VERSION}.container_metadata.manifest`, null],
        [`${TAG}.digest`, 'sha256:6c62fb45fe66bfb1ea9a66abc38f6a0cc974292b'],
      ),
      { digest: null },
    ],
    ['unknown keys', changed(['package.new_key', [1]], ['enterprise', {}]), {}],
  ])('is understood with %s', (_, body, differs) => {
    expect(parse(body)).toEqual({ kind: 'pushes', claims: [{ ...CLAIM, ...differs }] });
  });

  test.each([
    ['another action', changed(['action', 'deleted']), 'package.deleted'],
    ['an npm package', changed(['package.package_type', 'npm']), 'package.published'],
    ['a package of no type', changed(['package.package_type', null], ['package.ecosystem', null]), 'package.published'],
  ])('is noted for %s', (_, body, event) => {
    expect(parse(body)).toEqual({ kind: 'noted', event, deliveryId: GUID });
  });

  test.each([
    ['action', changed(['action', undefined])],
    ['package', changed(['package', undefined])],
    ['package.package_type', changed(['package.package_type', 1])],
    ['package.name', changed(['package.name', undefined])],
    ['package.namespace', changed(['package.namespace', undefined])],
    ['package.namespace and package.name', changed(['package.name', 'App'])],
    ['package.namespace and package.name', changed(['package.namespace', '../x'])],
    [VERSION, changed([VERSION, null])],
    [`${VERSION}.version`, changed([`${VERSION}.version`, 1])],
    [`${TAG}.name`, changed([`${TAG}.name`, 'x'.repeat(129)])],
    [`${TAG}.name`, changed([`${TAG}.name`, 'a b'])],
    [`${VERSION}.package_url`, changed([TAG, null], [`${VERSION}.package_url`, 'ghcr.io/acme/app:a b'])],
    [`${VERSION}.container_metadata.tag.digest`, changed([`${TAG}.digest`, B])],
    [`${VERSION}.name`, changed([`${VERSION}.name`, B])],
    ['sender.id', changed(['sender.id', {}])],
  ])('is not understood for its %s', (field, body) => {
    const content = parse(body);
    expect(content).toMatchObject({ kind: 'not-understood', event: 'package', deliveryId: GUID });
    expect(content.kind === 'not-understood' && content.problem.startsWith(`${field}: `)).toBe(true);
  });

  test('is not understood with neither a tag nor a digest', () => {
    const body = changed(
      [`${VERSION}.version`, ''],
      [`${VERSION}.name`, ''],
      [`${VERSION}.container_metadata`, { tag: { name: '', digest: '' } }],
    );
    expect(parse(body)).toMatchObject({ problem: expect.stringContaining('neither a tag nor a sha256 digest') });
  });

  test('is not understood as a form without payload', () => {
    const content = parseGitHub('package', GUID, 'application/x-www-form-urlencoded', bytes('a=b'));
    expect(content).toMatchObject({ kind: 'not-understood', problem: 'payload: missing in the form' });
  });

  test('is not understood as broken JSON', () => {
    expect(parse('{')).toMatchObject({ kind: 'not-understood', problem: 'the body is not JSON' });
  });

  test("a package_url's port is not taken for a tag", () => {
    const body = changed(
      [`${VERSION}.container_metadata`, null],
      [`${VERSION}.package_url`, 'localhost:5000/acme/app'],
    );
    expect(parse(body)).toMatchObject({ kind: 'pushes', claims: [{ tag: '' }] });
  });
});

describe('any other GitHub event', () => {
  test.each(['ping', 'workflow_job', 'push', 'star', 'constructor'])('%s is noted, whatever its body', (event) => {
    expect(parse('not JSON at all', event)).toEqual({ kind: 'noted', event, deliveryId: GUID });
  });

  test('a name that never ends is cut', () => {
    expect(parse('', 'x'.repeat(10_000))).toMatchObject({ kind: 'noted', event: 'x'.repeat(64) });
  });
});

describe("Octokit's examples", () => {
  const packages = examples.flatMap(({ name, examples: bodies }) => (String(name) === 'package' ? bodies : []));

  test.each(packages.map((body, index) => [index, body] as const))('package %i is understood', (_, body) => {
    expect(parse(body)).toEqual({ kind: 'noted', event: 'package.published', deliveryId: GUID });
  });

  test('the container example is a push of an untagged manifest once it is typed as GitHub types it', () => {
    const container = packages.find((body) => JSON.stringify(body).includes('container_metadata'));
    const typed = set(JSON.parse(JSON.stringify(container)), 'package.package_type', 'CONTAINER');
    expect(parse(typed)).toMatchObject({
      kind: 'pushes',
      claims: [{ tag: '', digest: expect.stringMatching(/^sha256:3da1996a/), pusher: { name: 'Codertocat' } }],
    });
  });
});
