import { describe, expect, it } from 'vitest';
import { releasesOf } from '../../../src/pages/releases.ts';
import type { PushRecord } from '../../../src/store/history.ts';

const HOUR = 3_600_000;
const push = (seq: number, differs: Partial<PushRecord> = {}): PushRecord => ({
  repository: 1,
  seq,
  image: 'docker.io/org/app',
  tag: `1.${seq}`,
  digest: `sha256:${'a'.repeat(64)}`,
  kind: 'manifest',
  origin: 'dockerhub',
  receivedAt: seq * 1000,
  pushedAt: null,
  confirmedAt: null,
  pusher: null,
  actorId: null,
  attribution: null,
  previousDigest: null,
  foldedInto: null,
  verdict: 'trusted',
  findings: [],
  evidence: null,
  alertId: null,
  nextCheckAt: null,
  ...differs,
});

describe('releases', () => {
  it('are the tags of one digest, shown as the worst of them', () => {
    const [release, ...others] = releasesOf([push(1), push(2, { verdict: 'rogue' }), push(3, { verdict: 'pending' })]);
    expect(others).toEqual([]);
    expect(release?.push.seq).toBe(2);
    expect(release?.tags).toEqual(['1.3', '1.2', '1.1']);
  });

  it('are two if the same digest is pushed again the next day', () => {
    const again = push(9, { receivedAt: 30 * HOUR, tag: '' });
    const releases = releasesOf([push(1), push(2), again]);
    expect(releases.map(({ tags }) => tags)).toEqual([[], ['1.2', '1.1']]);
  });

  it('are not taken together across images, nor without a digest', () => {
    const none = { digest: null } as const;
    expect(releasesOf([push(1), push(2, { repository: 2 }), push(3, none), push(4, none)])).toHaveLength(4);
  });
});
