import { describe, expect, it } from 'vitest';
import { type CoverageFacts, notCovered, type ReportSource } from '../../../src/domain/not-covered.ts';
import type { PartStatus } from '../../../src/domain/source.ts';

const FROM = 1_000;
const TO = 2_000;
const part = (state: PartStatus['state'], readAt: number | null = 0): PartStatus => ({
  state,
  since: 500,
  askedAt: 500,
  readAt,
  reason: state === 'ok' ? null : 'refused',
});
const source = (more: Partial<ReportSource> = {}, status: Partial<ReportSource['status']> = {}): ReportSource => ({
  name: 'Docker Hub owner (acme)',
  account: 'owner',
  organization: 'acme',
  logFrom: 0,
  openRows: 0,
  status: { 'personal-tokens': part('ok'), 'organization-tokens': part('ok'), 'audit-log': part('ok'), ...status },
  ...more,
});
const facts = (more: Partial<CoverageFacts> = {}): CoverageFacts => ({
  credential: { kind: 'dockerhub-oat', name: 'ci', account: 'acme', scopes: null, resources: [], firstSeenAt: 0 },
  span: { from: FROM, to: TO },
  reach: { mayPush: true, repositories: [], open: [], resourcesUnknown: false },
  sources: [source()],
  troubles: [],
  troublesSince: null,
  imagesCut: null,
  ...more,
});
const kinds = (more: Partial<CoverageFacts> = {}): string[] => notCovered(facts(more)).map(({ kind }) => kind);
/** What no source can tell. */
const ALWAYS = ['last-use-only', 'nobody-named', 'overwritten-unseen'];

const gap = { kind: 'audit-log-gap', account: 'acme', since: 900 } as const;
const blind = {
  kind: 'source-blind',
  source: 'Docker Hub owner (acme)',
  part: 'audit-log',
  reason: 'x',
  since: 900,
} as const;

describe('what is not covered', () => {
  it('is never nothing', () => expect(kinds()).toEqual(ALWAYS));

  it('is all that a source tells, without one', () => {
    expect(notCovered(facts({ sources: [] }))[0]).toEqual({ kind: 'no-source', account: 'acme' });
  });

  it.each(['unread', 'signed-out', 'forbidden', 'not-on-plan', 'waiting', 'failing', 'off'] as const)(
    'is a log that is %s',
    (state) => {
      const [first] = notCovered(facts({ sources: [source({}, { 'audit-log': part(state, null) })] }));
      expect(first).toMatchObject({ kind: 'source-part', part: 'audit-log', state, readAt: null });
    },
  );

  it('is the list that the credential is on, and no other', () => {
    const refused = source({}, { 'personal-tokens': part('forbidden'), 'organization-tokens': part('forbidden') });
    const parts = (kind: 'dockerhub-oat' | 'dockerhub-pat' | 'dockerhub-account') =>
      notCovered(facts({ credential: { ...facts().credential, kind }, sources: [refused] })).flatMap((each) =>
        each.kind === 'source-part' ? [each.part] : [],
      );
    expect(parts('dockerhub-oat')).toEqual(['organization-tokens']);
    expect(parts('dockerhub-pat')).toEqual(['personal-tokens']);
    expect(parts('dockerhub-account')).toEqual(['personal-tokens', 'organization-tokens']);
  });

  it('is what was before we looked', () => {
    const { credential } = facts();
    expect(kinds({ credential: { ...credential, firstSeenAt: FROM + 1 } })).toContain('credential-before');
    expect(kinds({ credential: { ...credential, firstSeenAt: FROM } })).not.toContain('credential-before');
    expect(kinds({ sources: [source({ logFrom: FROM + 1 })] })).toContain('log-before');
    const image = { id: 1, image: { registry: 'docker.io', path: 'acme/app' }, why: [], seen: [] };
    const reach = { ...facts().reach, repositories: [{ ...image, createdAt: FROM + 1 }] };
    expect(kinds({ reach })).toContain('image-before');
  });

  it('is a gap in the log, for good', () => {
    for (const closedAt of [null, FROM + 60])
      expect(notCovered(facts({ troubles: [{ fact: gap, openedAt: FROM + 50, closedAt }] }))[0]).toEqual({
        kind: 'log-gap',
        account: 'acme',
        from: 900,
        until: FROM + 50,
      });
    const others = [
      { fact: { ...gap, account: 'friend' }, openedAt: FROM + 50, closedAt: null },
      { fact: gap, openedAt: FROM - 1, closedAt: null },
      { fact: { ...gap, since: TO + 1 }, openedAt: TO + 50, closedAt: null },
    ];
    expect(kinds({ troubles: others })).toEqual(ALWAYS);
  });

  it('is the time for which we were blind', () => {
    expect(kinds({ troubles: [{ fact: blind, openedAt: 950, closedAt: FROM }] })).toContain('source-blind');
    expect(kinds({ troubles: [{ fact: blind, openedAt: 950, closedAt: FROM - 1 }] })).toEqual(ALWAYS);
    expect(kinds({ troubles: [{ fact: { ...blind, source: 'x' }, openedAt: 950, closedAt: FROM }] })).toEqual(ALWAYS);
    expect(kinds({ troublesSince: FROM + 1 })).toContain('gaps-before');
  });

  it('is what the log tells of and is not found yet', () => {
    expect(kinds({ sources: [source({ openRows: 3 })] })).toContain('log-rows-open');
  });

  it('is told of other credentials without what only Docker Hub has', () => {
    const credential = { ...facts().credential, kind: 'github-sender', firstSeenAt: TO } as const;
    expect(kinds({ credential, sources: [] })).toEqual(['token-not-told', 'nobody-named', 'overwritten-unseen']);
  });

  it('is where else an account may write, unless it may not push at all', () => {
    const credential = { ...facts().credential, kind: 'dockerhub-pat' } as const;
    expect(kinds({ credential })).toContain('other-namespaces');
    expect(kinds({ credential, reach: { ...facts().reach, mayPush: false } })).not.toContain('other-namespaces');
  });
});
