import examples from '@octokit/webhooks-examples';
import { describe, expect, test } from 'vitest';
import { parseGitHub } from '../../../src/webhooks/github.ts';
import { bytes, gitHubRun, type Json, set } from './bodies.ts';

const GUID = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const parse = (body: unknown) => parseGitHub('workflow_run', GUID, 'application/json', bytes(body));

/** The body with several paths set. */
function changed(...changes: (readonly [string, unknown])[]): Json {
  return changes.reduce((body, [path, value]) => set(body, path, value), gitHubRun);
}

const RUN = {
  server: 'https://github.com',
  id: 11_900_000_001,
  attempt: 1,
  repositoryId: '74',
  repository: 'Acme/app',
  headRepositoryId: '74',
  workflow: '.github/workflows/release.yml',
  name: 'Release',
  headBranch: 'v1.2.3',
  headSha: '3484a3fb816e0859fd6e1cea078d76385ff50625',
  event: 'push',
  state: 'in-progress',
  status: 'in_progress',
  conclusion: null,
  actor: 'octocat',
  triggeringActor: 'monalisa',
  createdAt: Date.UTC(2026, 10, 21, 12),
  startedAt: Date.UTC(2026, 10, 21, 12, 0, 5),
  updatedAt: Date.UTC(2026, 10, 21, 12, 0, 30),
  completedAt: null,
};

describe('a workflow_run delivery', () => {
  test('tells of an attempt of a run', () => {
    expect(parse(gitHubRun)).toEqual({
      kind: 'ci-run',
      event: 'workflow_run.in_progress',
      deliveryId: GUID,
      run: RUN,
    });
  });

  test('may come as a form', () => {
    const form = bytes(`payload=${encodeURIComponent(JSON.stringify(gitHubRun))}`);
    expect(parseGitHub('workflow_run', GUID, 'application/x-www-form-urlencoded', form)).toMatchObject({ run: RUN });
  });

  const ended = [
    ['action', 'completed'],
    ['workflow_run.status', 'completed'],
    ['workflow_run.conclusion', 'success'],
  ] as const;

  test.each<[string, Json, object]>([
    ['asked for', changed(['action', 'requested'], ['workflow_run.status', 'queued']), { state: 'requested' }],
    ['ended', changed(...ended), { state: 'completed', conclusion: 'success', completedAt: RUN.updatedAt }],
    [
      'ended, whatever its status says',
      changed(['action', 'completed'], ['workflow_run.status', 'queued']),
      { state: 'completed', completedAt: RUN.updatedAt },
    ],
    [
      "asked for and waiting for somebody's approval",
      changed(...ended, ['action', 'requested'], ['workflow_run.conclusion', 'action_required']),
      { state: 'requested', completedAt: null },
    ],
    [
      'told to be complete and still waiting for approval',
      changed(...ended, ['workflow_run.conclusion', 'action_required']),
      { state: 'requested', completedAt: null },
    ],
    ['run again', changed(['workflow_run.run_attempt', 3]), { attempt: 3 }],
    ['without an attempt', changed(['workflow_run.run_attempt', undefined]), { attempt: 1 }],
    ['of a fork', changed(['workflow_run.head_repository.id', 666]), { headRepositoryId: '666' }],
    ['of a fork that is gone', changed(['workflow_run.head_repository', null]), { headRepositoryId: null }],
    [
      'with a ref behind its path',
      changed(['workflow_run.path', '.github/workflows/release.yml@refs/heads/main']),
      { workflow: RUN.workflow },
    ],
    ['with its path in the workflow only', changed(['workflow_run.path', undefined]), { workflow: RUN.workflow }],
    ['without any path', changed(['workflow_run.path', ''], ['workflow', null]), { workflow: null }],
    ['without a start of its own', changed(['workflow_run.run_started_at', null]), { startedAt: RUN.createdAt }],
    ['without a branch', changed(['workflow_run.head_branch', null]), { headBranch: null }],
    ['without actors', changed(['workflow_run.actor', null], ['workflow_run.triggering_actor', null]), { actor: null }],
    ['with a name that never ends', changed(['workflow_run.name', 'x'.repeat(9999)]), { name: 'x'.repeat(255) }],
    [
      'on an Enterprise Server',
      changed(['workflow_run.html_url', 'https://git.example.org:8443/Acme/app/actions/runs/11900000001']),
      { server: 'https://git.example.org:8443' },
    ],
  ])('%s', (_, body, differs) => {
    expect(parse(body)).toMatchObject({ kind: 'ci-run', run: { ...RUN, ...differs, ...statusOf(body) } });
  });

  test.each(['waiting', 'deleted', 'constructor', '__proto__'])('with action %s is noted', (action) => {
    const event = `workflow_run.${action}`;
    expect(parse(changed(['action', action]))).toEqual({ kind: 'noted', event, deliveryId: GUID });
  });

  test.each<[string, unknown]>([
    ['workflow_run', undefined],
    ['workflow_run.id', undefined],
    ['workflow_run.id', '7'],
    ['workflow_run.id', -1],
    ['workflow_run.id', 1.5],
    ['workflow_run.id', 2 ** 53],
    ['workflow_run.run_attempt', 0],
    ['workflow_run.repository', null],
    ['workflow_run.repository.id', '74'],
    ['workflow_run.repository.id', 75],
    ['workflow_run.repository.full_name', 5],
    ['workflow_run.head_repository.id', {}],
    ['workflow_run.head_branch', 'x'.repeat(1025)],
    ['workflow_run.head_sha', null],
    ['workflow_run.event', undefined],
    ['workflow_run.conclusion', 'x'.repeat(129)],
    ['workflow_run.created_at', 'yesterday'],
    ['workflow_run.updated_at', 1795305600],
    ['workflow_run.run_started_at', ''],
    ['workflow_run.created_at', '1969-12-31T23:59:59Z'],
    ['workflow_run.html_url', 'http://github.com/Acme/app/actions/runs/11900000001'],
    ['workflow_run.html_url', 'https://github.com/Acme/app/actions/runs/7'],
    ['workflow_run.html_url', 'https://user@github.com/Acme/app/actions/runs/11900000001'],
    ['workflow_run.html_url', 'https://github.com/Acme/app/actions/runs/11900000001?x'],
    ['workflow_run.html_url', 'javascript:alert(1)//actions/runs/11900000001'],
    ['workflow_run.actor', 'octocat'],
    ['repository', undefined],
    ['workflow', 'release.yml'],
  ])('is not understood for its %s (%#)', (field, value) => {
    const content = parse(changed([field, value]));
    expect(content).toMatchObject({ kind: 'not-understood', event: 'workflow_run', deliveryId: GUID });
    expect(content.kind === 'not-understood' && content.problem.startsWith(field)).toBe(true);
  });

  test('is not understood as broken JSON', () => {
    expect(parse('{')).toMatchObject({ kind: 'not-understood', problem: 'the body is not JSON' });
  });
});

/** What the body says of these goes through as it is. */
function statusOf(body: Json): object {
  const { status, conclusion } = body.workflow_run as Json; // as `gitHubRun` has it
  const { triggering_actor } = body.workflow_run as Json;
  return { status, conclusion, ...(triggering_actor === null ? { triggeringActor: null } : {}) };
}

describe("Octokit's examples of workflow_run", () => {
  const runs = examples.flatMap(({ name, examples: bodies }) => (String(name) === 'workflow_run' ? bodies : []));

  test('are there', () => expect(runs.length).toBeGreaterThanOrEqual(4));

  test.each(runs.map((body, index) => [index, body] as const))(
    '%i is understood, if it names one repository',
    (_, body) => {
      const { action, repository, workflow_run: run } = JSON.parse(JSON.stringify(body));
      const waits = action === 'requested' || run.conclusion === 'action_required';
      const understood = {
        kind: 'ci-run',
        event: `workflow_run.${action}`,
        run: { id: run.id, repositoryId: String(repository.id), state: waits ? 'requested' : 'completed' },
      };
      // The first of them was put together from two deliveries.
      const mixed = { kind: 'not-understood', problem: 'workflow_run.repository.id: not that of repository' };
      expect(parse(body)).toMatchObject(run.repository.id === repository.id ? understood : mixed);
    },
  );
});
