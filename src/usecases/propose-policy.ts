import type { Evidence } from '../domain/evidence.ts';
import type { ImageName } from '../domain/reference.ts';
import type { SignatureDependencies } from './gather-signatures.ts';
import type { RequestBudget } from './ports.ts';
import { type Suggested, suggestPolicy } from './suggest-policy.ts';

/** The last push of a tag, as its registry tells of it. */
export interface TagUpdate {
  readonly tag: string;
  readonly account: string;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Who last pushed the latest tags; `absent`: this registry tells nobody. */
export type TagUpdaters = (
  image: ImageName,
  requests: RequestBudget,
  now: number,
) => Promise<Evidence<readonly TagUpdate[]>>;

export interface ProposeDependencies {
  readonly signatures: SignatureDependencies;
  readonly tagUpdaters: TagUpdaters;
}

/** What an image is found to be, by which somebody decides on its first policy. */
export interface FirstLook {
  readonly suggested: Suggested;
  readonly updates: Evidence<readonly TagUpdate[]>;
}

/** How many tags a first look reads, as far as its requests go. */
export const FIRST_LOOK_TAGS = 20;

/** Reads what is there of an image that nobody watches yet. Nothing is kept. */
export async function firstLook(
  deps: ProposeDependencies,
  {
    teamId,
    image,
    requests,
    now,
  }: {
    readonly teamId: number;
    readonly image: ImageName;
    readonly requests: RequestBudget;
    readonly now: number;
  },
): Promise<FirstLook | { readonly state: 'absent' } | { readonly state: 'unavailable'; readonly reason: string }> {
  // First: it is one request, and signatures take all that are left.
  const updates = await deps.tagUpdaters(image, requests, now);
  const asked = { teamId, image, policy: null, recent: null, count: FIRST_LOOK_TAGS, requests, now };
  const suggested = await suggestPolicy(deps.signatures, asked);
  return 'state' in suggested ? suggested : { suggested, updates };
}
