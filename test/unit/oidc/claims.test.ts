import { describe, expect, test } from 'vitest';
import { ciMismatch } from '../../../src/domain/ci.ts';
import { claimsOf } from '../../../src/oidc/claims.ts';
import { InvalidCiToken } from '../../../src/usecases/ports.ts';
import {
  type AnyClaims,
  BUILDKITE,
  buildkiteClaims,
  CIRCLE,
  CIRCLE_PROJECT,
  circleClaims,
  GITLAB,
  githubClaims,
  gitlabClaims,
  ISSUER,
} from './tokens.ts';

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

  test('are the same whatever sub looks like: its format changes with settings and with the age of the repository', () => {
    const immutable = 'repo:octo@7/app@74:ref:refs/heads/main';
    for (const sub of [immutable, 'repo:evil/app:environment:release', 'job_workflow_ref:x', '', undefined, 5])
      expect(github({ sub })).toEqual(github());
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

describe('the claims of a CircleCI job', () => {
  const circle = (differs: AnyClaims = {}) => claimsOf({ issuer: CIRCLE, kind: 'circleci' }, circleClaims(differs));
  const claim = (name: string) => `oidc.circleci.com/${name}`;

  test('are the same facts by other names, as far as it tells them', () => {
    expect(circle()).toEqual({
      oidcIssuer: CIRCLE,
      repositoryId: CIRCLE_PROJECT,
      repository: 'github.com/octo/app',
      workflow: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
      ref: 'refs/heads/main',
      environment: null,
      event: null,
      run: '2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e',
      runUrl: null,
      commit: null,
      actor: null,
    });
  });

  test.each([[true], ['false'], ['true'], [undefined], [null], [0]])(
    'are refused if a person may have been inside the job (ssh-rerun %j)',
    (value) => expect(() => circle({ [claim('ssh-rerun')]: value })).toThrow(/ssh-rerun is not false/),
  );

  test("name the fork of a fork's build, whose project is the same", () => {
    const fork = circle({ [claim('vcs-origin')]: 'github.com/evil/app' });
    expect(fork).toMatchObject({
      repositoryId: CIRCLE_PROJECT,
      repository: 'github.com/evil/app',
      ref: 'refs/heads/main',
    });
    const named = { oidcIssuer: CIRCLE, repositoryId: CIRCLE_PROJECT, repository: 'github.com/octo/app' };
    expect(ciMismatch(named, fork)).toEqual({ claim: 'repository', found: 'github.com/evil/app' });
    expect(ciMismatch(named, circle())).toBeNull();
    // A custom webhook has no repository: then nothing is known that could fit.
    expect(ciMismatch(named, circle({ [claim('vcs-origin')]: undefined }))).toMatchObject({ claim: 'repository' });
  });

  test.each([[undefined], ['main'], ['heads/main'], [5], [['refs/heads/main']]])('have no ref out of %j', (ref) => {
    expect(circle({ [claim('vcs-ref')]: ref })).toMatchObject({ ref: null });
  });

  test.each(['project-id', 'workflow-id'])('are refused without a UUID in %s', (name) => {
    for (const value of [
      undefined,
      '',
      74,
      '74',
      'octo/app',
      `${CIRCLE_PROJECT}/x`,
      `x${CIRCLE_PROJECT}`,
      [CIRCLE_PROJECT],
    ])
      expect(() => circle({ [claim(name)]: value })).toThrow(InvalidCiToken);
  });

  test('tell the project in lower case', () => {
    expect(circle({ [claim('project-id')]: CIRCLE_PROJECT.toUpperCase() })).toEqual(circle());
  });
});

describe('the claims of a Buildkite job', () => {
  const PIPELINE = '0184990a-4782-42b5-afc1-16715b10b110';
  const buildkite = (differs: AnyClaims = {}, issuer = BUILDKITE) =>
    claimsOf({ issuer, kind: 'buildkite' }, buildkiteClaims(differs));

  test('are the same facts by other names', () => {
    expect(buildkite()).toEqual({
      oidcIssuer: BUILDKITE,
      repositoryId: 'octo-inc/app-release',
      repository: 'octo-inc/app-release',
      workflow: null,
      ref: 'refs/heads/main',
      environment: null,
      event: 'webhook',
      run: '175',
      runUrl: 'https://buildkite.com/octo-inc/app-release/builds/175',
      commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
      actor: null,
    });
  });

  test('name the pipeline by its id where the job asked for it', () => {
    expect(buildkite({ pipeline_id: PIPELINE })).toMatchObject({
      repositoryId: PIPELINE,
      repository: 'octo-inc/app-release',
    });
  });

  test.each([['octo-inc/other'], ['74'], [74], [`${PIPELINE} `]])(
    'are refused with %j for a pipeline id',
    (pipeline_id) => {
      expect(() => buildkite({ pipeline_id })).toThrow("The token's pipeline_id is not a UUID.");
    },
  );

  test.each<[AnyClaims, string | null]>([
    [{ build_tag: 'v1.0.0' }, 'refs/tags/v1.0.0'],
    [{ build_tag: '' }, 'refs/heads/main'],
    [{ build_branch: 'refs/tags/v1.0.0' }, 'refs/heads/refs/tags/v1.0.0'],
    [{ build_branch: null }, null],
  ])('give full refs: %j is %s', (differs, ref) => {
    expect(buildkite(differs)).toMatchObject({ ref });
  });

  test.each(['organization_slug', 'pipeline_slug'])('are refused with a %s that is none', (claim) => {
    for (const value of [undefined, '', 'octo/app', '../x', 'a b', '-x', 'x-', 'x'.repeat(101), [], {}])
      expect(() => buildkite({ [claim]: value })).toThrow(InvalidCiToken);
  });

  test('are refused without a build, and make no link of one that is no number or of another issuer', () => {
    expect(() => buildkite({ build_number: undefined })).toThrow('The token has no build_number.');
    expect(buildkite({ build_number: '1?x' })).toMatchObject({ runUrl: null });
    expect(buildkite({}, 'https://agent.buildkite.example')).toMatchObject({ runUrl: null });
  });
});
