import { describe, expect, test } from 'vitest';
import { parseDistribution } from '../../../src/webhooks/distribution.ts';
import { A, B, BODY_HASH, bytes, distributionEvent, type Json } from './bodies.ts';

const HOST = 'registry.example:5000';
const ID = '320678d8-ca14-430f-8bb6-4ca139cd83f7';
const parse = (...events: unknown[]) => parseDistribution(bytes({ events }), HOST, BODY_HASH);

const CLAIM = {
  image: { registry: HOST, path: 'team/app' },
  tag: '1.2.3',
  digest: A,
  pusher: { name: 'ci', id: null },
  pushedAt: Date.parse('2026-11-21T23:21:36.935Z'),
  deliveryId: ID,
  event: 'push',
};

describe('a notification of a Distribution registry', () => {
  test('claims a tag at a digest, with the time to the millisecond', () => {
    expect(parse(distributionEvent())).toEqual([{ kind: 'pushes', claims: [CLAIM] }]);
  });

  test.each([
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ])('claims an untagged %s by its digest', (mediaType) => {
    expect(parse(distributionEvent({ mediaType, tag: undefined }))).toEqual([
      { kind: 'pushes', claims: [{ ...CLAIM, tag: '' }] },
    ]);
  });

  test.each([
    ['an empty actor', {}, { actor: {} }, { pusher: null }],
    ['a null actor', {}, { actor: null }, { pusher: null }],
    ['no actor', {}, { actor: undefined }, { pusher: null }],
    ['an actor without a name', {}, { actor: { name: '' } }, { pusher: null }],
    ['no timestamp', {}, { timestamp: undefined }, { pushedAt: null }],
    ["Go's zero time", {}, { timestamp: '0001-01-01T00:00:00Z' }, { pushedAt: null }],
    ['an offset', {}, { timestamp: '2026-11-21T15:21:36.935-08:00' }, {}],
    ['no fraction', {}, { timestamp: '2026-11-21T23:21:36Z' }, { pushedAt: Date.parse('2026-11-21T23:21:36Z') }],
    ['an old media type and a tag', { mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' }, {}, {}],
    ['another host in its url', { url: 'http://evil.example/v2/x' }, { request: { host: 'evil.example' } }, {}],
    ['the digest as its tag', { tag: A }, {}, { tag: '' }],
    ['a null tag', { tag: null }, {}, { tag: '' }],
    ['no id', {}, { id: undefined }, { deliveryId: `${BODY_HASH}.0` }],
  ])('is understood with %s', (_, target: Json, rest: Json, differs) => {
    expect(parse(distributionEvent(target, rest))).toEqual([{ kind: 'pushes', claims: [{ ...CLAIM, ...differs }] }]);
  });

  test('ignores blobs, pulls, mounts and deletions beside a push', () => {
    const contents = parse(
      distributionEvent({ mediaType: 'application/octet-stream', tag: undefined }, { id: '1' }),
      distributionEvent({}, { id: '2', action: 'pull' }),
      distributionEvent({}, { id: '3', action: 'mount' }),
      distributionEvent({}, { id: '4', action: 'delete', target: { digest: 'anything' } }),
      distributionEvent({}, { id: '5' }),
    );
    expect(contents).toEqual([{ kind: 'pushes', claims: [{ ...CLAIM, deliveryId: '5' }] }]);
  });

  test('with several pushes claims each under its own id', () => {
    const contents = parse(distributionEvent({}, { id: '1' }), distributionEvent({ tag: 'latest' }, { id: '2' }));
    expect(contents).toEqual([
      {
        kind: 'pushes',
        claims: [
          { ...CLAIM, deliveryId: '1' },
          { ...CLAIM, tag: 'latest', deliveryId: '2' },
        ],
      },
    ]);
  });

  test.each([
    ['a pull', [distributionEvent({}, { action: 'pull' })], 'pull', ID],
    ['a layer', [distributionEvent({ mediaType: 'application/octet-stream', tag: '' })], 'push of a blob', ID],
    [
      'a config',
      [distributionEvent({ mediaType: 'application/vnd.oci.image.config.v1+json', tag: '' })],
      'push of a blob',
      ID,
    ],
    ['a pull without id', [distributionEvent({}, { action: 'pull', id: '' })], 'pull', BODY_HASH],
    ['no event', [], 'notification', BODY_HASH],
  ])('is noted for %s', (_, events, event, deliveryId) => {
    expect(parse(...events)).toEqual([{ kind: 'noted', event, deliveryId }]);
  });

  test.each([
    ['target.digest', distributionEvent({ digest: undefined })],
    ['target.digest', distributionEvent({ digest: null })],
    ['target.digest', distributionEvent({ digest: 5 })],
    ['target.digest', distributionEvent({ digest: 'sha256:short' })],
    ['target.repository', distributionEvent({ repository: undefined })],
    ['target.repository', distributionEvent({ repository: 'Team/App' })],
    ['target.repository', distributionEvent({ repository: '../x' })],
    ['target.tag', distributionEvent({ tag: 'x'.repeat(129) })],
    ['target.tag', distributionEvent({ tag: B })],
    ['target', distributionEvent({}, { target: undefined })],
    ['timestamp', distributionEvent({}, { timestamp: 'yesterday' })],
    ['timestamp', distributionEvent({}, { timestamp: '2026-13-01T00:00:00Z' })],
    ['timestamp', distributionEvent({}, { timestamp: 1795305600 })],
    ['actor.name', distributionEvent({}, { actor: { name: 1 } })],
    ['action', distributionEvent({}, { action: undefined })],
    ['action', distributionEvent({}, { action: 1 })],
    ['id', distributionEvent({}, { id: 1 })],
  ])('is not understood for its %s', (field, event) => {
    expect(parse(event)).toEqual([
      {
        kind: 'not-understood',
        event: 'notification',
        deliveryId: BODY_HASH,
        problem: expect.stringMatching(new RegExp(`^events\\.0\\.${field.replace('.', '\\.')}: `)),
      },
    ]);
  });

  test('a digest of another algorithm is nobody’s mistake: sending it again would not help', () => {
    expect(parse(distributionEvent({ digest: `sha512:${'a'.repeat(128)}` }))).toMatchObject([
      { kind: 'not-understood', wellFormed: true, problem: 'events.0.target.digest: not a sha256 digest' },
    ]);
  });

  test('a strange event does not hide an honest one', () => {
    expect(parse(distributionEvent({ digest: 'md5:1' }), 7, distributionEvent())).toEqual([
      { kind: 'pushes', claims: [CLAIM] },
      expect.objectContaining({
        kind: 'not-understood',
        problem: expect.stringMatching(/^events\.0\.target\.digest: /),
      }),
    ]);
  });

  test('of a thousand events is read, of one more is not', () => {
    const pull = { id: 'x', action: 'pull' };
    expect(parse(...Array<unknown>(1000).fill(pull))).toMatchObject([{ kind: 'noted' }]);
    expect(parse(...Array<unknown>(1001).fill(pull))).toMatchObject([
      { kind: 'not-understood', problem: 'events: expected array to have <=1000 items' },
    ]);
  });

  test.each([
    ['{', 'the body is not JSON'],
    ['{}', 'events: missing, expected array'],
    ['[]', 'the body: expected object, received array'],
    ['{"events":{}}', 'events: expected array, received object'],
    ['{"events":[null]}', 'events.0: expected object, received null'],
  ])('%s is not understood: %s', (body, problem) => {
    expect(parseDistribution(bytes(body), HOST, BODY_HASH)).toMatchObject([{ kind: 'not-understood', problem }]);
  });
});
