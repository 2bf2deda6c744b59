import type { HistoryReport } from './history.ts';

/** What a person reads: by rule, then what went wrong. */
export function reportLines(report: HistoryReport): string[] {
  const { rules, missed, falseAlarms, delay, webhooks, messages, rollUp } = report;
  const percent = (share: number | null) => (share === null ? '-' : `${(100 * share).toFixed(1)} %`).padStart(9);
  const number = (value: number) => String(value).padStart(7);
  return [
    `${'Rule'.padEnd(24)}precision   recall  found  wrong wanted missed`,
    ...Object.entries(rules).map(
      ([code, one]) =>
        `${code.padEnd(24)}${percent(one.precision)}${percent(one.recall)}${number(one.found)}${number(one.wrong)}${number(one.wanted)}${number(one.missed)}`,
    ),
    '',
    `${report.pushes} pushes; ${webhooks.webhooks} webhooks, ${webhooks.duplicates} of them twice, ${webhooks.late} pushes told late, ${webhooks.lost} never, ${webhooks.suppressed} suppressed; ${webhooks.polls} readings of accounts`,
    `${report.caught} of ${report.acts} acts told; ${falseAlarms.length} false alarms; ${report.unreported} alerts about honest pushes whose webhook was lost and for which nobody vouches`,
    `from act to alert, simulated: median ${delay.p50} s, p90 ${delay.p90} s, p99 ${delay.p99} s, longest ${delay.max} s`,
    `${messages.alerts} messages about alerts, ${messages.health} about health`,
    `days of ${rollUp.credentials} credentials recounted from ${rollUp.sightings} sightings: ${rollUp.differences.length} differences`,
    ...missed.map(({ act, way, what, when, why }) => `MISSED act ${act}, ${way}: ${what}, ${when}: ${why}`),
    ...falseAlarms.map(
      ({ alert, what, when, codes, push }) =>
        `FALSE ALARM ${alert}: ${what}, ${when}: ${codes.join(', ')}; ${push ?? 'no push of the plan'}`,
    ),
    ...rollUp.differences.map((line) => `DIFFERENCE ${line}`),
    `${report.ok ? 'As it should be' : 'NOT as it should be'}, seed ${report.options.seed}, ${report.seconds} s`,
  ];
}
