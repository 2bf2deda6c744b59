import { describe, expect, test } from 'vitest';
import { type AlertEdge, alertEdge, type KnownAlert } from '../../../src/domain/alert.ts';
import type { Finding, Verdict } from '../../../src/domain/finding.ts';
import { NEW, OLD } from './cases.ts';

const moved: Finding = { code: 'tag-moved', from: OLD, to: NEW };
const unreported: Finding = { code: 'unreported-push' };
const known: KnownAlert = { findings: ['tag-moved'], tags: ['1.2.3'] };

describe('the edge of an alert', () => {
  test.each<[string, KnownAlert | null, Verdict, readonly Finding[], string, AlertEdge | null]>([
    ['a first finding opens it', null, 'rogue', [moved], '1.2.3', { kind: 'opened' }],
    ['the same again is no news', known, 'rogue', [moved], '1.2.3', null],
    ['fewer findings are no news', { ...known, findings: ['tag-moved', 'unsigned'] }, 'rogue', [moved], '1.2.3', null],
    [
      'a new finding worsens it',
      known,
      'rogue',
      [moved, unreported],
      '1.2.3',
      { kind: 'worsened', findings: ['unreported-push'], tags: [] },
    ],
    ['another tag worsens it', known, 'rogue', [moved], '1.2.4', { kind: 'worsened', findings: [], tags: ['1.2.4'] }],
    ['the same manifest without a tag is no news', known, 'rogue', [moved], '', null],
    ['trust clears it', known, 'trusted', [], '1.2.3', { kind: 'cleared' }],
    ['waiting does not clear it', known, 'pending', [], '1.2.3', null],
    ['not knowing does not clear it', known, 'undetermined', [], '1.2.3', null],
    ['trust opens none', null, 'trusted', [], '1.2.3', null],
    ['waiting opens none', null, 'pending', [], '1.2.3', null],
    ['not knowing opens none', null, 'undetermined', [], '1.2.3', null],
  ])('%s', (_, before, verdict, findings, tag, edge) => {
    expect(alertEdge(before, verdict, findings, tag)).toEqual(edge);
  });
});
