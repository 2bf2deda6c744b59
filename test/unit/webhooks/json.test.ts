import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { narrow, readJson } from '../../../src/webhooks/json.ts';
import { NotUnderstood } from '../../../src/webhooks/problem.ts';
import { bytes } from './bodies.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('reading a body', () => {
  test('a hundred levels are read, one more is refused', () => {
    expect(readJson(bytes(nested(100)))).toBeInstanceOf(Array);
    expect(() => readJson(bytes(nested(101)))).toThrow(new NotUnderstood('the body is nested deeper than 100 levels'));
  });

  test('a body of nothing but brackets is refused at once', () => {
    const started = performance.now();
    expect(() => readJson(bytes('[{'.repeat(1_000_000)))).toThrow(NotUnderstood);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('brackets in strings do not count, escaped quotes do not end a string', () => {
    const text = `${'['.repeat(200)}\\"${'{'.repeat(200)}\\\\`;
    const body = JSON.stringify({ text, 'key[[[': 1 });
    expect(readJson(bytes(body))).toEqual({ text, 'key[[[': 1 });
  });

  test('brackets after a string that ends in a backslash count', () => {
    expect(() => readJson(bytes(`["\\\\",${nested(100)}]`))).toThrow('nested deeper');
  });

  test('many siblings are not deep', () => {
    expect(readJson(bytes(`[${'[],'.repeat(500)}[]]`))).toHaveLength(501);
  });

  test('a byte order mark is skipped', () => {
    expect(readJson(new Uint8Array([0xef, 0xbb, 0xbf, ...bytes('{}')]))).toEqual({});
  });

  test.each([
    ['nothing', '', 'the body is not JSON'],
    ['half of it', '{"a":', 'the body is not JSON'],
    ['text', 'payload=1', 'the body is not JSON'],
    ['NaN', '{"a":NaN}', 'the body is not JSON'],
  ])('%s is refused', (_, body, problem) => {
    expect(() => readJson(bytes(body))).toThrow(new NotUnderstood(problem));
  });

  test('bytes that are not UTF-8 are refused', () => {
    expect(() => readJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(new NotUnderstood('the body is not UTF-8'));
  });
});

describe('a problem', () => {
  const schema = z.object({ push_data: z.object({ tag: z.string(), more: z.array(z.number()).max(1).nullish() }) });

  test.each([
    [{ push_data: { tag: 7 } }, 'push_data.tag: expected string, received number'],
    [{ push_data: { tag: null } }, 'push_data.tag: expected string, received null'],
    [{ push_data: {} }, 'push_data.tag: missing, expected string'],
    [{}, 'push_data: missing, expected object'],
    [[], 'the body: expected object, received array'],
    [{ push_data: { tag: '', more: [1, 2] } }, 'push_data.more: expected array to have <=1 items'],
    [{ push_data: { tag: '', more: ['x'] } }, 'push_data.more.0: expected number, received string'],
  ])('of %j names the field: %s', (value, problem) => {
    expect(() => narrow(schema, value)).toThrow(new NotUnderstood(problem));
  });

  test('puts the path of the value in front', () => {
    expect(() => narrow(schema, {}, ['events', 3])).toThrow('events.3.push_data: missing, expected object');
  });

  test('shows three fields and counts the rest', () => {
    const five = z.object({ a: z.string(), b: z.string(), c: z.string(), d: z.string(), e: z.string() });
    expect(() => narrow(five, {})).toThrow(/^a: [^;]+; b: [^;]+; c: [^;]+; and 2 more$/);
  });
});
