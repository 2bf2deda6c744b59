import { playHubAttack } from '../hub-attack.ts';
import type { Scenario } from '../scenario.ts';

export const trivy: Scenario = {
  name: 'trivy',
  title: 'Trivy, Docker Hub, 2026-03-22',
  about: 'A stolen token pushed new tags 0.69.5 and 0.69.6 and moved latest. They were exposed for about ten hours.',
  play: (stage) =>
    playHubAttack(stage, {
      path: 'aquasec/trivy',
      account: 'aqua-release',
      workflow: { repository: 'aquasecurity/trivy', repositoryId: '180687624', file: '.github/workflows/release.yaml' },
      immutableTags: ['*.*.*'],
      baseline: ['0.69.1', '0.69.2', 'latest'],
      release: { version: '0.69.3', tags: ['0.69.3', 'latest'] },
      quietSeconds: 86_400,
      pushes: [
        { tag: '0.69.5', image: 'stealer 0.69.5', findings: ['no-ci-run'] },
        { tag: '0.69.6', image: 'stealer 0.69.6', findings: ['no-ci-run'] },
        { tag: 'latest', image: 'stealer 0.69.6', findings: ['no-ci-run'] },
      ],
      paceSeconds: 30,
    }),
};
