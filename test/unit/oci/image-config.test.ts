import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageConfig } from '../../../src/domain/image-contents.ts';
import { CONFIG_CAPS, narrowConfig } from '../../../src/oci/image-config.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(text: string): ImageConfig {
  const config = narrowConfig(bytes(text));
  if (config.state !== 'present') throw new Error(config.reason);
  return config.value;
}

const of = (run: object, top: object = {}): ImageConfig =>
  read(JSON.stringify({ os: 'linux', architecture: 'amd64', ...top, config: run }));

describe('a configuration', () => {
  it('is what would be run, as whom, and names', () => {
    const run = {
      Entrypoint: ['/app'],
      Cmd: ['--serve'],
      Healthcheck: { Test: ['CMD', '/check'] },
      OnBuild: ['RUN make'],
      Env: ['PATH=/bin', 'TOKEN=of-the-build'],
      ExposedPorts: { '8080/tcp': {} },
      Volumes: { '/data': {} },
      Labels: { b: 'secret-label', a: '' },
      User: '1000',
      WorkingDir: '/srv',
    };
    const config = of(run, { created: '2026-01-01T00:00:00Z', variant: 'v8' });
    expect(config).toEqual({
      entrypoint: ['/app'],
      cmd: ['--serve'],
      healthcheck: ['CMD', '/check'],
      onBuild: ['RUN make'],
      env: ['PATH', 'TOKEN'],
      exposedPorts: ['8080/tcp'],
      volumes: ['/data'],
      labels: ['a', 'b'],
      user: '1000',
      workingDir: '/srv',
      platform: 'linux/amd64/v8',
      created: '2026-01-01T00:00:00Z',
      cut: [],
      spelling: { oddKeys: [], repeats: false },
    });
  });

  it('keeps no value of a variable or a label', () => {
    const text = JSON.stringify(of({ Env: ['A=b=hidden', '=hidden'], Labels: { a: 'hidden' } }));
    expect(text).not.toContain('hidden');
  });

  it('takes a command that is one text for one word, as Docker does', () => {
    expect(of({ Entrypoint: '/miner' }).entrypoint).toEqual(['/miner']);
  });

  it.each(['', 'null', '[]', '"x"', '{', '{"a":1}x', '['.repeat(100_000)])('that is %j is invalid for good', (text) => {
    expect(narrowConfig(bytes(text)).state).toBe('invalid');
  });

  it('that is nested deeply ends nothing but itself', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(read(`{"config":{"User":${deep}}}`).user).toBe('['.repeat(CONFIG_CAPS.text));
  });
});

describe('what Go reads and a strict reader would not', () => {
  it.each([
    ['lower case', '{"config":{"entrypoint":["/miner"]}}', ['entrypoint']],
    ['another letter that folds to an s', '{"config":{"Uſer":"0","ENTRYPOINT":["/miner"]}}', ['Uſer', 'ENTRYPOINT']],
    ['the Kelvin sign', '{"config":{"WorKingDir":"/","Entrypoint":["/miner"]}}', ['WorKingDir']],
    ['the whole configuration', '{"Config":{"Entrypoint":["/miner"]}}', ['Config']],
  ])('in %s is read, and told', (_, text, oddKeys) => {
    const config = read(text.replace('WorKing', 'Wor\u212Aing'));
    expect(config.entrypoint).toEqual(['/miner']);
    expect(config.spelling.oddKeys).toEqual(oddKeys.map((key) => key.replace('WorKing', 'Wor\u212Aing')));
  });

  it.each([
    '{"config":{"Entrypoint":["/miner"]},"config":{"User":"1"}}',
    '{"config":{"Entrypoint":["/app"],"Entrypoint":["/miner"]}}',
    '{"config":{"Entrypoint":["/a"],"Labels":{"x":"1","x":"2"}}}',
    String.raw`{"config":{"a":1,"\u0061":2}}`,
  ])('twice is told: %s', (text) => {
    expect(read(text).spelling.repeats).toBe(true);
  });

  it.each(['{"a":"\\"b\\":","c":{"a":1}}', '{"a":["x:",":"],"b":{}}', '{"a" : 1, "b"\n:2}'])(
    'is not alleged of %s',
    (text) => {
      expect(read(text).spelling).toEqual({ oddKeys: [], repeats: false });
    },
  );
});

describe('whatever a maker puts there', () => {
  it('is cut, and says so', () => {
    const long = 'x'.repeat(5000);
    const config = of({
      Entrypoint: [long],
      Cmd: Array.from({ length: 200 }, () => 'a'),
      Env: Array.from({ length: 2000 }, (_, n) => `E${n}=1`),
      Labels: { [long]: '' },
      User: long,
    });
    expect(config.entrypoint[0]).toHaveLength(CONFIG_CAPS.word);
    expect(config.cmd).toHaveLength(CONFIG_CAPS.words);
    expect(config.env).toHaveLength(CONFIG_CAPS.names);
    expect(config.labels[0]).toHaveLength(CONFIG_CAPS.name);
    expect([...config.cut].sort()).toEqual(['cmd', 'entrypoint', 'env', 'labels', 'user']);
  });

  const run = fc.record(
    Object.fromEntries(
      [
        'Entrypoint',
        'Cmd',
        'Healthcheck',
        'OnBuild',
        'Env',
        'ExposedPorts',
        'Volumes',
        'Labels',
        'User',
        'WorkingDir',
      ].map((key) => [key, fc.jsonValue()]),
    ),
    { requiredKeys: [] },
  );

  it('never throws, and is never longer than what is kept', () => {
    fc.assert(
      fc.property(fc.oneof(run, fc.jsonValue()), fc.jsonValue(), (config, created) => {
        const kept = narrowConfig(bytes(JSON.stringify({ config, created, os: created })));
        expect(kept.state).toBe('present');
        expect(JSON.stringify(kept).length).toBeLessThan(400_000);
        expect(JSON.stringify(kept).isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('never throws at what is no configuration', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (text) => {
        expect(['present', 'invalid']).toContain(narrowConfig(text).state);
      }),
      { numRuns: 300 },
    );
  });
});
