import { describe, expect, it } from 'vitest';
import { createTufFiles } from '../../../src/tuf/http.ts';

// In workerd, whose streams and signals are its own.
const filesOf = (body: BodyInit | null, init: ResponseInit = {}) =>
  createTufFiles('https://tuf.example', {
    fetch: async () => new Response(body, init),
    userAgent: 'pushwarden (test)',
    timeoutMs: 30,
  });

describe('a file of a TUF repository, read in workerd', () => {
  it('ends with the time-out if its body never does', async () => {
    const silent = filesOf(new ReadableStream({ pull: () => new Promise(() => undefined) }));
    await expect(silent.read('a.json', 100)).rejects.toThrow('a.json: no full answer within 0.03 s');
    let timer: ReturnType<typeof setInterval> | undefined;
    const drip = new ReadableStream({
      start(controller) {
        timer = setInterval(() => controller.enqueue(new Uint8Array(1)), 5);
      },
      // Only who hangs up ends it.
      cancel: () => clearInterval(timer ?? null),
    });
    await expect(filesOf(drip).read('a.json', 1e6)).rejects.toThrow('a.json: no full answer within 0.03 s');
  });

  it('is cut off when it is too long', async () => {
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
    await expect(filesOf(endless).read('a.json', 2000)).rejects.toThrow('a.json: longer than 2000 bytes');
    expect(await filesOf('x'.repeat(2000)).read('a.json', 2000)).toHaveLength(2000);
  });

  it('may be empty, and may be no text', async () => {
    expect(await filesOf(null).read('a.json', 10)).toBe('');
    await expect(filesOf(new Uint8Array([0xff])).read('a.json', 10)).rejects.toThrow('a.json: not UTF-8');
  });

  it('is asked for by our name, without following anybody elsewhere, and is counted', async () => {
    const asked: [string, RequestInit | undefined][] = [];
    const files = createTufFiles('https://tuf.example/sub', {
      fetch: async (url, init) => {
        asked.push([String(url), init]);
        return new Response(null, { status: asked.length === 1 ? 404 : 301 });
      },
      userAgent: 'pushwarden (test)',
    });
    expect(await files.read('2.root.json', 10)).toBeNull();
    await expect(files.read('timestamp.json', 10)).rejects.toThrow('never followed');
    expect(asked.map(([url]) => url)).toEqual([
      'https://tuf.example/sub/2.root.json',
      'https://tuf.example/sub/timestamp.json',
    ]);
    expect(asked[0]?.[1]).toMatchObject({ redirect: 'manual', headers: { 'user-agent': 'pushwarden (test)' } });
    expect(files.requests).toBe(2);
  });
});
