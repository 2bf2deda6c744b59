import { type Blob, type DeliveryOutcome, eventOf, hexOf, outcomeOf } from './codec.ts';

export interface DeliveryRecord {
  readonly key: string;
  readonly hook: number;
  readonly receivedAt: number;
  readonly repository: number | null;
  readonly outcome: DeliveryOutcome;
  readonly event: string;
  readonly userAgent: string;
  readonly bodySha256: string;
  readonly repeats: number;
  readonly problem: string | null;
}

export interface DeliveryRow {
  key: Blob;
  hook_id: number;
  received_at: number;
  repository_id: number | null;
  outcome: number;
  event: string;
  user_agent: string;
  body_sha256: Blob;
  repeats: number;
  problem: string | null;
}

/** Columns of a `DeliveryRow`, of a table called `d`. */
export const DELIVERY =
  'd.key, d.hook_id, d.received_at, d.repository_id, d.outcome, d.event, d.user_agent, d.body_sha256, d.repeats, d.problem';

export const deliveryOf = (row: DeliveryRow): DeliveryRecord => ({
  key: hexOf(row.key),
  hook: row.hook_id,
  receivedAt: row.received_at,
  repository: row.repository_id,
  outcome: outcomeOf(row.outcome),
  event: eventOf(row.event),
  userAgent: row.user_agent,
  bodySha256: hexOf(row.body_sha256),
  repeats: row.repeats,
  problem: row.problem,
});
