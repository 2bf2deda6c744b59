import { expect, it } from 'vitest';
import { acceptedFormat } from '../../../src/http/report-format.ts';

it.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['text/html', 'json'],
  ['text/csv', 'csv'],
  ['TEXT/CSV; charset=utf-8', 'csv'],
  ['text/markdown', 'markdown'],
  ['application/json;q=0.5, text/csv', 'csv'],
  ['text/csv;q=0.1, text/markdown;q=0.2', 'markdown'],
  ['text/csv;q=0', 'json'],
  ['text/csv;q=x', 'json'],
])('the format for Accept %j is %s', (accept, expected) => {
  expect(acceptedFormat(accept)).toBe(expected);
});
