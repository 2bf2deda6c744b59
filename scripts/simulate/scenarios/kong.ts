import { playHubAttack } from '../hub-attack.ts';
import type { Scenario } from '../scenario.ts';

export const kong: Scenario = {
  name: 'kong',
  title: 'Kong ingress controller, Docker Hub, 2024-12-23',
  about:
    'A leaked access token overwrote release tag 3.4.0 with a miner. A user saw the CPU load six days later; it was ' +
    'fixed after ten.',
  play: (stage) =>
    playHubAttack(stage, {
      path: 'kong/kubernetes-ingress-controller',
      account: 'kong-release',
      workflow: {
        repository: 'Kong/kubernetes-ingress-controller',
        repositoryId: '127204150',
        file: '.github/workflows/release.yaml',
      },
      immutableTags: ['*.*.*'],
      baseline: ['3.3.0', '3.3.1', '3.3', 'latest'],
      release: { version: '3.4.0', tags: ['3.4.0', '3.4', 'latest'] },
      quietSeconds: 2 * 86_400,
      pushes: [{ tag: '3.4.0', image: 'miner', findings: ['tag-moved', 'no-ci-run'] }],
      paceSeconds: 0,
    }),
};
