import type * as z from 'zod';
import type { NotCovered } from '../domain/not-covered.ts';
import { formatImageName } from '../domain/reference.ts';
import type {
  BlastRadius,
  ReportCredential,
  ReportPush,
  ReportSummary,
  TrustedBefore,
} from '../usecases/blast-radius-report.ts';
import type { blastRadiusAnswer } from './schemas/blast-radius.ts';
import { iso, isoOrNull } from './schemas/common.ts';

/** A report about a credential as the API writes it. */

type Answer = z.input<typeof blastRadiusAnswer>;

export function blastRadiusView(report: BlastRadius): Answer {
  const { credential, span, madeAt, tokens, reach, summary, next } = report;
  return {
    credential: credentialFacts(credential),
    from: iso(span.from),
    to: iso(span.to),
    madeAt: iso(madeAt),
    tokens: tokens.map(({ id, kind, name, usedAt, goneAt }) => ({
      id: `C-${id}`,
      kind,
      name,
      lastUsedAt: isoOrNull(usedAt),
      goneAt: isoOrNull(goneAt),
    })),
    summary: summary === null ? null : summaryView(summary),
    reach: reachView(reach),
    pushes: report.pushes.map(pushView),
    uses: report.uses.map(({ at, since, detail, ...use }) => ({
      ...use,
      at: iso(at),
      since: isoOrNull(since),
      detail: detail === null ? null : { ...detail },
    })),
    notCovered: report.notCovered.map(notCoveredView),
    next: next === null ? null : cursorText(next),
  };
}

/** As `cursor` takes it. */
export const cursorText = ({ at, key }: NonNullable<BlastRadius['next']>): string => `${at}-${key}`;

const credentialFacts = (credential: ReportCredential): Answer['credential'] => ({
  id: `C-${credential.id}`,
  kind: credential.kind,
  name: credential.name,
  account: credential.account,
  createdAt: isoOrNull(credential.createdAt),
  createdBy: credential.createdBy,
  expiresAt: isoOrNull(credential.expiresAt),
  lastUsedAt: isoOrNull(credential.usedAt),
  goneAt: isoOrNull(credential.goneAt),
  firstSeenAt: iso(credential.firstSeenAt),
  mark: credential.mark,
});

const summaryView = ({ attributed, possible, unknown, countedSince, ...rest }: ReportSummary): Answer['summary'] => ({
  ...rest,
  attributed: { ...attributed },
  possible: { ...possible },
  unknown: { ...unknown },
  countedSince: iso(countedSince),
});

const reachView = ({ mayPush, repositories, open }: BlastRadius['reach']): Answer['reach'] => ({
  mayPush,
  repositories: repositories.map(({ id, image, createdAt, why, seen }) => ({
    repository: id,
    image: formatImageName(image),
    watchedSince: iso(createdAt),
    why: [...why],
    seen: seen.map(({ itself, pushes, possible, lastDay }) => ({
      by: itself ? ('itself' as const) : ('account' as const),
      pushes,
      possible,
      lastDay: iso(lastDay).slice(0, 10),
    })),
  })),
  open: open.map((grant) => ({ ...grant })),
});

const pushView = ({ key, at, alertId, findings, evidence, trustedBefore, safe, ...push }: ReportPush) => ({
  ...push,
  at: iso(at),
  id: key === null ? null : `${key.repository}-${key.seq}`,
  findings: findings.map((finding) => ({ ...finding })),
  evidence: evidence === null ? null : { ...evidence },
  alert: alertId === null ? null : `A-${alertId}`,
  trustedBefore: beforeView(trustedBefore),
  safe: beforeView(safe),
});

const beforeView = (before: TrustedBefore | null) => (before === null ? null : { ...before, at: iso(before.at) });

const TIMES: ReadonlySet<string> = new Set(['until', 'from', 'since', 'readAt']);

/** The fact with its times as the API writes them. */
function notCoveredView(fact: NotCovered): { kind: string } {
  const entries = Object.entries(fact).map(([name, value]) => [
    name,
    TIMES.has(name) && typeof value === 'number' ? iso(value) : value,
  ]);
  return { ...Object.fromEntries(entries), kind: fact.kind };
}
