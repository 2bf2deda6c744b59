import { describe, expect, it } from 'vitest';
import type { WatchAlertFacts } from '../../../src/domain/alert.ts';
import type { CredentialKind } from '../../../src/domain/credential.ts';
import { alertHeadline } from '../../../src/notify/alert-words.ts';
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
