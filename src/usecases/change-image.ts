import type { Policy } from '../domain/policy.ts';
import { formatImageName, type ImageName } from '../domain/reference.ts';
import type { Audit, Handler } from './handle-alert.ts';
import type { Wakeups } from './ports.ts';
import type { CheckStore } from './stores.ts';

/** What a maintainer sets of a watched image. */
export interface ImageSettings {
  readonly policy: Policy;
  /** Name and id of its channel; `null`: the default one. */
  readonly channel: string | null;
  readonly channelId: number | null;
}

export interface ImageChange {
  readonly id: number;
  readonly image: ImageName;
  readonly before: Omit<ImageSettings, 'channelId'>;
  readonly after: ImageSettings;
  /** Why, for the audit log. */
  readonly because?: Readonly<Record<string, unknown>>;
  /** The stored policy that it is a change of, as text: another one is not overwritten. */
  readonly ifPolicy?: string;
}

export interface ImageDesk {
  readonly repositories: {
    change(
      teamId: number,
      id: number,
      policy: Policy,
      channelId: number | null,
      audit: Audit,
      ifPolicy?: string,
    ): Promise<boolean>;
  };
  readonly checks: Pick<CheckStore, 'openPushes' | 'alarming'>;
  readonly wakeups: Wakeups;
}

/** Changes policy or channel; `false`: the policy is not the one any more that the change was made of. */
export async function changeImage(
  desk: ImageDesk,
  { teamId, name: actor, now }: Handler,
  { id, image, before, after, because = {}, ifPolicy }: ImageChange,
): Promise<boolean> {
  const detail = {
    before: { policy: before.policy, alertChannel: before.channel },
    after: { policy: after.policy, alertChannel: after.channel },
    ...because,
  };
  const audit = { teamId, at: now, actor, action: 'repository.changed', target: formatImageName(image), detail };
  if (!(await desk.repositories.change(teamId, id, after.policy, after.channelId, audit, ifPolicy))) return false;
  // A policy is a fact too: what waits or alarms is judged by the new one.
  const concerned = [...(await desk.checks.openPushes(id, null, 0)), ...(await desk.checks.alarming(id))];
  if (concerned.length > 0) await desk.wakeups.checks(concerned.map((check) => ({ check })));
  return true;
}
