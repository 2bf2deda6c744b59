import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { check } from '../../src/http/input.ts';
import { policyInput } from '../../src/http/schemas/policy.ts';
import type { Json } from '../fixtures/worker.ts';

const text = readFileSync('docs/signatures.md', 'utf8');
const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']) => JSON.parse(block) as Json);
const messages = text
  .slice(text.indexOf('## Troubleshooting'))
  .split('\n')
  .flatMap((line) => /^\| `([^`"]+)`/.exec(line)?.[1] ?? []);
const sources = globSync('src/**/*.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

describe('docs/signatures.md', () => {
  test('has examples and messages', () => {
    expect(examples.length).toBeGreaterThan(3);
    expect(messages.length).toBeGreaterThan(8);
  });

  test.each(examples.map((example) => [JSON.stringify(example).slice(0, 60), example]))(
    'has an example that a policy takes: %s',
    (_, example) => {
      const policy = 'signatures' in example ? example : { signatures: { authorities: [example] } };
      expect(check(policyInput, policy, 'the example').signatures.mode).toBe('require');
    },
  );

  test.each(messages)('knows what the program says: %s', (message) => {
    // `…` stands for what is different each time; where a message begins with its field, the source has the rest.
    for (const part of message.replace(/^[\w.]+: /, '').split('…'))
      expect([part, sources.includes(part.trim())]).toEqual([part, true]);
  });
});
