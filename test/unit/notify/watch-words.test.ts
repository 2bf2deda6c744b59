import { describe, expect, it } from 'vitest';
import type { WatchAlertFacts } from '../../../src/domain/alert.ts';
import type { CredentialKind } from '../../../src/domain/credential.ts';
import { alertHeadline } from '../../../src/notify/alert-words.ts';
import { explainCredential } from '../../../src/notify/credential-words.ts';
import { reachPath, revokePage, watchActions, watchRevokeAnswer } from '../../../src/notify/watch-words.ts';

const token = { id: 12, kind: 'dockerhub-pat', name: 'ci-publish' } as const;
const USED: WatchAlertFacts = {
  about: 'credential',
  credential: token,
  account: 'org',
  findings: [{ code: 'token-used-outside-ci', token, since: null, at: 1 }],
  at: 1,
};
const DISARMED: WatchAlertFacts = {
  about: 'settings',
  credential: null,
  account: null,
  findings: [{ code: 'protection-disarmed', change: 'immutable-tags-changed', target: 'org/app', actor: null, at: 1 }],
  at: 1,
};

describe('an alert about a credential or a setting', () => {
  it('names what it is about', () => {
    expect(alertHeadline(USED)).toBe('A CI token was used outside CI: personal token ci-publish');
    expect(alertHeadline(DISARMED)).toBe('A protection was taken away: org/app');
    expect(alertHeadline({ ...USED, findings: [] })).toBe('A watched credential was used: personal token ci-publish');
  });

  it('says when a token was used, and when first', () => {
    const minute = (n: number) => Date.UTC(2026, 0, 1, 10, n);
    const said = (times: { readonly since: number | null; readonly at: number; readonly first?: number }) =>
      explainCredential({ code: 'canary-used', token, use: null, ...times }).explanation;
    expect(said({ since: null, at: minute(9) })).toMatch(/was used on 2026-01-01 10:09 UTC\.$/);
    expect(said({ since: minute(5), at: minute(9) })).toMatch(
      /10:09 UTC \(and perhaps before, since .* 10:05 UTC\)\.$/,
    );
    expect(said({ since: minute(5), at: minute(9), first: minute(1) })).toMatch(
      /10:09 UTC, and before, since .* 10:01 UTC\.$/,
    );
    expect(said({ since: minute(5), at: minute(9), first: minute(5) })).toMatch(/perhaps before/);
  });

  it('shortens a long name', () => {
    const name = `${'n'.repeat(300)}\n<!channel>`;
    expect(alertHeadline({ ...USED, credential: { ...token, name } }).length).toBeLessThan(90);
  });

  const pages: readonly (readonly [CredentialKind, string | null])[] = [
    ['dockerhub-pat', 'https://app.docker.com/settings/personal-access-tokens'],
    ['dockerhub-oat', 'https://app.docker.com'],
    ['dockerhub-account', null],
    ['github-sender', null],
  ];
  it.each(pages)('knows where a %s is revoked, or says nothing', (kind, page) => {
    expect(revokePage({ ...USED, credential: { ...token, kind } })).toBe(page);
  });

  it('asks what a credential could have pushed, and not what a setting could', () => {
    expect(reachPath(USED)).toBe('/api/v1/credentials/C-12/blast-radius');
    expect(reachPath(DISARMED)).toBe(null);
    expect(revokePage(DISARMED)).toBe(null);
  });

  it('advises each thing once, and accuses nobody who is not named', () => {
    expect(watchActions({ ...USED, findings: [...USED.findings, ...USED.findings] })).toHaveLength(1);
    expect(watchRevokeAnswer(DISARMED).answer).toBe('Not named');
    const [finding] = DISARMED.findings;
    if (finding?.code !== 'protection-disarmed') throw new Error('another finding');
    expect(watchRevokeAnswer({ ...DISARMED, findings: [{ ...finding, actor: 'mallory' }] }).answer).toBe(
      'What mallory can do',
    );
  });
});
