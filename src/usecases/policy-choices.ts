import { isKeyless, type KeylessAuthority } from '../domain/authority.ts';
import type { CiIdentity } from '../domain/ci.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { FirstLook, TagUpdate } from './propose-policy.ts';

/** What somebody may choose from: it stands in the form, so that nothing has to be read again to save it. */
export interface Offer {
  readonly pushers: readonly string[];
  readonly signers: readonly KeylessAuthority[];
  readonly workflows: readonly CiIdentity[];
}

/** What was chosen: places in the offer, and what was typed. */
export interface Choices {
  readonly pushers: readonly number[];
  /** Accounts that are not in the offer, with spaces or commas between them. */
  readonly otherPushers: string;
  readonly signers: readonly number[];
  /** `each`: every one that was chosen has to sign. */
  readonly sign: 'each' | 'one';
  readonly requireSignature: boolean;
  readonly workflows: readonly number[];
  readonly announceFirst: boolean;
  readonly versionTags: boolean;
  readonly otherTags: string;
}

/** An account, and how many of the latest tags it pushed. */
export interface SeenAccount {
  readonly name: string;
  readonly tags: number;
  readonly of: number;
  readonly lastAt: number;
  readonly isActive: boolean;
}

const LISTED = 10;
/** Characters of what is offered as JSON: whoever signs chooses how long an identity is, and a form has to be sent. */
const OFFERED = 4000;
/** An account that pushed nothing for so long is offered, and not chosen. */
const ASLEEP_MS = 180 * 86_400_000;

/** Whoever pushed most first. */
export function seenAccounts(updates: Evidence<readonly TagUpdate[]>, now: number): SeenAccount[] {
  if (updates.state !== 'present') return [];
  const byAccount = Map.groupBy(updates.value, ({ account }) => account.toLowerCase());
  return [...byAccount.values()]
    .map((own): SeenAccount => {
      const lastAt = Math.max(...own.map(({ at }) => at));
      const name = own[0]?.account ?? '';
      return { name, tags: own.length, of: updates.value.length, lastAt, isActive: now - lastAt < ASLEEP_MS };
    })
    .sort((a, b) => b.tags - a.tags || b.lastAt - a.lastAt)
    .slice(0, LISTED);
}

type SeenSigner = FirstLook['suggested']['signers'][number];

/** As many as fit, in their order. */
function fitting<T>(list: readonly T[], size: (one: T) => number): T[] {
  let left = OFFERED;
  return list.slice(0, LISTED).filter((one) => {
    const needed = size(one);
    if (needed > left) return false;
    left -= needed;
    return true;
  });
}

/** Who signed, of those that a first policy can name: nobody has given a key yet. */
export function offeredSigners({ suggested }: FirstLook): (SeenSigner & { readonly authority: KeylessAuthority })[] {
  const keyless = suggested.signers.flatMap((signer) => {
    const { authority } = signer;
    return isKeyless(authority) ? [{ ...signer, authority }] : [];
  });
  return fitting(keyless, ({ authority }) => JSON.stringify(authority).length);
}

export const offeredWorkflows = ({ suggested }: FirstLook): CiIdentity[] =>
  fitting(suggested.policy.ci.identities, (identity) => JSON.stringify(identity).length);

export function offerOf(look: FirstLook, now: number): Offer {
  return {
    pushers: seenAccounts(look.updates, now).map(({ name }) => name),
    signers: offeredSigners(look).map(({ authority }) => authority),
    workflows: offeredWorkflows(look),
  };
}

/** Nothing could be read: the careful defaults, which alarm for nothing that is honest. */
export const NO_OFFER: Offer = { pushers: [], signers: [], workflows: [] };

export const DEFAULT_CHOICES: Choices = {
  pushers: [],
  otherPushers: '',
  signers: [],
  sign: 'each',
  requireSignature: false,
  workflows: [],
  announceFirst: false,
  versionTags: true,
  otherTags: '',
};

/** What is chosen before anybody has looked: what the suggestion says. */
export function suggestedChoices(look: FirstLook, now: number): Choices {
  const places = (list: readonly boolean[]): number[] => list.flatMap((is, n) => (is ? [n] : []));
  const { policy } = look.suggested;
  const signers = offeredSigners(look);
  return {
    ...DEFAULT_CHOICES,
    pushers: places(seenAccounts(look.updates, now).map(({ isActive }) => isActive)),
    signers: places(signers.map(({ included }) => included)),
    // What is required of everybody has to be in the form.
    requireSignature: policy.signatures.mode === 'require' && signers.some(({ included }) => included),
    workflows: offeredWorkflows(look).map((_, n) => n),
    versionTags: policy.immutableTags.length > 0,
  };
}

export const VERSION_TAGS = '*.*.*';

const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');
const chosen = <T>(list: readonly T[], places: readonly number[]): T[] =>
  list.filter((_, place) => places.includes(place));

/** The policy that was chosen, as the API takes one: it is checked as if it came from there. */
export function chosenPolicy(offer: Offer, choices: Choices): Readonly<Record<string, unknown>> {
  const pushers = [...chosen(offer.pushers, choices.pushers), ...words(choices.otherPushers)];
  const signers = chosen(offer.signers, choices.signers);
  const identities = chosen(offer.workflows, choices.workflows);
  const mode = signers.length === 0 ? 'off' : choices.requireSignature ? 'require' : 'observe';
  return {
    pushers: pushers.length === 0 ? null : [...new Set(pushers)],
    immutableTags: [...(choices.versionTags ? [VERSION_TAGS] : []), ...words(choices.otherTags)],
    ci:
      identities.length === 0 ? { mode: 'off' } : { mode: 'require', announceFirst: choices.announceFirst, identities },
    signatures: {
      mode,
      authorities: signers.length === 0 ? [] : choices.sign === 'each' ? signers.map((one) => [one]) : [signers],
    },
  };
}
