import { describe, expect, test } from 'vitest';
import { claimsOf } from '../../../src/oidc/claims.ts';
import { InvalidCiToken } from '../../../src/usecases/ports.ts';
import { type AnyClaims, GITLAB, githubClaims, gitlabClaims, ISSUER } from './tokens.ts';

const github = (differs: AnyClaims = {}, issuer = ISSUER) =>
  claimsOf({ issuer, kind: 'github' }, githubClaims(differs));
const gitlab = (differs: AnyClaims = {}, issuer = GITLAB) =>
  claimsOf({ issuer, kind: 'gitlab' }, gitlabClaims(differs));

describe('the claims of a GitHub job', () => {
  test('say whose it is, which workflow, and where to look at the run', () => {
    expect(github()).toEqual({
      oidcIssuer: ISSUER,
      repositoryId: '74',
      repository: 'octo/app',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/heads/main',
      environment: 'release',
      event: 'push',
      run: '1234567/2',
      runUrl: 'https://github.com/octo/app/actions/runs/1234567/attempts/2',
      commit: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      actor: 'octocat',
    });
  });

  test.each<[string, string | null]>([
    ['octo/app/.github/workflows/release.yml@refs/tags/v1.0.0', '.github/workflows/release.yml'],
    ['octo/app/.github/workflows/release.yml@refs/tags/@octo/app@1.0.0', '.github/workflows/release.yml'],
    ['octo/app/.github/workflows/release.yml@refs/heads/a@refs/heads/main', '.github/workflows/release.yml'],
    ['octo/app/.github/workflows/release.yml@evil.yml@refs/heads/main', '.github/workflows/release.yml@evil.yml'],
    ['octo/app/.github/workflows/release.yml@714a629c0b40', '.github/workflows/release.yml'],
    ['octo/other/.github/workflows/release.yml@refs/heads/main', 'octo/other/.github/workflows/release.yml'],
    ['octo/app2/.github/workflows/release.yml@refs/heads/main', 'octo/app2/.github/workflows/release.yml'],
    ['', null],
  ])('read the workflow out of %s', (workflow_ref, workflow) => {
    expect(github({ workflow_ref })).toMatchObject({ workflow });
  });

  test('have null for what the token leaves out', () => {
    const left = { workflow_ref: undefined, ref: '', environment: undefined, event_name: undefined };
    expect(github({ ...left, sha: undefined, actor: undefined, run_attempt: undefined })).toMatchObject({
      workflow: null,
      ref: null,
      environment: null,
      event: null,
      commit: null,
      actor: null,
      run: '1234567/1',
    });
  });

  test('may have numbers for ids', () => {
    expect(github({ repository_id: 74, run_id: 1234567, run_attempt: 2 })).toEqual(github());
  });

  test.each([[{}], [[74]], [null], [''], [1.5], [Number.MAX_VALUE], [true]])(
    'are refused with %j for a repository id',
    (repository_id) => {
      expect(() => github({ repository_id })).toThrow(InvalidCiToken);
    },
  );

  test.each<[string, AnyClaims, string, string | null]>([
    ['an enterprise issuer', {}, `${ISSUER}/acme`, 'https://github.com/octo/app/actions/runs/1234567/attempts/2'],
    [
      'GHE.com',
      {},
      'https://token.actions.acme.ghe.com',
      'https://acme.ghe.com/octo/app/actions/runs/1234567/attempts/2',
    ],
    [
      'Enterprise Server',
      {},
      'https://git.acme.example/_services/token',
      'https://git.acme.example/octo/app/actions/runs/1234567/attempts/2',
    ],
    ['an issuer of unknown place', {}, 'https://ci.example', null],
    ['a run id that is not digits', { run_id: 'example-run-id' }, ISSUER, null],
    ['an attempt that is not digits', { run_attempt: '../1' }, ISSUER, null],
    ['a repository that is not a path', { repository: 'octo/app?x=' }, ISSUER, null],
  ])('link to the run of %s', (_, differs, issuer, runUrl) => {
    expect(github(differs, issuer)).toMatchObject({ runUrl });
  });
});

describe('the claims of a GitLab job', () => {
  test('are the same facts by other names', () => {
    expect(gitlab()).toEqual({
      oidcIssuer: GITLAB,
      repositoryId: '28',
      repository: 'group/sub/app',
      workflow: '.gitlab-ci.yml',
      ref: 'refs/heads/main',
      environment: 'production',
      event: 'push',
      run: '455',
      runUrl: 'https://gitlab.com/group/sub/app/-/pipelines/455',
      commit: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      actor: 'root',
    });
  });

  test.each<[AnyClaims, string | null]>([
    [{ ref: 'v1', ref_type: 'tag' }, 'refs/tags/v1'],
    [{ ref: 'refs/heads/main', ref_type: 'branch' }, 'refs/heads/refs/heads/main'],
    [{ ref: 'main', ref_type: 'other' }, null],
    [{ ref: 'main', ref_type: undefined }, null],
    [{ ref: undefined }, null],
  ])('give full refs: %j is %s', (differs, ref) => {
    expect(gitlab(differs)).toMatchObject({ ref });
  });

  test('keep the whole path of a pipeline file in another project', () => {
    const ci_config_ref_uri = 'gitlab.com/group/templates//release.yml@refs/heads/main';
    expect(gitlab({ ci_config_ref_uri })).toMatchObject({ workflow: 'gitlab.com/group/templates//release.yml' });
    expect(gitlab({ ci_config_ref_uri: null })).toMatchObject({ workflow: null });
  });

  test('are refused without a project or a pipeline', () => {
    expect(() => gitlab({ project_id: undefined })).toThrow('The token has no project_id.');
    expect(() => gitlab({ pipeline_id: undefined })).toThrow('The token has no pipeline_id.');
  });

  test('make no link out of what is not a path', () => {
    expect(gitlab({ project_path: 'a/b#' })).toMatchObject({ runUrl: null });
    expect(gitlab({ pipeline_id: 'x' })).toMatchObject({ runUrl: null });
  });
});
