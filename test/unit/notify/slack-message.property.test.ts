import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertFacts } from '../../../src/domain/alert.ts';
import type { Digest } from '../../../src/domain/digest.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { SlackMessage } from '../../../src/notify/slack-blocks.ts';
import { slackMessage, slackParentMessage } from '../../../src/notify/slack-message.ts';
import type { NotificationContent } from '../../../src/usecases/ports.ts';
import {
  alertContents,
  alertFacts,
  CLAIMS,
  FINDINGS,
  notificationOf,
  PUSHED_AT,
} from '../../fixtures/notifications.ts';
import { slackViolations } from '../../fixtures/slack-limits.ts';

const HOSTILE = [
  '<!channel>',
  '</script><script>alert(1)</script>',
  '```` `x` *b* _i_ ~s~ :skull:',
  '\u202Egnp.exe\u2066',
  '&'.repeat(5000),
  '🛑'.repeat(2500),
  'x'.repeat(5000),
  'line\nbreak\r\n> quote\u2028',
  'half \uD83D',
  '|>x<https://evil.example|safe>',
  '',
];

const name = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 40 }),
);
const tag = fc.oneof(name, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/), fc.constant('v'.repeat(128)));
const image = fc.oneof(fc.constantFrom('docker.io/org/app', `ghcr.io/${'a'.repeat(255)}`, '127.0.0.1:5000/app'), name);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex): Digest => `sha256:${hex}`);
const time = fc.integer({ min: -1, max: 4e12 });
const pusher = fc.record({ name, id: fc.option(name) });
const claims = fc.record({
  repository: name,
  workflow: fc.option(name),
  ref: fc.option(name),
  runUrl: fc.option(name),
});
const signatureFound = fc.record({
  place: fc.constantFrom('referrers-api' as const, 'sig-tag' as const),
  signer: fc.option(name),
  oidcIssuer: fc.option(name),
  problem: fc.constantFrom(null, 'bad-signature' as const, 'certificate' as const),
  reason: fc.option(name),
});
const signatures = fc.array(signatureFound, { maxLength: 5 });
const finding: fc.Arbitrary<Finding> = fc.oneof(
  fc.constantFrom(...FINDINGS),
  fc.record({ code: fc.constant('unexpected-pusher' as const), pusher, expected: fc.array(name) }),
  claims.map((some): Finding => ({ code: 'ci-mismatch', found: { kind: 'workflow', claims: { ...CLAIMS, ...some } } })),
  fc.record({ code: fc.constant('untrusted-signer' as const), found: signatures, expected: fc.array(name) }),
  fc.record({ code: fc.constant('invalid-signature' as const), found: signatures }),
  fc.record({ code: fc.constant('unsigned' as const), expected: fc.array(name), instead: fc.array(name) }),
);
const facts: fc.Arbitrary<AlertFacts> = fc.record({
  image,
  tags: fc.array(tag, { maxLength: 60 }),
  digest: fc.option(digest),
  previous: fc.option(digest),
  safe: fc.option(fc.record({ digest, how: fc.constantFrom('trusted' as const, 'baseline' as const) })),
  findings: fc.uniqueArray(finding, { selector: (some) => some.code, maxLength: 11 }),
  pusher: fc.option(pusher),
  pushedAt: time,
  confirmedAt: fc.option(time),
  push: fc.oneof(fc.constant('12-345'), name),
  nextDecisionAt: fc.option(time),
});

const body = (message: SlackMessage): string => JSON.stringify(message.blocks);

/** The digest that messages about the alert must hold; null if none is known, or the push is only claimed. */
function safeDigest(alert: AlertFacts): Digest | null {
  const isForgery = alert.confirmedAt === null && alert.findings.some((some) => some.code === 'forged-delivery');
  return isForgery ? null : (alert.safe?.digest ?? null);
}

/** The new message and, where there is one, the one above it in the thread. */
function messagesOf(content: NotificationContent, threaded: boolean): [SlackMessage, ...SlackMessage[]] {
  const notification = notificationOf(content, threaded ? { parent: { channel: 'C1', ts: '1.2' } } : {});
  const parent = slackParentMessage(notification);
  return [slackMessage(notification), ...(parent === null ? [] : [parent])];
}

function expectDigest(content: NotificationContent, safe: Digest, messages: [SlackMessage, ...SlackMessage[]]): void {
  const [message] = messages;
  if (content.kind === 'opened') expect(message.text).toContain(safe);
  if (content.kind !== 'closed') for (const each of messages) expect(body(each)).toContain(`\`${safe}\``);
  else if (content.resolution === 'incident') expect(body(message)).toContain(safe);
}

describe('whatever the names', () => {
  it.each(HOSTILE)('a message about %j keeps to Slack’s limits', (hostile) => {
    const alert = alertFacts({
      image: hostile,
      tags: Array.from({ length: 70 }, () => hostile),
      findings: FINDINGS.filter((some) => some.code !== 'forged-delivery'),
      pusher: { name: hostile, id: hostile },
    });
    for (const content of alertContents(alert)) {
      const message = slackMessage(notificationOf(content, { eventId: hostile, alertId: hostile, link: hostile }));
      expect(slackViolations(message)).toEqual([]);
    }
    const fact = { kind: 'registry-unreadable', image: hostile, reason: hostile } as const;
    const health = slackMessage(notificationOf({ kind: 'health-opened', fact, at: PUSHED_AT }, { eventId: hostile }));
    expect(slackViolations(health)).toEqual([]);
  });

  it.each(HOSTILE)('the signatures of an alert, all of them by %j, stay within the limits and are told', (hostile) => {
    const found = Array.from({ length: 3 }, () => ({
      place: 'sig-tag' as const,
      signer: hostile,
      oidcIssuer: hostile,
      problem: 'bad-signature' as const,
      reason: hostile,
    }));
    const expected = Array.from({ length: 10 }, (_, n) => `${hostile}${n}`);
    const findings: Finding[] = [
      { code: 'untrusted-signer', found, expected },
      { code: 'invalid-signature', found },
    ];
    for (const content of alertContents(alertFacts({ findings }))) {
      const message = slackMessage(notificationOf(content));
      expect(slackViolations(message)).toEqual([]);
      if (content.kind === 'opened') expect(body(message)).toContain('Signatures found');
    }
  });

  it('every message about any alert keeps to Slack’s limits and holds the safe digest in full', () => {
    fc.assert(
      fc.property(facts, name, fc.boolean(), (alert, who, threaded) => {
        const safe = safeDigest(alert);
        for (const content of alertContents(alert)) {
          const named = 'by' in content && content.by !== null ? { ...content, by: who } : content;
          const messages = messagesOf(named, threaded);
          for (const message of messages) expect(slackViolations(message)).toEqual([]);
          if (safe !== null) expectDigest(content, safe, messages);
        }
      }),
      { numRuns: 200 },
    );
  });
});
