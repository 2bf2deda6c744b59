import type * as z from 'zod';
import type { CredentialRecord, DayRecord, SightingRecord } from '../store/credentials.ts';
import { iso, isoOrNull } from './schemas/common.ts';
import type { credentialAnswer, dayAnswer, sightingAnswer } from './schemas/credentials.ts';

/** Credentials and their uses as the API writes them. */

export function credentialView(record: CredentialRecord): z.input<typeof credentialAnswer> {
  const { id, usedAt, scopes, resources, expectedOn, ...rest } = record;
  return {
    ...rest,
    id: `C-${id}`,
    createdAt: isoOrNull(record.createdAt),
    expiresAt: isoOrNull(record.expiresAt),
    scopes: scopes === null ? null : [...scopes],
    resources: resources === null ? null : resources.map((each) => ({ ...each, scopes: [...each.scopes] })),
    lastUsedAt: isoOrNull(usedAt),
    goneAt: isoOrNull(record.goneAt),
    firstSeenAt: iso(record.firstSeenAt),
    lastSeenAt: isoOrNull(record.lastSeenAt),
    expectedOn: expectedOn === null ? null : [...expectedOn],
    markedAt: isoOrNull(record.markedAt),
  };
}

export function sightingView(record: SightingRecord): z.input<typeof sightingAnswer> {
  const { credential, key, at, since, seenAt, repository, seq, detail, ...rest } = record;
  return {
    ...rest,
    id: `${credential}-${at}-${key}`,
    credential: `C-${credential}`,
    at: iso(at),
    since: isoOrNull(since),
    seenAt: iso(seenAt),
    repository,
    push: repository === null || seq === null ? null : `${repository}-${seq}`,
    detail: detail === null ? null : { ...detail },
  };
}

export function dayView({ credential, day, repository, ...counts }: DayRecord): z.input<typeof dayAnswer> {
  return {
    day: iso(day * 86_400_000).slice(0, 10),
    credential: `C-${credential}`,
    repository: repository === 0 ? null : repository,
    ...counts,
  };
}
