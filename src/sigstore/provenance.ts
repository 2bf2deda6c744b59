import type { Provenance } from '../domain/signature.ts';
import { at, textOrNull } from './json.ts';

const MAX_TEXT = 2048;

/**
 * What SLSA provenance says about the build, in the fields of GitHub's, slsa-github-generator's and BuildKit's build
 * types; of another builder, what it says in the same places.
 * @see https://slsa.dev/spec/v1.0/provenance
 * @see https://slsa.dev/spec/v0.2/provenance
 */
export function readProvenance(predicateType: string, predicate: unknown): Provenance {
  return predicateType.endsWith('/v0.2') ? readV02(predicate) : readV1(predicate);
}

/**
 * @see https://actions.github.io/buildtypes/workflow/v1
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md
 */
function readV1(predicate: unknown): Provenance {
  const definition = at(predicate, 'buildDefinition');
  const external = at(definition, 'externalParameters');
  const internal = at(definition, 'internalParameters');
  const workflow = at(external, 'workflow');
  // BuildKit's own; slsa-github-generator's is called `source`.
  const config = at(external, 'configSource') ?? at(external, 'source');
  const metadata = at(predicate, 'runDetails', 'metadata');
  const source =
    sourceOf(text(workflow, 'repository'), text(workflow, 'ref')) ??
    sourceOf(text(config, 'uri') ?? text(external, 'source'));
  return {
    buildType: text(definition, 'buildType'),
    builderId: text(predicate, 'runDetails', 'builder', 'id'),
    sourceRepository: source?.repository ?? null,
    sourceRepositoryId: text(internal, 'github', 'repository_id') ?? text(internal, 'GITHUB_REPOSITORY_ID'),
    commit: commitOf(at(definition, 'resolvedDependencies'), source) ?? digestOf(at(config, 'digest')),
    workflow: workflowOf(text(workflow, 'path') ?? text(workflow)),
    ref: source?.ref ?? text(internal, 'GITHUB_REF'),
    event: text(internal, 'github', 'event_name') ?? text(internal, 'GITHUB_EVENT_NAME'),
    runUrl: runUrlOf(
      text(metadata, 'invocationId') ?? text(metadata, 'invocationID'),
      text(predicate, 'runDetails', 'builder', 'id'),
      internal,
      source,
    ),
  };
}

/**
 * @see https://github.com/slsa-framework/slsa-github-generator/blob/main/internal/builders/generic/README.md
 * @see https://docs.docker.com/build/metadata/attestations/slsa-provenance/
 */
function readV02(predicate: unknown): Provenance {
  const invocation = at(predicate, 'invocation');
  const config = at(invocation, 'configSource');
  const environment = at(invocation, 'environment');
  const metadata = at(predicate, 'metadata');
  const source = sourceOf(text(config, 'uri'));
  return {
    buildType: text(predicate, 'buildType'),
    builderId: text(predicate, 'builder', 'id'),
    sourceRepository: source?.repository ?? null,
    sourceRepositoryId: text(environment, 'github_repository_id'),
    commit: digestOf(at(config, 'digest')) ?? commitOf(at(predicate, 'materials'), source),
    workflow: workflowOf(text(config, 'entryPoint')),
    ref: source?.ref ?? text(environment, 'github_ref'),
    event: text(environment, 'github_event_name'),
    runUrl: runUrlOf(
      text(metadata, 'buildInvocationId') ?? text(metadata, 'buildInvocationID'),
      text(predicate, 'builder', 'id'),
      environment,
      source,
    ),
  };
}

function text(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = at(value, ...path);
  if (typeof found === 'number' && Number.isSafeInteger(found)) return String(found);
  const string = textOrNull(found);
  return string !== null && string.length <= MAX_TEXT ? string : null;
}

interface Source {
  /** `https://github.com/octo-org/app` */
  readonly repository: string;
  readonly ref: string | null;
}

/** `git+https://github.com/octo-org/app@refs/heads/main`, `https://github.com/octo-org/app.git#refs/heads/main`. */
function sourceOf(uri: string | null, ref: string | null = null): Source | null {
  const [, host, path, after] =
    /^(?:git\+)?https:\/\/([^/\s?#@]+)\/([^\s?#@]+?)\/*(?:[@#]([^\s]*))?$/.exec(uri ?? '') ?? [];
  if (host === undefined || path === undefined) return null;
  return { repository: `https://${host.toLowerCase()}/${path.replace(/\.git$/, '')}`, ref: ref ?? fullRef(after) };
}

function fullRef(after: string | undefined): string | null {
  // BuildKit's context may go on with a folder: #refs/heads/main:sub
  const ref = after?.split(':')[0];
  return ref?.startsWith('refs/') === true ? ref : null;
}

/** A workflow's path; of a Dockerfile's name nothing is made. */
function workflowOf(path: string | null): string | null {
  return /^(?:\.?\/)?([^\s@?#]+\.ya?ml)$/.exec(path ?? '')?.[1] ?? null;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

function digestOf(digest: unknown): string | null {
  const hex = (text(digest, 'gitCommit') ?? text(digest, 'sha1'))?.toLowerCase();
  return hex !== undefined && COMMIT.test(hex) ? hex : null;
}

const MAX_DEPENDENCIES = 1024;

/** The commit of the source among what was built from: only of that repository, not of another dependency. */
function commitOf(dependencies: unknown, source: Source | null): string | null {
  if (source === null || !Array.isArray(dependencies)) return null;
  for (const dependency of dependencies.slice(0, MAX_DEPENDENCIES)) {
    if (sourceOf(text(dependency, 'uri'))?.repository !== source.repository) continue;
    const commit = digestOf(at(dependency, 'digest'));
    if (commit !== null) return commit;
  }
  return null;
}

const RUN_URL = /^https:\/\/[^/\s?#@]+\/[^\s?#@]+$/;

/** As an address; slsa-github-generator writes `<run id>-<attempt>`, older ones leave it to the environment. */
function runUrlOf(
  invocation: string | null,
  builder: string | null,
  environment: unknown,
  source: Source | null,
): string | null {
  if (invocation !== null && RUN_URL.test(invocation)) return invocation;
  const [, run = text(environment, 'github_run_id') ?? text(environment, 'GITHUB_RUN_ID'), attempt] =
    /^(\d{1,20})-(\d{1,6})$/.exec(invocation ?? '') ?? [];
  if (run !== null && /^\d{1,20}$/.test(run) && source !== null) {
    const tries = attempt ?? text(environment, 'github_run_attempt') ?? text(environment, 'GITHUB_RUN_ATTEMPT');
    const suffix = tries !== null && /^\d{1,6}$/.test(tries) ? `/attempts/${tries}` : '';
    return `${source.repository}/actions/runs/${run}${suffix}`;
  }
  // BuildKit: the builder is the run, if it was told so.
  return builder !== null && /\/actions\/runs\/\d+(?:\/attempts\/\d+)?$/.test(builder) && RUN_URL.test(builder)
    ? builder
    : null;
}
