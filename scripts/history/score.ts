import type { Json } from '../../test/fixtures/worker.ts';
import type { SlackMessage } from '../simulate/world/slack.ts';
import { type Act, DAY, MINUTE, type PlannedPush } from './happening.ts';
import { isBlind } from './ledger.ts';
import type { HistoryPlan } from './plan.ts';

/** An alert as far as it is scored. Times are ms since the plan's beginning. */
export interface ScoredAlert {
  readonly id: string;
  readonly image: string | null;
  readonly digest: string | null;
  readonly tags: readonly string[];
  /** Label of the token that it is about. */
  readonly token: string | null;
  readonly codes: readonly string[];
  readonly openedAt: number;
  /** When the token was used, where the alert is about that: from the first use it tells of to the last. */
  readonly used: { readonly from: number; readonly to: number } | null;
}

/** By rule: how many of its findings are about acts, and how many acts that must have it do. */
export interface RuleScore {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly found: number;
  readonly wrong: number;
  readonly wanted: number;
  readonly missed: number;
}

export interface Missed {
  readonly act: number;
  readonly way: string;
  readonly what: string;
  readonly when: string;
  readonly why: string;
}

export interface FalseAlarm {
  readonly alert: string;
  readonly what: string;
  readonly when: string;
  readonly codes: readonly string[];
  /** The push that it is about, if it is one of the plan's. */
  readonly push: string | null;
}

export interface Score {
  readonly acts: number;
  readonly caught: number;
  readonly missed: readonly Missed[];
  readonly falseAlarms: readonly FalseAlarm[];
  /** Alerts about honest pushes whose webhook never came and for which nobody vouches, as docs/findings.md says. */
  readonly unreported: number;
  readonly rules: Readonly<Record<string, RuleScore>>;
  readonly precision: number;
  readonly recall: number;
  /** From an act to its first alert, in simulated seconds. */
  readonly delay: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number | null>>;
}

export interface Seen {
  readonly alerts: readonly ScoredAlert[];
  readonly messages: readonly SlackMessage[];
  /** Simulated time at which the plan began, ms since the epoch. */
  readonly begin: number;
}

/** An act has its alerts within this time, and an alert after it is about something else. */
const BELONGS_MS = 30 * 60 * MINUTE;
/** What happens within this time happens at one moment of the simulated clock. */
const TOGETHER_MS = 10_000;

/** Compares what was told with what the plan did. */
export function scoreHistory({ acts, pushes }: HistoryPlan, { alerts, messages, begin }: Seen): Score {
  const owners = new Map(alerts.map((alert) => [alert.id, acts.filter((act) => isAbout(alert, act))]));
  const caught = acts.map((act) => {
    const own = alerts.filter((alert) => isAbout(alert, act));
    return { act, own, why: whyMissed(act, own, messages) };
  });
  const missed = caught.filter(({ why }) => why !== null);
  const strays = alerts.filter(({ id }) => owners.get(id)?.length === 0);
  const blind = strays.filter((alert) => isUnreported(alert, pushes));
  const wrong = strays.filter((alert) => !blind.includes(alert));
  const delays = caught.flatMap(({ act, own }) =>
    own.length === 0 ? [] : [Math.min(...own.map((each) => each.openedAt)) - act.at],
  );
  const right = alerts.length - strays.length;
  return {
    acts: acts.length,
    caught: acts.length - missed.length,
    missed: missed.map(({ act, why }) => ({
      act: act.n,
      way: act.way,
      what:
        act.target === null
          ? (act.token ?? '')
          : `${act.target.image}:${act.target.tag}@${act.target.digest.slice(0, 19)}`,
      when: when(act.at, begin),
      why: why ?? '',
    })),
    falseAlarms: wrong.map((alert) => falseAlarm(alert, pushes, begin)),
    unreported: blind.length,
    rules: byRule(caught, alerts, wrong),
    precision: right + wrong.length === 0 ? 1 : right / (right + wrong.length),
    recall: acts.length === 0 ? 1 : (acts.length - missed.length) / acts.length,
    delay: percentiles(delays),
  };
}

function isAbout(alert: ScoredAlert, act: Act): boolean {
  const after = alert.openedAt - act.at;
  if (after < -TOGETHER_MS || after > BELONGS_MS) return false;
  if (alert.used !== null) return alert.token === act.token && isDuring(act.at, alert.used);
  const { target } = act;
  if (target === null || alert.image !== target.image || alert.digest === null) return false;
  return (alert.digest === target.digest && alert.tags.includes(target.tag)) || act.touches.includes(alert.digest);
}

const isDuring = (at: number, { from, to }: { readonly from: number; readonly to: number }): boolean =>
  at >= from - TOGETHER_MS && at <= to + TOGETHER_MS;

/** `null`: it was told, with each rule that must find it, and in Slack. */
function whyMissed(act: Act, own: readonly ScoredAlert[], messages: readonly SlackMessage[]): string | null {
  if (own.length === 0) return 'no alert';
  const codes = own.flatMap((alert) => alert.codes);
  const lacking = act.rules.filter((rule) => !codes.includes(rule));
  if (lacking.length > 0) return `no ${lacking.join(', ')} among ${[...new Set(codes)].join(', ')}`;
  const names = act.target === null ? [act.token ?? ''] : [act.target.image, act.target.tag];
  return messages.some(({ json }) => names.every((name) => json.includes(name)))
    ? null
    : 'no message in Slack names it';
}

/** A push whose webhook was lost, and nothing else wrong with it. */
function isUnreported({ image, digest, codes }: ScoredAlert, pushes: readonly PlannedPush[]): boolean {
  if (codes.length !== 1 || codes[0] !== 'unreported-push') return false;
  return pushes.some((push) => isBlind(push) && push.repository.image === image && push.image.digest === digest);
}

function falseAlarm(alert: ScoredAlert, pushes: readonly PlannedPush[], begin: number): FalseAlarm {
  const { image, digest, tags, token } = alert;
  const about = pushes.filter(
    (push) =>
      push.repository.image === image &&
      push.image.digest === digest &&
      tags.includes(push.tag) &&
      push.at <= alert.openedAt,
  );
  const last = about.at(-1);
  return {
    alert: alert.id,
    what: image === null ? (token ?? 'settings') : `${image}:${tags.join(',')}@${digest?.slice(0, 19)}`,
    when: when(alert.openedAt, begin),
    codes: alert.codes,
    push:
      last === undefined
        ? null
        : `${last.what} (${last.repository.policy}), webhook ${last.fate}, ${when(last.at, begin)}`,
  };
}

function byRule(
  caught: readonly { readonly act: Act; readonly own: readonly ScoredAlert[] }[],
  alerts: readonly ScoredAlert[],
  wrong: readonly ScoredAlert[],
): Record<string, RuleScore> {
  const codes = new Set([...alerts.flatMap((alert) => alert.codes), ...caught.flatMap(({ act }) => act.rules)]);
  const right = new Set(caught.flatMap(({ own }) => own));
  return Object.fromEntries(
    [...codes].sort().map((code) => {
      const has = (alert: ScoredAlert) => alert.codes.includes(code);
      const found = [...right].filter(has).length;
      const bad = wrong.filter(has).length;
      const wanting = caught.filter(({ act }) => act.rules.some((rule) => rule === code));
      const missed = wanting.filter(({ own }) => !own.some(has)).length;
      const share = (part: number, whole: number) => (whole === 0 ? null : part / whole);
      return [
        code,
        {
          precision: share(found, found + bad),
          recall: share(wanting.length - missed, wanting.length),
          found,
          wrong: bad,
          wanted: wanting.length,
          missed,
        },
      ];
    }),
  );
}

function percentiles(delays: readonly number[]): Score['delay'] {
  const sorted = delays.toSorted((one, other) => one - other);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return value === undefined ? null : Math.max(0, Math.round(value / 100) / 10);
  };
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** `day 12 03:04:05 (2026-12-06T03:04:05Z)` */
function when(at: number, begin: number): string {
  const day = Math.floor(at / DAY);
  const time = new Date(((at % DAY) + DAY) % DAY).toISOString().slice(11, 19);
  return `day ${day} ${time} (${new Date(begin + at).toISOString().slice(0, 19)}Z)`;
}

/** An alert as the API answers it. */
export function scoredAlert(alert: Json, labels: ReadonlyMap<string, string>, begin: number): ScoredAlert {
  return {
    id: alert.id,
    image: alert.image,
    digest: alert.digest,
    tags: alert.tags,
    token: alert.credential === null ? null : (labels.get(alert.credential) ?? alert.credential),
    codes: alert.findings.map(({ code }: { readonly code: string }) => code),
    openedAt: Date.parse(alert.openedAt) - begin,
    used: usedOf(alert, begin),
  };
}

function usedOf({ about, findings: [finding] }: Json, begin: number): ScoredAlert['used'] {
  if (about !== 'credential' || finding === undefined) return null;
  return { from: (finding.first ?? finding.since ?? finding.at) - begin, to: finding.at - begin };
}
