import type { WebhookOrigin } from '../domain/evidence.ts';
import type { Policy } from '../domain/policy.ts';
import { formatImageName, type ImageName } from '../domain/reference.ts';
import { type CompleteDependencies, completePolicy, type DraftPolicy, type PolicyProblem } from './complete-policy.ts';
import type { Audit, Handler } from './handle-alert.ts';
import type { HookSecrets, StoredSecret, TrustedRoots } from './ports.ts';

export interface Registration {
  readonly image: ImageName;
  readonly policy: DraftPolicy;
  /** Name of a channel; `null`: the default one. */
  readonly channel: string | null;
  /** A hook to share; `null`: it gets one of its own. */
  readonly hook: number | null;
  /** `null`: told by the registry. */
  readonly provider: WebhookOrigin | null;
}

export interface NewImage {
  readonly teamId: number;
  readonly image: ImageName;
  readonly policy: Policy;
  readonly channelId: number | null;
  readonly now: number;
  readonly hook:
    | { readonly existing: number }
    | { readonly publicId: string; readonly provider: WebhookOrigin; readonly secret: StoredSecret };
}

/** What registering an image needs of the stores. */
export interface RegistrationDesk extends CompleteDependencies {
  readonly settings: { readonly registries: { has(registry: string): boolean } };
  readonly channels: { byName(teamId: number, name: string): Promise<number | null> };
  readonly hooks: {
    inTeam(
      teamId: number,
      id: number,
    ): Promise<{ readonly id: number; readonly provider: WebhookOrigin; readonly registry: string } | null>;
  };
  readonly repositories: { add(image: NewImage, audit: Audit): Promise<number | null> };
  readonly trustedRoots: TrustedRoots & { forget(): void };
  readonly hookSecrets: HookSecrets;
}

export type Registered =
  /** `secret` of its webhook: it is shown this once. `null`: the hook is shared, and set up already. */
  | { readonly is: 'registered'; readonly id: number; readonly secret: string | null }
  /** `image`, `alertChannel`, `hook` or a field of the policy. */
  | { readonly is: 'refused'; readonly problems: readonly PolicyProblem[] }
  | { readonly is: 'watched-already' };

/** Watches an image from now on. What is there already is read by whoever calls, or by the next sweep. */
export async function registerImage(
  desk: RegistrationDesk,
  { teamId, name: actor, now }: Handler,
  registration: Registration,
): Promise<Registered> {
  const { image, policy: draft, channel, hook: wanted } = registration;
  if (!desk.settings.registries.has(image.registry)) return refused('image', notConfigured(image.registry));
  const channelId = channel === null ? null : await desk.channels.byName(teamId, channel);
  if (channel !== null && channelId === null) return refused('alertChannel', `there is no channel "${channel}".`);
  const shared = wanted === null ? null : await desk.hooks.inTeam(teamId, wanted);
  if (wanted !== null && shared === null) return refused('hook', `there is no hook ${wanted}.`);
  if (shared !== null && shared.registry !== image.registry)
    return refused('hook', `hook ${shared.id} tells of ${shared.registry}.`);

  // A trusted root that was added a moment ago may be unknown to this isolate.
  desk.trustedRoots.forget();
  const completed = await completePolicy(desk, draft, teamId, now);
  if ('problems' in completed) return { is: 'refused', problems: inPolicy(completed.problems) };
  const { policy } = completed;
  const target = formatImageName(image);
  const audit = { teamId, at: now, actor, action: 'repository.created', target, detail: { policy } };
  const provider = registration.provider ?? providerOf(image);
  const issued = shared === null ? await desk.hookSecrets.issue(provider, desk.hookSecrets.newPublicId()) : null;
  const hook =
    issued === null ? { existing: shared?.id ?? 0 } : { publicId: issued.publicId, provider, secret: issued.stored };
  const id = await desk.repositories.add({ teamId, image, policy, channelId, now, hook }, audit);
  return id === null ? { is: 'watched-already' } : { is: 'registered', id, secret: issued?.secret ?? null };
}

/** Problems of a policy by their field of whatever the policy is a part of. */
export const inPolicy = (problems: readonly PolicyProblem[]): PolicyProblem[] =>
  problems.map(({ field, problem }) => ({ field: `policy.${field}`, problem }));

const refused = (field: string, problem: string): Registered => ({ is: 'refused', problems: [{ field, problem }] });

/** Only registries of this installation are ever asked. */
export const notConfigured = (registry: string): string =>
  `the registry ${registry} is not configured; add it to REGISTRIES (docs/configuration.md).`;

/** Who tells of pushes to an image, by its registry. */
export const providerOf = ({ registry }: ImageName): WebhookOrigin =>
  registry === 'docker.io' ? 'dockerhub' : registry === 'ghcr.io' ? 'github' : 'distribution';
