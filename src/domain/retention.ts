/** How long things are kept, in ms. What is not here is kept for ever, or goes with what it belongs to. */

const DAY_MS = 86_400_000;

/** Requests of webhooks, whether understood or not. */
export const DELIVERIES_KEPT_MS = 30 * DAY_MS;
/** Longer than a year, so that a token's use can be held against the release of the year before. */
export const CI_RUNS_KEPT_MS = 400 * DAY_MS;
/** A CI token that was used, beyond its end: until then it could be used again. */
export const USED_TOKENS_KEPT_MS = DAY_MS;
/** Slack's own requests are refused when they are older than five minutes, by a real clock. */
export const SLACK_REQUESTS_KEPT_MS = 3_600_000;
/** Events for other systems: those that were sent, and those that were given up. */
export const SENT_EVENTS_KEPT_MS = 7 * DAY_MS;
export const FAILED_EVENTS_KEPT_MS = 30 * DAY_MS;
