import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '../domain/person.ts';
import {
  CI_RUNS_KEPT_MS,
  DELIVERIES_KEPT_MS,
  FAILED_EVENTS_KEPT_MS,
  SENT_EVENTS_KEPT_MS,
  SLACK_REQUESTS_KEPT_MS,
  USED_TOKENS_KEPT_MS,
} from '../domain/retention.ts';

export interface RetentionWords {
  readonly what: string;
  readonly kept: string;
  readonly why: string;
}

const FOR_EVER = 'for ever';
const WITH_IMAGE = 'until you stop watching the image';

/** What is kept how long, in the order of what matters after an incident. */
export function retentionWords(): readonly RetentionWords[] {
  return [
    {
      what: 'Pushes: digest, account, evidence, verdict; what every tag pointed at',
      kept: WITH_IMAGE,
      why: 'A tag that goes back to an old image is known by it, and leaks are found out years later.',
    },
    {
      what: 'Uses of tokens and accounts, and on how many days there were how many',
      kept: 'as long as the image they were at is watched; others for ever',
      why: 'What a leaked token could have pushed is answered from them.',
    },
    { what: 'Alerts about pushes and all that was sent of them', kept: WITH_IMAGE, why: 'Who knew what, and when.' },
    {
      what: 'Alerts about tokens and settings, and about Pushwarden itself',
      kept: FOR_EVER,
      why: 'When we could not see is part of the answer.',
    },
    { what: 'Announcements of CI', kept: WITH_IMAGE, why: 'They are evidence of the pushes they vouch for.' },
    { what: 'The audit log: who changed what here', kept: FOR_EVER, why: 'Nobody may remove their own traces.' },
    {
      what: 'What connected registry accounts say: rows of their audit logs',
      kept: 'until the account is disconnected',
      why: 'Registries forget theirs after some time.',
    },
    {
      what: 'Runs of CI that webhooks told of',
      kept: span(CI_RUNS_KEPT_MS),
      why: 'So that a use can be held against the release of the year before.',
    },
    {
      what: 'Requests of webhooks: when, which event, the hash of its body; of one that was not understood its first 16 KiB',
      kept: span(DELIVERIES_KEPT_MS),
      why: 'To see what came, and to know again what a registry sends twice.',
    },
    {
      what: 'Events for other systems',
      kept: `${span(SENT_EVENTS_KEPT_MS)} after they were sent, ${span(FAILED_EVENTS_KEPT_MS)} after they were given up`,
      why: 'To see what a receiver was told.',
    },
    {
      what: 'Tokens of CI that were used, as hashes',
      kept: `${span(USED_TOKENS_KEPT_MS)} beyond their end`,
      why: 'Each is accepted once.',
    },
    {
      what: 'Requests of Slack that did something, as hashes',
      kept: span(SLACK_REQUESTS_KEPT_MS),
      why: 'A replay does nothing.',
    },
    {
      what: 'Sessions of browsers',
      kept: `${span(SESSION_IDLE_MS)} after their last use, ${span(SESSION_LIFE_MS)} in any case`,
      why: 'So that a forgotten browser is signed out.',
    },
  ];
}

function span(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours % 24 !== 0) return hours === 1 ? 'an hour' : `${hours} hours`;
  return hours === 24 ? 'a day' : `${hours / 24} days`;
}
