import type { AlertFacts } from '../../../src/domain/alert.ts';

export const RELEASED = `sha256:${'a7'.repeat(32)}` as const;
export const ROGUE = `sha256:${'b0'.repeat(32)}` as const;

/** A release tag was overwritten. */
export const ALERT: AlertFacts = {
  image: 'docker.io/kong/kubernetes-ingress-controller',
  tags: ['3.4.0'],
  digest: ROGUE,
  previous: RELEASED,
  safe: { digest: RELEASED, how: 'trusted' },
  findings: [{ code: 'tag-moved', from: RELEASED, to: ROGUE }],
  pusher: { name: 'kong-release', id: null },
  pushedAt: 0,
  confirmedAt: 1,
  push: '1-2',
  nextDecisionAt: null,
};
