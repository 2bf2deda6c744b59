import { expect, inject, it } from 'vitest';
import { runHistory } from '../../scripts/history/history.ts';
import { readOptions } from '../../scripts/history/options.ts';
import { planHistory } from '../../scripts/history/plan.ts';
import { reportLines } from '../../scripts/history/report.ts';
import { type ScoredAlert, scoreHistory } from '../../scripts/history/score.ts';

const SMALL = ['--pushes', '600', '--days', '20', '--repositories', '12', '--rogue', '0.04'];
const options = (seed: number) => readOptions([...SMALL, '--seed', String(seed)]);

it('a generated month: every act is told with its reasons, and nothing honest is', async () => {
  const told: string[] = [];
  const report = await runHistory(options(1), inject('bundle'), (line) => told.push(line));
  const said = reportLines(report).join('\n');
  expect(report.missed, said).toEqual([]);
  expect(report.falseAlarms, said).toEqual([]);
  expect(report.rollUp.differences, said).toEqual([]);
  expect(report).toMatchObject({ ok: true, recall: 1, precision: 1 });
  expect(report.acts).toBeGreaterThanOrEqual(20);
  expect(report.rollUp.sightings).toBeGreaterThan(100);
}, 600_000);

it.each([1, 2, 3])('seed %i plans the same again, with acts of every way and nothing out of order', (seed) => {
  const one = planHistory(options(seed));
  const other = planHistory(options(seed));
  expect(other.happenings.map(({ at }) => at)).toEqual(one.happenings.map(({ at }) => at));
  expect(other.acts).toEqual(one.acts);
  expect(new Set(one.acts.map(({ way }) => way)).size).toBe(14);
  expect(one.happenings.map(({ at }) => at)).toEqual(one.happenings.map(({ at }) => at).toSorted((a, b) => a - b));
});

it('another seed is another history', () => {
  expect(planHistory(options(2)).acts).not.toEqual(planHistory(options(1)).acts);
});

/** What a Pushwarden would tell that never errs. */
function perfect(plan: ReturnType<typeof planHistory>) {
  const alerts = plan.acts.map(
    (act): ScoredAlert => ({
      id: `A-${act.n}`,
      image: act.target?.image ?? null,
      digest: act.target?.digest ?? null,
      tags: act.target === null ? [] : [act.target.tag],
      token: act.target === null ? act.token : null,
      codes: act.rules,
      openedAt: act.at + 5000,
      used: act.target === null ? { from: act.at, to: act.at } : null,
    }),
  );
  const json = plan.acts
    .map(({ target, token }) => (target === null ? `${token}` : `${target.image} ${target.tag}`))
    .join();
  const message = { method: 'webhook', channel: 'alerts', ts: '1', threadTs: null, text: '', json, at: 0 } as const;
  return { alerts, messages: [message], begin: 0 };
}

it('a score is whole if each act is told, and counts what is missed, wrong, or told without its reason', () => {
  const plan = planHistory(options(1));
  const seen = perfect(plan);
  const all = scoreHistory(plan, seen);
  expect(all).toMatchObject({ recall: 1, precision: 1, missed: [], falseAlarms: [], delay: { p50: 5, max: 5 } });

  const [first, ...rest] = seen.alerts;
  if (first === undefined) throw new Error('there are acts');
  expect(scoreHistory(plan, { ...seen, alerts: rest }).missed).toMatchObject([{ act: 1, why: 'no alert' }]);
  const unreasoned = scoreHistory(plan, { ...seen, alerts: [{ ...first, codes: ['forged-delivery'] }, ...rest] });
  expect(unreasoned.missed).toMatchObject([{ act: 1 }]);
  expect(scoreHistory(plan, { ...seen, messages: [] }).missed).toHaveLength(plan.acts.length);

  const honest = plan.pushes.find((push) => push.act === null && push.fate === 'sent');
  if (honest === undefined) throw new Error('there are honest pushes');
  const alarm: ScoredAlert = {
    id: 'A-900',
    image: honest.repository.image,
    digest: honest.image.digest,
    tags: [honest.tag],
    token: null,
    codes: ['unreported-push'],
    openedAt: honest.at + 1000,
    used: null,
  };
  const wrong = scoreHistory(plan, { ...seen, alerts: [...seen.alerts, alarm] });
  expect(wrong.falseAlarms).toMatchObject([{ alert: 'A-900', codes: ['unreported-push'] }]);
  expect(wrong.rules['unreported-push']).toMatchObject({ wrong: 1 });
  expect(wrong.precision).toBeLessThan(1);
});

it('options beyond their bounds are refused', () => {
  expect(() => readOptions(['--lost', '2'])).toThrow('--lost');
  expect(() => readOptions(['--actors', 'nobody'])).toThrow('--actors');
  expect(() => readOptions(['--speed', '9'])).toThrow('Usage');
  expect(readOptions(['--used-late', '7']).usedLate).toBe(7);
});
