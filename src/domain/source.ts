/** Where we read credentials and their uses: an account at a registry. */

/** What is read there. Each may be refused alone: a login may read tokens and no log. */
export const SOURCE_PARTS = ['personal-tokens', 'organization-tokens', 'audit-log'] as const;
export type SourcePart = (typeof SOURCE_PARTS)[number];

/** How a part answers. Times are ms since the epoch. */
export interface PartStatus {
  /**
   * `off`: this login has no such part. `signed-out`: the login is refused. `waiting`: asked to come again later.
   * `failing`: no answer that makes sense. Nothing but `ok` says that there is nothing to see.
   */
  readonly state: 'unread' | 'off' | 'ok' | 'signed-out' | 'forbidden' | 'not-on-plan' | 'waiting' | 'failing';
  /** Since when it is in this state. */
  readonly since: number;
  /** When it was asked last. */
  readonly askedAt: number;
  /** When it last was read to its end; `null`: never. */
  readonly readAt: number | null;
  readonly reason: string | null;
}

export type SourceStatus = Readonly<Record<SourcePart, PartStatus>>;

/** How long a part may fail to answer before it counts as blindness, in ms. */
export const BLIND_AFTER_MS = 30 * 60_000;

/** The status of a part after it was asked. */
export function nextStatus(
  before: PartStatus,
  state: PartStatus['state'],
  reason: string | null,
  now: number,
): PartStatus {
  const readAt = state === 'ok' ? now : before.readAt;
  return { state, reason, readAt, askedAt: now, since: before.state === state ? before.since : now };
}

/**
 * Whether we see less than we did, or than a login of this kind should see. A part that was never to be had (no such
 * plan, no such right) is a fact about the account, not a failure.
 */
export function isBlind({ state, since, readAt }: PartStatus, now: number): boolean {
  switch (state) {
    case 'unread':
    case 'off':
    case 'ok':
      return false;
    case 'signed-out':
      return true;
    case 'forbidden':
    case 'not-on-plan':
      return readAt !== null;
    case 'waiting':
    case 'failing':
      return now - (readAt ?? since) >= BLIND_AFTER_MS;
  }
}

/** What was refused is asked for again this often, in ms. */
const REFUSED_EVERY_MS = 24 * 3_600_000;

/** Nothing says that a part which was refused will be refused for ever; it need not be asked for each time either. */
export function isToBeAsked({ state, askedAt }: PartStatus, now: number): boolean {
  const isRefused = state === 'forbidden' || state === 'not-on-plan';
  return state !== 'off' && (!isRefused || now - askedAt >= REFUSED_EVERY_MS);
}
