import { describe, expect, test } from 'vitest';
import type { Provenance } from '../../../src/domain/signature.ts';
import { readProvenance } from '../../../src/sigstore/provenance.ts';

const V1 = 'https://slsa.dev/provenance/v1';
const V02 = 'https://slsa.dev/provenance/v0.2';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const REPOSITORY = 'https://github.com/octo-org/app';

const NOTHING: Provenance = {
  buildType: null,
  builderId: null,
  sourceRepository: null,
  sourceRepositoryId: null,
  commit: null,
  workflow: null,
  ref: null,
  event: null,
  runUrl: null,
};

interface Case {
  readonly by: string;
  readonly predicateType: string;
  readonly predicate: unknown;
  readonly says: Partial<Provenance>;
}

const githubs = (buildType: string, metadata: object): Case => ({
  by: `GitHub’s workflow, ${buildType}, ${Object.keys(metadata)}`,
  predicateType: V1,
  predicate: {
    buildDefinition: {
      buildType,
      externalParameters: {
        workflow: { ref: 'refs/heads/main', repository: REPOSITORY, path: '.github/workflows/release.yml' },
      },
      internalParameters: { github: { event_name: 'push', repository_id: '74', repository_owner_id: '65' } },
      resolvedDependencies: [
        { uri: 'git+https://github.com/other/action@refs/tags/v1', digest: { gitCommit: 'f'.repeat(40) } },
        { uri: `git+${REPOSITORY}@refs/heads/main`, digest: { gitCommit: COMMIT } },
      ],
    },
    runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' }, metadata },
  },
  says: {
    buildType,
    builderId: 'https://github.com/actions/runner/github-hosted',
    sourceRepository: REPOSITORY,
    sourceRepositoryId: '74',
    commit: COMMIT,
    workflow: '.github/workflows/release.yml',
    ref: 'refs/heads/main',
    event: 'push',
    runUrl: `${REPOSITORY}/actions/runs/7/attempts/2`,
  },
});

const RUN = `${REPOSITORY}/actions/runs/7/attempts/2`;

const BUILDKIT = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';

const CASES: readonly Case[] = [
  githubs('https://actions.github.io/buildtypes/workflow/v1', { invocationId: RUN }),
  githubs('https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1', { invocationID: RUN }),
  {
    by: 'slsa-github-generator, v0.2',
    predicateType: V02,
    predicate: {
      builder: {
        id: 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.4.0',
      },
      buildType: 'https://github.com/slsa-framework/slsa-github-generator/container@v1',
      invocation: {
        configSource: {
          uri: `git+${REPOSITORY}@refs/tags/v1.2.3`,
          digest: { sha1: COMMIT },
          entryPoint: '.github/workflows/release.yml',
        },
        environment: {
          github_event_name: 'push',
          github_repository_id: '74',
          github_run_id: '7',
          github_run_attempt: '2',
        },
      },
      metadata: { buildInvocationID: '7-2' },
      materials: [{ uri: `git+${REPOSITORY}@refs/tags/v1.2.3`, digest: { sha1: COMMIT } }],
    },
    says: {
      buildType: 'https://github.com/slsa-framework/slsa-github-generator/container@v1',
      sourceRepository: REPOSITORY,
      sourceRepositoryId: '74',
      commit: COMMIT,
      workflow: '.github/workflows/release.yml',
      ref: 'refs/tags/v1.2.3',
      event: 'push',
      runUrl: RUN,
    },
  },
  {
    by: 'slsa-github-generator, v1',
    predicateType: V1,
    predicate: {
      buildDefinition: {
        buildType: 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1',
        externalParameters: { source: { uri: `git+${REPOSITORY}@refs/heads/main`, digest: { sha1: COMMIT } } },
        internalParameters: {
          GITHUB_EVENT_NAME: 'workflow_dispatch',
          GITHUB_REPOSITORY_ID: 74,
          GITHUB_RUN_ID: '7',
          GITHUB_RUN_ATTEMPT: '2',
        },
      },
    },
    says: {
      sourceRepository: REPOSITORY,
      sourceRepositoryId: '74',
      commit: COMMIT,
      ref: 'refs/heads/main',
      event: 'workflow_dispatch',
      runUrl: RUN,
    },
  },
  {
    by: 'BuildKit, v1',
    predicateType: V1,
    predicate: {
      buildDefinition: {
        buildType: BUILDKIT,
        externalParameters: {
          configSource: {
            uri: `${REPOSITORY}.git#refs/heads/main:docker`,
            digest: { sha1: COMMIT },
            path: 'Dockerfile',
          },
          request: { frontend: 'gateway.v0' },
        },
      },
      runDetails: {
        builder: { id: `${REPOSITORY}/actions/runs/7` },
        metadata: { invocationID: 'jn8v4l6yn1pm0s4n2w4x0jx7e', startedOn: '2026-01-01T00:00:00Z' },
      },
    },
    says: {
      buildType: BUILDKIT,
      builderId: `${REPOSITORY}/actions/runs/7`,
      sourceRepository: REPOSITORY,
      commit: COMMIT,
      workflow: null,
      ref: 'refs/heads/main',
      runUrl: `${REPOSITORY}/actions/runs/7`,
    },
  },
  {
    by: 'BuildKit, v0.2',
    predicateType: V02,
    predicate: {
      builder: { id: '' },
      buildType: 'https://mobyproject.org/buildkit@v1',
      invocation: {
        configSource: { uri: `${REPOSITORY}.git#refs/tags/v1`, digest: { sha1: COMMIT }, entryPoint: 'Dockerfile' },
      },
      metadata: {
        buildInvocationID: 'jn8v4l6yn1pm0s4n2w4x0jx7e',
        // Told by whoever started the build: a hint.
        'https://mobyproject.org/buildkit@v1#metadata': {
          vcs: { source: 'https://github.com/evil/app', revision: 'f'.repeat(40) },
        },
      },
    },
    says: {
      buildType: 'https://mobyproject.org/buildkit@v1',
      sourceRepository: REPOSITORY,
      commit: COMMIT,
      ref: 'refs/tags/v1',
    },
  },
  {
    by: 'BuildKit, from a folder',
    predicateType: V02,
    predicate: {
      buildType: 'https://mobyproject.org/buildkit@v1',
      invocation: { configSource: { entryPoint: 'Dockerfile' } },
      metadata: {
        buildInvocationId: 'x',
        'https://mobyproject.org/buildkit@v1#metadata': { vcs: { source: REPOSITORY } },
      },
    },
    says: { buildType: 'https://mobyproject.org/buildkit@v1' },
  },
  {
    by: 'a builder with a run of its own',
    predicateType: V02,
    predicate: { metadata: { buildInvocationId: 'https://ci.example/runs/9' } },
    says: { runUrl: 'https://ci.example/runs/9' },
  },
];

describe('provenance is read as it is written', () => {
  test.each(CASES)('by $by', ({ predicateType, predicate, says }) => {
    const read = readProvenance(predicateType, predicate);
    expect(read).toMatchObject(says);
    expect(Object.keys(read)).toEqual(expect.arrayContaining(Object.keys(NOTHING)));
  });
});

describe('what is no provenance says nothing', () => {
  test.each([
    undefined,
    null,
    7,
    'text',
    [],
    {},
    { buildDefinition: [], runDetails: 'x', invocation: 3, metadata: [] },
  ])('%j', (predicate) => {
    for (const type of [V1, V02]) expect(readProvenance(type, predicate)).toEqual(NOTHING);
  });

  const source = (uri: unknown) =>
    readProvenance(V02, { invocation: { configSource: { uri, digest: { sha1: COMMIT } } } }).sourceRepository;

  test.each([
    ['http://github.com/octo-org/app', null],
    ['git@github.com:octo-org/app.git', null],
    ['https://user:password@github.com/octo-org/app', null],
    ['https://github.com/octo-org/app bad', null],
    ['https://github.com', null],
    [['https://github.com/octo-org/app'], null],
    [`https://github.com/${'a'.repeat(3000)}`, null],
    ['https://GitHub.com/octo-org/app.git', REPOSITORY],
    ['git+https://github.com/octo-org/app/', REPOSITORY],
  ])('source %j: %j', (uri, read) => expect(source(uri)).toBe(read));

  test('a commit is forty or sixty-four hex digits', () => {
    const commit = (sha1: unknown) =>
      readProvenance(V02, { invocation: { configSource: { digest: { sha1 } } } }).commit;
    expect(commit(COMMIT.toUpperCase())).toBe(COMMIT);
    expect(commit('main')).toBeNull();
    expect(commit(`${COMMIT}\n`)).toBeNull();
    expect(commit({ toString: () => COMMIT })).toBeNull();
  });

  test('a run of another host than https is none', () => {
    const run = (id: unknown) => readProvenance(V1, { runDetails: { metadata: { invocationId: id } } }).runUrl;
    for (const id of ['javascript:alert(1)', 'http://github.com/o/r/actions/runs/1', 'https://a@b/c', '7-2', 7])
      expect(run(id)).toBeNull();
  });
});
