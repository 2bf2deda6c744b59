import type { Announcement, PushwardenApi } from './pushwarden-api.ts';
import type { OidcDouble } from './world/oidc.ts';

/** A release workflow on GitHub Actions. */
export interface Workflow {
  /** `owner/name` of the source repository */
  readonly repository: string;
  readonly repositoryId: string;
  /** Path of the workflow file. */
  readonly file: string;
}

/** What a policy says to allow this workflow, for tags. */
export function identityOf(workflow: Workflow, oidc: OidcDouble): object {
  const { repositoryId, file } = workflow;
  return { oidcIssuer: oidc.issuer, repositoryId, workflow: file, refPattern: 'refs/tags/*' };
}

/** One run of a release workflow, which tells Pushwarden what it does. Each announcement carries a token of its own. */
export class CiJob {
  readonly #api: PushwardenApi;
  readonly #oidc: OidcDouble;
  readonly #claims: Readonly<Record<string, string>>;

  /** @param gitTag the tag that was pushed to start the release, `v3.4.0` */
  constructor(api: PushwardenApi, oidc: OidcDouble, workflow: Workflow, gitTag: string) {
    this.#api = api;
    this.#oidc = oidc;
    this.#claims = claimsOf(workflow, gitTag);
  }

  async announce(announcement: Announcement): Promise<void> {
    const options = { audience: this.#api.url, offsetSeconds: this.#api.offsetSeconds };
    await this.#api.announce(await this.#oidc.mint(this.#claims, options), announcement);
  }
}

let runs = 0;

/** The claims of GitHub's tokens; all are strings. */
export function claimsOf({ repository, repositoryId, file }: Workflow, gitTag: string): Record<string, string> {
  const [owner = ''] = repository.split('/');
  const ref = `refs/tags/${gitTag}`;
  const workflowRef = `${repository}/${file}@${ref}`;
  runs += 1;
  return {
    sub: `repo:${repository}:ref:${ref}`,
    actor: 'release-manager',
    actor_id: '583231',
    base_ref: '',
    event_name: 'push',
    head_ref: '',
    job_workflow_ref: workflowRef,
    job_workflow_sha: '0e2a89b191332bb87b4f2fefef2f597eba2197b3',
    ref,
    ref_protected: 'true',
    ref_type: 'tag',
    repository,
    repository_id: repositoryId,
    repository_owner: owner,
    repository_owner_id: '7076013',
    repository_visibility: 'public',
    run_attempt: '1',
    run_id: String(11_900_000_000 + Math.floor(Date.now() / 1000) * 10 + runs),
    run_number: String(runs),
    runner_environment: 'github-hosted',
    sha: '0e2a89b191332bb87b4f2fefef2f597eba2197b3',
    workflow: 'Release',
    workflow_ref: workflowRef,
    workflow_sha: '0e2a89b191332bb87b4f2fefef2f597eba2197b3',
  };
}
