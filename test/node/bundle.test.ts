import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, inject, test } from 'vitest';

/** A Worker that is read and compiled before its first answer: GitHub waits 10 s, and a cold start is part of it. */
const LIMIT_KIB = 400;

test('the Worker as it is deployed is at most 400 KiB, gzipped', () => {
  const bundle = readFileSync(inject('bundle'));
  expect(bundle.includes('/api/v1')).toBe(true);
  const kib = gzipSync(bundle, { level: 9 }).length / 1024;
  expect(kib).toBeLessThanOrEqual(LIMIT_KIB);
});
