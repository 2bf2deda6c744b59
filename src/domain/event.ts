/** What other systems may be told of. The version is part of the name: a form never changes under it. */
export const EVENT_TYPES = [
  'dev.pushwarden.push.judged.v1',
  'dev.pushwarden.finding.raised.v1',
  'dev.pushwarden.credential.sighted.v1',
  'dev.pushwarden.alert.opened.v1',
  'dev.pushwarden.alert.acknowledged.v1',
  'dev.pushwarden.alert.closed.v1',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Sent on request only, whatever types a subscription asks for. */
export const TEST_EVENT_TYPE = 'dev.pushwarden.test.v1';
