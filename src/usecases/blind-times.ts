import { type CredentialKind, isToken } from '../domain/credential.ts';
import type { PastTrouble } from '../domain/not-covered.ts';
import type { SourcePart } from '../domain/source.ts';
import type { BlindTime } from '../domain/use-calendar.ts';
import type { Source } from './credential-stores.ts';
import { sourceName } from './poll-source.ts';

/** Where uses of a kind of token are read. Of an OIDC connection only the log tells. */
function partsOf(kind: CredentialKind): readonly SourcePart[] {
  if (kind === 'dockerhub-oidc') return ['audit-log'];
  return [kind === 'dockerhub-pat' ? 'personal-tokens' : 'organization-tokens'];
}

/** Times in which uses of a token may have gone unseen, since its registry did not let us read them. */
export function blindTimes(
  kind: CredentialKind,
  source: Pick<Source, 'account' | 'organization'> | null,
  troubles: readonly PastTrouble[],
): BlindTime[] {
  if (!isToken(kind) || source === null) return [];
  const name = sourceName(source);
  const account = source.organization || source.account;
  return troubles.flatMap(({ fact, openedAt, closedAt }): BlindTime[] => {
    if (fact.kind === 'source-blind')
      return fact.source === name && partsOf(kind).includes(fact.part) ? [{ from: fact.since, until: closedAt }] : [];
    // The rows stay missing when the log goes on.
    if (fact.kind === 'audit-log-gap' && fact.account === account)
      return [{ from: fact.since ?? openedAt, until: openedAt }];
    return [];
  });
}
