/**
 * GitHub's `workflow_run` events: an attempt of a run was asked for, began, or ended.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
 */

import * as z from 'zod';
import type { CiRunState, WorkflowRun } from '../domain/workflow-run.ts';
import { narrow } from './json.ts';
import { NotUnderstood } from './problem.ts';

const LONGEST_NAME = 255;
const positive = z.int().positive();
const word = z.string().max(128);
const line = z.string().max(1024);
const time = z
  .string()
  .max(64)
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0, { error: 'expected a time' });
const account = z.object({ login: z.string().max(255).nullish() }).nullish();
const repository = z.object({ id: positive });

const Body = z.object({
  repository,
  workflow: z.object({ path: line.nullish() }).nullish(),
  workflow_run: z.object({
    id: positive,
    run_attempt: positive.max(1_000_000).nullish(),
    // Whoever writes a workflow names it, for people.
    name: z.string().nullish(),
    path: line.nullish(),
    head_branch: line.nullish(),
    head_sha: word,
    event: word,
    status: word.nullish(),
    conclusion: word.nullish(),
    html_url: z.string().max(2048),
    created_at: time,
    run_started_at: time.nullish(),
    updated_at: time,
    actor: account,
    triggering_actor: account,
    repository: repository.extend({ full_name: z.string().min(1).max(300) }),
    // A fork that was deleted is null.
    head_repository: repository.nullish(),
  }),
});
type Body = z.output<typeof Body>;

/** By action. What is told to be `action_required` waits for somebody's approval, and may still run. */
const STATES: Readonly<Record<string, CiRunState>> = {
  requested: 'requested',
  in_progress: 'in-progress',
  completed: 'completed',
};

/**
 * The run that a signed delivery tells of; `null`: an action that is none of the three.
 * @throws NotUnderstood naming the field.
 */
export function readWorkflowRun(action: string, body: unknown): WorkflowRun | null {
  const told = Object.hasOwn(STATES, action) ? STATES[action] : undefined;
  if (told === undefined) return null;
  const { workflow_run: run, workflow, repository: ofHook } = narrow(Body, body);
  if (run.repository.id !== ofHook.id) throw NotUnderstood.at('workflow_run.repository.id', 'not that of repository');
  const state = run.conclusion === 'action_required' ? 'requested' : told;
  return {
    server: serverOf(run),
    id: run.id,
    attempt: run.run_attempt ?? 1,
    repositoryId: String(run.repository.id),
    repository: run.repository.full_name,
    headRepositoryId: run.head_repository ? String(run.head_repository.id) : null,
    // Where a workflow of another repository is required, the path has that one's ref behind it.
    workflow: (run.path || workflow?.path || '').replace(/@.*$/s, '') || null,
    name: run.name?.slice(0, LONGEST_NAME) || null,
    headBranch: run.head_branch || null,
    headSha: run.head_sha,
    event: run.event,
    state,
    status: run.status ?? null,
    conclusion: run.conclusion ?? null,
    actor: run.actor?.login || null,
    triggeringActor: run.triggering_actor?.login || null,
    createdAt: run.created_at,
    startedAt: run.run_started_at ?? run.created_at,
    updatedAt: run.updated_at,
    completedAt: state === 'completed' ? run.updated_at : null,
  };
}

/** Origin of the GitHub, which is part of what names a run: two servers count their runs and repositories alike. */
function serverOf({ html_url, id }: Body['workflow_run']): string {
  const server = /^(https:\/\/[a-z0-9.-]+(?::\d{1,5})?)\/[^?#]+\/actions\/runs\/(\d+)$/.exec(html_url);
  if (server?.[1] === undefined || server[2] !== String(id)) {
    throw NotUnderstood.at('workflow_run.html_url', 'not the https address of that run');
  }
  return server[1];
}
