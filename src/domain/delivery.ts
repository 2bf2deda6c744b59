import type { Digest } from './digest.ts';
import type { WebhookOrigin } from './evidence.ts';
import type { Pusher } from './policy.ts';
import type { ImageName } from './reference.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** What a webhook claims: that someone pushed a tag. A hint that makes us look, never a fact. */
export interface PushClaim {
  readonly image: ImageName;
  /** Empty for a manifest pushed by digest. */
  readonly tag: string;
  /** `null`: the registry's webhook does not say (Docker Hub). */
  readonly digest: Digest | null;
  readonly pusher: Pusher | null;
  /** The registry's own time of the push (ms since the epoch), where it gives one. */
  readonly pushedAt: number | null;
  /** What makes this delivery the same as another one; unique per hook. */
  readonly deliveryId: string;
  /** Event name for people: `push`, `package.published`. */
  readonly event: string;
}

/** What an authenticated request turned out to be. */
export type DeliveryContent =
  | { readonly kind: 'pushes'; readonly claims: readonly PushClaim[] }
  /** The webhook itself was deleted: this is the last that it tells. */
  | {
      readonly kind: 'hook-deleted';
      readonly event: string;
      readonly deliveryId: string;
      /** Of which repository or organization it was. */
      readonly target: string;
      readonly actor: string | null;
    }
  | { readonly kind: 'ci-run'; readonly event: string; readonly deliveryId: string; readonly run: WorkflowRun }
  /** Understood, and nothing to record: a ping, a pull. */
  | { readonly kind: 'noted'; readonly event: string; readonly deliveryId: string }
  /** Authenticated, and not understood: kept, and a health alert. */
  | {
      readonly kind: 'not-understood';
      readonly event: string;
      readonly deliveryId: string;
      readonly problem: string;
      /** The sender did nothing wrong: it is we who do not know this. Sending it again would not help. */
      readonly wellFormed?: boolean;
    };

/** One webhook request that was authenticated. */
export interface Delivery {
  readonly hookId: number;
  readonly origin: WebhookOrigin;
  readonly receivedAt: number;
  /** User-Agent, cut to 64 characters. */
  readonly userAgent: string;
  /** SHA-256 of the body as received. */
  readonly bodySha256: Uint8Array;
  readonly content: DeliveryContent;
  /** The first 16 KiB of a body that was not understood. */
  readonly body: Uint8Array | null;
}
