import type { WebhookOrigin } from '../domain/evidence.ts';
import { formatImageName, type ImageName } from '../domain/reference.ts';
import type { Audit, Handler } from './handle-alert.ts';
import type { HookSecrets, StoredSecret } from './ports.ts';

/** A watched image and the hook that tells of it. */
export interface HookedImage {
  readonly image: ImageName;
  readonly provider: WebhookOrigin;
  readonly hook: { readonly id: number; readonly publicId: string };
}

export interface RotationDesk {
  readonly hooks: {
    rotate(id: number, secret: StoredSecret, oldUntil: number, now: number, audit: Audit): Promise<void>;
  };
  readonly hookSecrets: HookSecrets;
}

export interface Rotated {
  /** Shown this once. */
  readonly secret: string;
  /** Until when the secrets before it work (ms since the epoch). */
  readonly oldUntil: number;
}

/** Gives a hook a new secret, of which nothing can be shown again; those before it go on working for some minutes. */
export async function rotateHook(
  desk: RotationDesk,
  { teamId, name: actor, now }: Handler,
  { image, provider, hook }: HookedImage,
  overlapMinutes: number,
): Promise<Rotated> {
  const { secret, stored } = await desk.hookSecrets.issue(provider, hook.publicId);
  const oldUntil = now + overlapMinutes * 60_000;
  const detail = { hook: hook.id, oldUntil: new Date(oldUntil).toISOString() };
  const audit = { teamId, at: now, actor, action: 'webhook.rotated', target: formatImageName(image), detail };
  await desk.hooks.rotate(hook.id, stored, oldUntil, now, audit);
  return { secret, oldUntil };
}
