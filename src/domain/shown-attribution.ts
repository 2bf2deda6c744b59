import type { Attribution, KeptAttribution } from './attribution.ts';
import type { AttributionStrength } from './credential.ts';
import type { PushOrigin } from './evidence.ts';

/** To what a push was attributed, as it is shown: ids of credentials, and of an unknown token the account that is named. */
export interface ShownAttribution {
  readonly strength: AttributionStrength;
  readonly by: Attribution['by'];
  readonly credentials: readonly number[];
}

/** A signed webhook names the sender; Docker Hub's names an account that may have many tokens. */
export function shownAttribution(
  kept: KeptAttribution | null,
  account: number | null,
  origin: PushOrigin,
): ShownAttribution {
  if (kept !== null) {
    const { strength, by, uses } = kept;
    return { strength, by, credentials: uses.map(({ credential }) => credential) };
  }
  const isNamed = account !== null && (origin === 'github' || origin === 'distribution');
  const credentials = account === null ? [] : [account];
  return { strength: isNamed ? 'named' : 'unknown', by: isNamed ? 'webhook' : null, credentials };
}
