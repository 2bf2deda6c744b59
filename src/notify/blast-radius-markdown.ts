import type { BlastRadius, PushCount, ReportPush, ReportUse } from '../usecases/blast-radius-report.ts';
import { reachSection } from './blast-radius-reach.ts';
import { toDo } from './blast-radius-steps.ts';
import {
  ACTION_WORDS,
  BY_WORDS,
  CERTAINTY_WORDS,
  CI_WORDS,
  notCoveredWords,
  SIGNATURE_WORDS,
  STRENGTH_WORDS,
} from './blast-radius-words.ts';
import { KIND_WORDS } from './credential-words.ts';
import { mdCode, mdTable } from './markdown-text.ts';
import { utcSecond } from './utc.ts';
import { findingTitle } from './words.ts';

/** Lines of the timeline; all of them stand in the tables. */
const TIMELINE = 200;

/** A report for an incident's post-mortem. Names are strangers' and stand in code spans alone; times are UTC. */
export function blastRadiusMarkdown(report: BlastRadius, address: string): string {
  const { credential, pushes, uses, notCovered, next } = report;
  const title = `# What ${KIND_WORDS[credential.kind]} ${mdCode(credential.name)} could have pushed`;
  const cut = next === null ? [] : [`**This report is cut.** ${moreWords(report)}`];
  return `${[
    title,
    ...cut,
    section('Summary', summary(report)),
    section('What to do now', toDo(report, address)),
    section('Timeline', timeline(report)),
    section('Reach', reachSection(report)),
    section('Pushes', pushes.length === 0 ? [noneWords('push')] : [pushTable(pushes)]),
    section('Other uses', uses.length === 0 ? [noneWords('use')] : [useTable(uses)]),
    section('What this report does not cover', [
      'Nothing of this is a sign of an attack, and none of it a sign that there was none.',
      notCovered.map((fact) => `- ${notCoveredWords(fact, mdCode)}`).join('\n'),
    ]),
    section('How we know', howWeKnow(report)),
  ].join('\n\n')}\n`;
}

const section = (title: string, paragraphs: readonly string[]): string => [`## ${title}`, ...paragraphs].join('\n\n');

/** Nothing found is said with where it would have been seen. */
const noneWords = (what: 'push' | 'use'): string =>
  `No ${what === 'push' ? 'push' : 'other use'} of it was seen in this time, on this page. What could not be seen stands under “What this report does not cover”.`;

function moreWords({ credential, next }: BlastRadius): string {
  if (next === null) return '';
  const path = `/api/v1/credentials/C-${credential.id}/blast-radius?format=markdown&cursor=${next.at}-${next.key}`;
  return `What is older than ${utcSecond(next.at)} is on the next page: ${mdCode(path)} (with the same \`from\` and \`to\`).`;
}

function summary(report: BlastRadius): string[] {
  const { credential, span, madeAt, summary: counts } = report;
  const time = (ms: number | null, none: string): string => (ms === null ? none : utcSecond(ms));
  const facts = [
    `- Credential: ${KIND_WORDS[credential.kind]} ${mdCode(credential.name)} (C-${credential.id})${credential.account === null ? '' : `, account ${mdCode(credential.account)}`}`,
    `- Created: ${time(credential.createdAt, 'not known')}${credential.createdBy === null ? '' : ` by ${mdCode(credential.createdBy)}`}`,
    `- Expires: ${time(credential.expiresAt, 'never, or not known')}`,
    `- Last used, as the registry says: ${time(credential.usedAt, 'not known')}`,
    `- Marked here: ${credential.mark}`,
    `- Gone: ${time(credential.goneAt, 'no, or not known')}`,
    `- Span: ${utcSecond(span.from)} to ${utcSecond(span.to)}; report made ${utcSecond(madeAt)}`,
  ];
  if (counts === null) return [facts.join('\n'), 'The counts stand on the first page.'];
  const rows = (['attributed', 'possible', 'unknown'] as const).map((certainty) => [
    CERTAINTY_WORDS[certainty],
    ...countCells(counts[certainty]),
  ]);
  const head = ['Pushes', 'Count', 'Digests', 'Rogue', 'Undetermined', 'Pending', 'Trusted', 'Not judged'];
  const partly =
    counts.countedSince > span.from
      ? [`Counted since ${utcSecond(counts.countedSince)} only: there is more before. Narrow the span.`]
      : [];
  return [
    facts.join('\n'),
    mdTable(head, rows),
    `Repositories in reach: ${counts.repositories}. Tags to be restored whose safe digest is known: ${counts.safeDigests}. Pushes by its account that were certainly made with something else, and are not listed: ${counts.others}.`,
    ...partly,
  ];
}

const countCells = ({ pushes, digests, rogue, undetermined, pending, trusted, notJudged }: PushCount): string[] =>
  [pushes, digests, rogue, undetermined, pending, trusted, notJudged].map(String);

interface Moment {
  readonly at: number;
  readonly what: string;
}

function timeline(report: BlastRadius): string[] {
  const { credential, pushes, uses, span } = report;
  const facts: [number | null, string][] = [
    [credential.createdAt, 'The credential was created.'],
    [credential.firstSeenAt, 'Seen here for the first time.'],
    [credential.usedAt, 'Last used, as the registry says.'],
    [credential.goneAt, 'Not listed, or not active, any more.'],
    [credential.expiresAt !== null && credential.expiresAt <= report.madeAt ? credential.expiresAt : null, 'Expired.'],
    [span.from, 'The span of this report begins.'],
    [span.to, 'The span of this report ends.'],
  ];
  const moments: Moment[] = [
    ...facts.flatMap(([at, what]) => (at === null ? [] : [{ at, what }])),
    ...pushes.map((push) => ({ at: push.at, what: `Push ${CERTAINTY_WORDS[push.certainty]}: ${pushWords(push)}` })),
    ...uses.map((use) => ({ at: use.at, what: `Use ${CERTAINTY_WORDS[use.certainty]}: ${useWords(use)}` })),
  ];
  const shown = moments.sort((a, b) => a.at - b.at).slice(-TIMELINE);
  const left = moments.length - shown.length;
  return [
    ...(left === 0 ? [] : [`The last ${TIMELINE} moments; ${left} before them stand in the tables below.`]),
    shown.map(({ at, what }) => `- ${utcSecond(at)}: ${what}`).join('\n'),
  ];
}

const pushWords = ({ image, tag, digest, verdict }: ReportPush): string =>
  `${mdCode(tag === '' ? image : `${image}:${tag}`)} at ${digest === null ? 'a digest that is not known' : mdCode(digest)}, ${verdict ?? 'not judged'}.`;

const useWords = ({ action, image, detail, since }: ReportUse): string => {
  const names = [detail?.event, detail?.target ?? image ?? undefined, detail?.tag].filter((name) => name !== undefined);
  const when = since === null ? '' : `, and perhaps before, since ${utcSecond(since)}`;
  return `${ACTION_WORDS[action]}${names.length === 0 ? '' : ` (${names.map(mdCode).join(', ')})`}${when}.`;
};

function pushTable(pushes: readonly ReportPush[]): string {
  const head = [
    'Time',
    'Whose',
    'Strength',
    'Image',
    'Digest',
    'Verdict',
    'Findings',
    'Evidence',
    'Alert',
    'Last trusted before',
  ];
  return mdTable(head, pushes.map(pushCells));
}

function pushCells(push: ReportPush): string[] {
  const { at, certainty, strength, by, image, tag, digest, verdict, findings, evidence, alertId, watched } = push;
  const told =
    evidence === null ? 'none kept' : `CI: ${CI_WORDS[evidence.ci]}; signature: ${SIGNATURE_WORDS[evidence.signature]}`;
  const now = push.current === null ? '' : push.current ? ', tag points there' : ', tag does not point there';
  const same = push.trustedBefore?.bySame === true ? ' (pushed by the same credential)' : '';
  return [
    utcSecond(at),
    CERTAINTY_WORDS[certainty],
    `${strength}, ${BY_WORDS[by]}`,
    `${mdCode(tag === '' ? image : `${image}:${tag}`)}${watched ? '' : ' (not watched)'}`,
    digest === null ? 'not known' : mdCode(digest),
    `${verdict ?? 'not judged'}${now}`,
    findings.length === 0 ? 'none' : findings.map(({ code }) => findingTitle(code)).join('; '),
    told,
    alertId === null ? 'none' : `A-${alertId}`,
    push.trustedBefore === null ? 'none known' : `${mdCode(push.trustedBefore.digest)}${same}`,
  ];
}

function useTable(uses: readonly ReportUse[]): string {
  return mdTable(
    ['Time', 'Whose', 'Strength', 'What'],
    uses.map((use) => [
      utcSecond(use.at),
      CERTAINTY_WORDS[use.certainty],
      `${use.strength}, ${BY_WORDS[use.by]}`,
      useWords(use),
    ]),
  );
}

function howWeKnow({ credential }: BlastRadius): string[] {
  const strengths = (['named', 'deduced', 'ambiguous', 'unknown'] as const).map(
    (strength) => `- **${strength}**: ${STRENGTH_WORDS[strength]}`,
  );
  const unsigned =
    credential.kind === 'github-sender' || credential.kind === 'distribution-actor'
      ? []
      : ['Docker Hub does not sign its webhooks: the account that one names is as good as the secret in its address.'];
  return [
    strengths.join('\n'),
    ...unsigned,
    '“Last trusted before” is the last digest of the same tag that was judged trusted, or was there when the image was registered. It is restored only if this credential did not push it in the span; else the one before that, if there is one.',
  ];
}
