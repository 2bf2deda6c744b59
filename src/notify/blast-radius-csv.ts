import { formatImageName } from '../domain/reference.ts';
import type { SightingDetail } from '../domain/sighting.ts';
import type { BlastRadius, ReportPush, ReportUse } from '../usecases/blast-radius-report.ts';
import { ACTION_WORDS, notCoveredWords, REACH_WORDS } from './blast-radius-words.ts';
import { csvLine } from './csv-text.ts';

const COLUMNS = [
  'record',
  'certainty',
  'strength',
  'known_by',
  'time',
  'since',
  'image',
  'tag',
  'digest',
  'verdict',
  'findings',
  'ci',
  'signature',
  'tag_points_there',
  'push',
  'alert',
  'last_trusted_digest',
  'digest_to_restore',
  'note',
] as const;

type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string>>>;

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * A report as CSV: `record` says what a line is: `push`, `use`, `reach`, `not-covered`, or `more` if it is cut. What the
 * report does not know stands in the file, so that nobody takes a short file for a quiet token.
 */
export function blastRadiusCsv(report: BlastRadius): string {
  const { pushes, uses, reach, notCovered, next } = report;
  const rows: Row[] = [
    ...pushes.map(pushRow),
    ...uses.map(useRow),
    ...reach.repositories.map(({ image, why, createdAt }) => ({
      record: 'reach',
      image: formatImageName(image),
      since: iso(createdAt),
      note: why.map((each) => REACH_WORDS[each]).join('; '),
    })),
    ...notCovered.map((fact) => ({ record: 'not-covered', note: notCoveredWords(fact, (name) => name) })),
    ...(next === null
      ? []
      : [
          {
            record: 'more',
            time: iso(next.at),
            note: `There is more, older than this: ask with cursor=${next.at}-${next.key}`,
          },
        ]),
  ];
  return [csvLine(COLUMNS), ...rows.map((row) => csvLine(COLUMNS.map((column) => row[column] ?? '')))].join('');
}

function pushRow(push: ReportPush): Row {
  const { certainty, strength, by, at, image, tag, verdict, findings, evidence, current, key, alertId } = push;
  return {
    record: 'push',
    certainty,
    strength,
    known_by: by,
    time: iso(at),
    image,
    tag,
    digest: push.digest ?? '',
    verdict: verdict ?? 'not judged',
    findings: findings.map(({ code }) => code).join(' '),
    ci: evidence?.ci ?? 'unknown',
    signature: evidence?.signature ?? 'not-looked-for',
    tag_points_there: current === null ? 'unknown' : current ? 'yes' : 'no',
    push: key === null ? '' : `${key.repository}-${key.seq}`,
    alert: alertId === null ? '' : `A-${alertId}`,
    last_trusted_digest: push.trustedBefore?.digest ?? '',
    digest_to_restore: push.safe?.digest ?? '',
    note: push.watched ? '' : 'not watched: only the log tells of it',
  };
}

const useRow = ({ certainty, strength, by, at, since, image, action, detail }: ReportUse): Row => ({
  record: 'use',
  certainty,
  strength,
  known_by: by,
  time: iso(at),
  since: since === null ? '' : iso(since),
  image: image ?? '',
  tag: detail?.tag ?? '',
  digest: detail?.digest ?? '',
  note: [ACTION_WORDS[action], ...namesIn(detail)].join(': '),
});

const namesIn = (detail: SightingDetail | null): string[] =>
  [detail?.event, detail?.target].filter((name) => name !== undefined);
