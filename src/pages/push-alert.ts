import { type AlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { AlertRecord } from '../store/inbox.ts';

/** An alert about a push. */
export type PushAlertRecord = AlertRecord & { readonly facts: AlertFacts };

export const isPushAlert = (alert: AlertRecord): alert is PushAlertRecord => !isWatchAlert(alert.facts);
