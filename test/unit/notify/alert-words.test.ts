import { describe, expect, it } from 'vitest';
import type { AlertFacts, WatchAlertFacts } from '../../../src/domain/alert.ts';
import {
  alertHeadline,
  isItReal,
  openAlertsHeadline,
  revokeAnswer,
  safeDigestWords,
} from '../../../src/notify/alert-words.ts';
import { ALERT, RELEASED, ROGUE } from '../pages/alerts.ts';

const FORGED: AlertFacts = {
  ...ALERT,
  digest: null,
  previous: null,
  safe: null,
  confirmedAt: null,
  findings: [{ code: 'forged-delivery' }],
};

const cases: readonly (readonly [string, Partial<AlertFacts>, string])[] = [
  [
    'overwritten',
    {},
    'Tag 3.4.0 of kong/kubernetes-ingress-controller was overwritten by a push your pipeline did not make',
  ],
  ['new', { previous: null }, 'Tag 3.4.0 of kong/kubernetes-ingress-controller was pushed, and not by your pipeline'],
  [
    'the same again',
    { previous: ROGUE },
    'Tag 3.4.0 of kong/kubernetes-ingress-controller was pushed again, and not by your pipeline',
  ],
  [
    'several',
    { tags: ['3.4.0', '3.4', 'latest'] },
    'Tags 3.4.0 and 2 more of kong/kubernetes-ingress-controller were overwritten by a push your pipeline did not make',
  ],
  [
    'without a tag',
    { tags: [] },
    'kong/kubernetes-ingress-controller received a push without a tag that your pipeline did not make',
  ],
];

describe('a headline', () => {
  it.each([
    ['overwritten', {}],
    ['pushed', { previous: null }],
    ['pushed again', { previous: ROGUE }],
  ])('of what only the sweep saw says no more than that: %s', (what, more) => {
    const alert: AlertFacts = { ...ALERT, ...more, findings: [{ code: 'unreported-push' }] };
    const subject = 'Tag 3.4.0 of kong/kubernetes-ingress-controller was';
    expect(alertHeadline(alert)).toBe(`${subject} ${what}, and no webhook told us`);
    const worse: AlertFacts = { ...alert, findings: [...alert.findings, ...ALERT.findings] };
    expect(alertHeadline(worse)).toContain('your pipeline');
  });

  it.each(cases)('of a tag that is %s', (_, more, words) => expect(alertHeadline({ ...ALERT, ...more })).toBe(words));

  it('of a forged webhook does not say that anything was pushed', () => {
    expect(alertHeadline(FORGED)).toBe(
      'A webhook claims a push of kong/kubernetes-ingress-controller:3.4.0 that the registry does not have',
    );
  });

  it('shortens long names in the middle', () => {
    const words = alertHeadline({ ...ALERT, tags: ['v'.repeat(128)], image: `docker.io/${'x'.repeat(255)}` });
    expect(words.length).toBeLessThan(160);
  });

  it('of many alerts says what they have in common', () => {
    const other = { ...ALERT, image: 'docker.io/kong/deck' };
    expect(openAlertsHeadline([ALERT, other], false)).toBe('2 open alerts, all by kong-release');
    expect(openAlertsHeadline([ALERT, { ...ALERT, pusher: null }], true)).toBe(
      '2 or more open alerts, all of kong/kubernetes-ingress-controller',
    );
    expect(openAlertsHeadline([ALERT, { ...other, pusher: null }], false)).toBe('2 open alerts, in 2 images');
    // Nobody named is no account that they share.
    expect(
      openAlertsHeadline(
        [
          { ...ALERT, pusher: null },
          { ...other, pusher: null },
        ],
        false,
      ),
    ).toBe('2 open alerts, in 2 images');
  });

  it('of alerts without a push names no image', () => {
    const bait: WatchAlertFacts = {
      about: 'credential',
      credential: { id: 4, kind: 'dockerhub-pat', name: 'backup-key' },
      account: 'kong-release',
      findings: [],
      at: 1,
    };
    const settings: WatchAlertFacts = { ...bait, about: 'settings', credential: null, account: null };
    expect(openAlertsHeadline([ALERT, bait], false)).toBe('2 open alerts, all by kong-release');
    expect(openAlertsHeadline([ALERT, settings], false)).toBe(
      '2 open alerts, in 1 image and about credentials or settings',
    );
    expect(openAlertsHeadline([settings, settings], true)).toBe('2 or more open alerts about credentials and settings');
  });
});

describe('the three answers', () => {
  it('never guess a safe digest', () => {
    expect(safeDigestWords(ALERT).answer).toBe(RELEASED);
    expect(safeDigestWords({ ...ALERT, safe: null }).answer).toBe('We know no trusted digest for this tag');
    expect(safeDigestWords({ ...ALERT, safe: null, tags: [] }).answer).toBe('No tag points at it');
    expect(safeDigestWords({ ...ALERT, safe: { digest: RELEASED, how: 'baseline' } }).why).toContain(
      'judged by nobody',
    );
    expect(safeDigestWords({ ...ALERT, tags: ['3.4.0', '3.4'] }).why).toBe(
      'The last trusted digest of 3.4.0, not of the other tags.',
    );
  });

  it('say that a webhook alone proves nothing', () => {
    expect(isItReal(ALERT).answer).toBe('Yes');
    expect(isItReal({ ...ALERT, confirmedAt: null }).answer).toBe('Not known yet');
    expect(isItReal(FORGED).answer).toBe('No image is at risk');
    expect(safeDigestWords(FORGED).answer).toBe('Nothing to restore');
  });

  it('name what to revoke as far as it is known', () => {
    expect(revokeAnswer(ALERT).answer).toBe('A token of kong-release');
    expect(revokeAnswer({ ...ALERT, pusher: null }).answer).toBe('Not named');
    expect(revokeAnswer(FORGED).answer).toBe('The webhook address');
  });
});
