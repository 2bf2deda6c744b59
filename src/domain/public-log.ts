import { PUBLIC_GOOD } from './authority.ts';
import type { FoundSignature } from './signature.ts';

/** Where people look an entry of the public transparency log up; `null`: it is in no public one. */
export function publicLogUrl({
  logIndex,
  trustedRoot,
}: Pick<FoundSignature, 'logIndex' | 'trustedRoot'>): string | null {
  if (logIndex === null || trustedRoot !== PUBLIC_GOOD || !/^\d{1,20}$/.test(logIndex)) return null;
  return `https://search.sigstore.dev/?logIndex=${logIndex}`;
}
