import { playHubAttack } from '../hub-attack.ts';
import type { Scenario } from '../scenario.ts';

const MOVED = ['tag-moved', 'no-ci-run'];
const PUSHED = ['no-ci-run'];

export const kics: Scenario = {
  name: 'kics',
  title: 'Checkmarx KICS, Docker Hub, 2026-04-22',
  about: 'Five tags were overwritten and two new ones appeared, pushed with valid credentials of the publisher.',
  play: (stage) =>
    playHubAttack(stage, {
      path: 'checkmarx/kics',
      account: 'checkmarx-release',
      workflow: { repository: 'Checkmarx/kics', repositoryId: '317577093', file: '.github/workflows/release.yml' },
      immutableTags: ['v*.*.*'],
      baseline: ['v2.1.18', 'v2.1.19', 'alpine', 'debian', 'latest'],
      release: { version: '2.1.20', tags: ['v2.1.20', 'v2.1.20-debian', 'alpine', 'debian', 'latest'] },
      quietSeconds: 86_400,
      pushes: [
        { tag: 'v2.1.20', image: 'stealer', findings: MOVED },
        { tag: 'v2.1.20-debian', image: 'stealer on debian', findings: MOVED },
        { tag: 'alpine', image: 'stealer', findings: PUSHED },
        { tag: 'debian', image: 'stealer on debian', findings: PUSHED },
        { tag: 'latest', image: 'stealer', findings: PUSHED },
        { tag: 'v2.1.21', image: 'second stealer', findings: PUSHED },
        { tag: 'v2.1.21-debian', image: 'second stealer on debian', findings: PUSHED },
      ],
      paceSeconds: 20,
    }),
};
