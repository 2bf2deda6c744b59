import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Three kinds of tests: units inside workerd, everything that needs servers or processes in Node, and a real browser. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: { name: 'workerd', include: ['test/unit/**/*.test.{ts,tsx}'] },
      },
      {
        test: {
          name: 'node',
          include: ['test/{node,worker}/**/*.test.ts'],
          globalSetup: ['test/setup/bundle.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Two cores are enough for anyone: a Worker and its doubles are a handful of processes per file.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/setup/bundle.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A Chromium each.
          maxWorkers: 1,
        },
      },
    ],
  },
});
