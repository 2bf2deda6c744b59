import { describe, expect, test } from 'vitest';
import { parseDockerHub } from '../../../src/webhooks/dockerhub.ts';
import { A, BODY_HASH, bytes, dockerHub, set } from './bodies.ts';

const parse = (body: unknown) => parseDockerHub(bytes(body), BODY_HASH);
const CLAIM = {
  image: { registry: 'docker.io', path: 'acme/app' },
  tag: '1.2.3',
  digest: null,
  pusher: { name: 'acmebot', id: null },
  pushedAt: 1795305600_000,
  deliveryId: 'docker.io/acme/app:1.2.3@1795305600 acmebot',
  event: 'push',
};

describe('a Docker Hub delivery', () => {
  test('claims one tag of one repository', () => {
    expect(parse(dockerHub)).toEqual({ kind: 'pushes', claims: [CLAIM] });
  });

  test.each([
    ['a fractional time', set(dockerHub, 'push_data.pushed_at', 1795305600.25), { pushedAt: 1795305600_250 }],
    ['no time', set(dockerHub, 'push_data.pushed_at', undefined), { pushedAt: null, deliveryId: BODY_HASH }],
    ['a null time', set(dockerHub, 'push_data.pushed_at', null), { pushedAt: null, deliveryId: BODY_HASH }],
    ['no pusher', set(dockerHub, 'push_data.pusher', undefined), { pusher: null }],
    ['a null pusher', set(dockerHub, 'push_data.pusher', null), { pusher: null }],
    ['an empty pusher', set(dockerHub, 'push_data.pusher', ''), { pusher: null }],
    ['no repo_name', set(dockerHub, 'repository.repo_name', undefined), {}],
    ['a null repo_name', set(dockerHub, 'repository.repo_name', null), {}],
    ['only repo_name', { ...dockerHub, repository: { repo_name: 'acme/app' } }, {}],
    ['unknown keys', set(set(dockerHub, 'dhi_metadata', { a: 1 }), 'push_data.media_type', 'x'), {}],
    ['unused keys of another type', set(dockerHub, 'repository.star_count', 'many'), {}],
    ['a callback elsewhere', set(dockerHub, 'callback_url', 'http://169.254.169.254/'), {}],
    ['a tag of 128 characters', set(dockerHub, 'push_data.tag', 'x'.repeat(128)), { tag: 'x'.repeat(128) }],
    ['a digest as the tag', set(dockerHub, 'push_data.tag', A), { tag: '', digest: A }],
    [
      'an official image',
      set(dockerHub, 'repository.repo_name', 'nginx'),
      { image: { registry: 'docker.io', path: 'library/nginx' } },
    ],
  ])('is understood with %s', (_, body, differs) => {
    expect(parse(body)).toMatchObject({ kind: 'pushes', claims: [{ ...differs }] });
  });

  test('with neither tag nor digest is noted: there is nothing to look at', () => {
    expect(parse(set(dockerHub, 'push_data.tag', ''))).toMatchObject({ kind: 'noted', event: 'push' });
  });

  test.each([
    ['push_data', undefined],
    ['push_data', null],
    ['push_data', []],
    ['push_data.tag', undefined],
    ['push_data.tag', null],
    ['push_data.tag', 123],
    ['push_data.tag', 'x'.repeat(129)],
    ['push_data.tag', '../evil'],
    ['push_data.tag', 'two words'],
    ['push_data.tag', `sha256:${'A'.repeat(64)}`],
    ['push_data.tag', `sha256:${'a'.repeat(63)}`],
    ['push_data.pushed_at', '1795305600'],
    ['push_data.pushed_at', -1],
    ['push_data.pushed_at', 1795305600_000],
    ['push_data.pusher', { name: 'x' }],
    ['push_data.pusher', 'x'.repeat(256)],
    ['repository', undefined],
    ['repository.repo_name', 5],
    ['repository.repo_name', 'Acme/App'],
    ['repository.repo_name', 'acme/app:latest'],
    ['repository.repo_name', 'acme/../app'],
    ['repository.repo_name', `acme/${'a'.repeat(255)}`],
  ])('is not understood with %s = %j, and the problem names the field', (field, value) => {
    const content = parse(set(dockerHub, field, value));
    expect(content).toMatchObject({ kind: 'not-understood', event: 'push', deliveryId: BODY_HASH });
    expect(content.kind === 'not-understood' && content.problem.startsWith(`${field}: `)).toBe(true);
  });

  test('is not understood without any name of a repository', () => {
    expect(parse({ ...dockerHub, repository: {} })).toMatchObject({
      problem: expect.stringMatching(/^repository\.repo_name: missing/),
    });
  });

  test.each([
    ['a time that JSON makes infinite', '{"push_data":{"tag":"a","pushed_at":1e999},"repository":{"repo_name":"a/b"}}'],
    ['broken JSON', '{"push_data":'],
    ['an empty body', ''],
    ['a string', '"hello"'],
    ['null', 'null'],
    ['a form', 'payload=%7B%7D'],
    ['an abyss', '['.repeat(100_000)],
  ])('is not understood as %s', (_, body) => {
    expect(parse(body)).toMatchObject({ kind: 'not-understood', deliveryId: BODY_HASH });
  });

  test('that is broken JSON says so', () => {
    expect(parse('{')).toMatchObject({ problem: 'the body is not JSON' });
  });

  test('never repeats what stood in a field it refuses', () => {
    const secret = 'S3CRET-do-not-echo';
    for (const field of ['push_data.tag', 'push_data.pushed_at', 'repository.repo_name', 'push_data', 'repository']) {
      expect(JSON.stringify(parse(set(dockerHub, field, `${secret}!`)))).not.toContain(secret);
    }
  });

  test('cannot reach a prototype', () => {
    const poison = '"__proto__":{"polluted":1,"tag":"x"},"constructor":{"prototype":{"polluted":1}}';
    const body = `{${poison},"push_data":{${poison},"tag":"1"},"repository":{${poison},"repo_name":"acme/app"}}`;
    expect(parse(body)).toMatchObject({ kind: 'pushes', claims: [{ tag: '1' }] });
    expect(parse(`{"push_data":{${poison}},"repository":{"repo_name":"acme/app"}}`)).toMatchObject({
      kind: 'not-understood',
    });
    expect('polluted' in {}).toBe(false);
  });

  test('of the same push has the same id, of another push another', () => {
    const ids = [dockerHub, { ...dockerHub, callback_url: 'x' }, set(dockerHub, 'push_data.tag', '2')].map((body) => {
      const content = parse(body);
      return content.kind === 'pushes' ? content.claims[0]?.deliveryId : '';
    });
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});
