import type { AttributionStrength, CredentialKind, CredentialMark } from './credential.ts';

/** What is known of a credential when a push is judged. Times are ms since the epoch. */
export interface CredentialFacts {
  readonly id: number;
  readonly kind: CredentialKind;
  /** Label of a token, name of an account. */
  readonly name: string;
  /** Account whose pushes carry its name; `null` for an account itself. */
  readonly account: string | null;
  readonly mark: CredentialMark;
  /** Ids of the repositories where it is expected; `null`: on all. */
  readonly expectedOn: readonly number[] | null;
  readonly createdAt: number | null;
  readonly createdBy: string | null;
  readonly creatorIp: string | null;
}

/** A credential that a push is attributed to, with what was known of it at that time. */
export interface AttributedUse {
  readonly credential: number;
  /** Its last known use before this push (ms since the epoch); `null`: none is known. */
  readonly usedBefore: number | null;
  /** Nobody is known who made a token from there (or, without an address, by that name) before. */
  readonly newCreator: boolean;
}

/** To what a push was attributed after the fact, as it is kept with the push. */
export interface KeptAttribution {
  readonly strength: Exclude<AttributionStrength, 'unknown'>;
  readonly by: 'audit-log' | 'token-list';
  /** The account that the log names. */
  readonly account: string | null;
  readonly uses: readonly AttributedUse[];
}

/** A credential that may have pushed, as rules look at it. */
export interface PossiblePusher extends CredentialFacts {
  readonly usedBefore: number | null;
  readonly newCreator: boolean;
}

/** To what a push is attributed, as rules look at it. */
export interface Attribution {
  readonly strength: AttributionStrength;
  readonly by: 'webhook' | 'audit-log' | 'token-list' | null;
  /** The account that the registry's own log names: it counts more than what an unsigned webhook says. */
  readonly account: string | null;
  /** One if named or deduced, several if ambiguous, none if unknown. */
  readonly credentials: readonly PossiblePusher[];
}

export const UNATTRIBUTED: Attribution = { strength: 'unknown', by: null, account: null, credentials: [] };

/**
 * To what a push is attributed. The account of a signed webhook (GitHub) or of the registry's own notification is all
 * that there is to know. Docker Hub's webhook is unsigned and names an account that may have many tokens.
 */
export function attributionOf(
  account: CredentialFacts | null,
  kept: KeptAttribution | null,
  credentials: ReadonlyMap<number, CredentialFacts>,
): Attribution {
  if (kept !== null) {
    const known = kept.uses.flatMap(({ credential, usedBefore, newCreator }) => {
      const facts = credentials.get(credential);
      return facts === undefined ? [] : [{ ...facts, usedBefore, newCreator }];
    });
    return { strength: kept.strength, by: kept.by, account: kept.account, credentials: known };
  }
  if (account === null || account.kind === 'dockerhub-account') return UNATTRIBUTED;
  const itself = { ...account, usedBefore: null, newCreator: false };
  return { strength: 'named', by: 'webhook', account: null, credentials: [itself] };
}

/** Whether the maintainers expect this credential to push there. */
export function isExpectedOn(credential: CredentialFacts, repository: number): boolean {
  const { mark, expectedOn } = credential;
  return mark === 'expected' && (expectedOn === null || expectedOn.includes(repository));
}
