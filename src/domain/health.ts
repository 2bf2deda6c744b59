import type { SourcePart } from './source.ts';

/**
 * Health alerts: our own failure, or blindness. Never in the words, colours or channel of an attack. Each kind says
 * what may go unnoticed; the text is one exhaustive switch in `notify`.
 */
export type HealthFact =
  /** An authenticated webhook request that we do not understand. */
  | { readonly kind: 'delivery-not-understood'; readonly hook: string; readonly problem: string }
  /** A registry refuses or fails our reads of this image. */
  | { readonly kind: 'registry-unreadable'; readonly image: string; readonly reason: string }
  /** Tags of this image change, and no webhook says so. */
  | {
      readonly kind: 'webhook-silent';
      readonly image: string;
      readonly lastDeliveryAt: number | null;
      readonly missed: number;
    }
  /** More requests came with a webhook's secret than are taken: the rest was refused. */
  | { readonly kind: 'webhook-limited'; readonly hook: string; readonly registry: string }
  /** A channel refuses our messages for good (`channel_is_archived`, `invalid_auth`, …). */
  | { readonly kind: 'channel-refused'; readonly channel: string; readonly reason: string }
  /** An alert had no channel to go to. */
  | { readonly kind: 'no-channel'; readonly image: string }
  /** A queue message failed as often as it may; cron goes on trying the work itself. */
  | { readonly kind: 'dead-letter'; readonly queue: string; readonly count: number }
  /** Webhooks name images that nobody watches: news, if they carry your name. */
  | { readonly kind: 'unwatched-image'; readonly image: string; readonly pusher: string | null }
  /** A trusted root cannot be refreshed, and is expired or soon will be. `freshUntil` (ms) `null`: it never could. */
  | {
      readonly kind: 'trusted-root-stale';
      readonly root: string;
      readonly url: string;
      readonly reason: string;
      readonly freshUntil: number | null;
    }
  /** A registry account that is read for tokens or its log does not answer as it did. Times in ms since the epoch. */
  | {
      readonly kind: 'source-blind';
      readonly source: string;
      readonly part: SourcePart;
      readonly reason: string;
      readonly since: number;
    }
  /** An audit log does not go on where it was read to. */
  | { readonly kind: 'audit-log-gap'; readonly account: string; readonly since: number | null }
  /** A receiver of events refuses or fails them; `gone`: it answered 410, so nothing is sent to it any more. */
  | {
      readonly kind: 'event-subscription-failing';
      readonly subscription: string;
      readonly host: string;
      readonly reason: string;
      readonly gone: boolean;
    }
  /** Our cryptography fails on signatures whose answer is known. */
  | { readonly kind: 'signature-self-test'; readonly reason: string };

export type HealthKind = HealthFact['kind'];

/** The team that hears of trouble that belongs to no team: the one that installed Pushwarden. */
export const OPERATORS = 1;

/** What the fact is about, so that the same trouble is one entry. At most 512 characters. */
export function healthSubject(fact: HealthFact): string {
  switch (fact.kind) {
    case 'delivery-not-understood':
    case 'webhook-limited':
      return fact.hook;
    case 'registry-unreadable':
    case 'webhook-silent':
    case 'no-channel':
    case 'unwatched-image':
      return fact.image;
    case 'channel-refused':
      return fact.channel;
    case 'dead-letter':
      return fact.queue;
    case 'trusted-root-stale':
      return fact.root;
    case 'event-subscription-failing':
      return fact.subscription;
    case 'signature-self-test':
      return 'self-test';
    case 'source-blind':
      return `${fact.source} ${fact.part}`;
    case 'audit-log-gap':
      return fact.account;
  }
}

const BLINDING: Readonly<Record<HealthKind, boolean>> = {
  'registry-unreadable': true,
  'webhook-silent': true,
  'webhook-limited': true,
  'channel-refused': true,
  'no-channel': true,
  'signature-self-test': true,
  'source-blind': true,
  'audit-log-gap': true,
  'event-subscription-failing': false,
  'delivery-not-understood': false,
  'dead-letter': false,
  'unwatched-image': false,
  'trusted-root-stale': false,
};

/** Whether we cannot see, or cannot speak, while it lasts. The others puzzle us. What is not known (yet) may blind. */
export function isBlinding(kind: string): boolean {
  return !Object.hasOwn(BLINDING, kind) || BLINDING[kind as HealthKind]; // it has that key
}
