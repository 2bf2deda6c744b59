import type { TransparencyLogEntry } from '@sigstore/bundle';
import { type SignedEntity, type TrustMaterial, Verifier } from '@sigstore/verify';
import type { SignatureProblem, Signer } from '../domain/signature.ts';
import type { Certificate } from './certificate.ts';
import { checkUse, isLoggedElsewhere } from './certificate-use.ts';
import { sameBytes } from './der.ts';
import { signerOf } from './identity.ts';
import { isHintOf, type PublicKey } from './keys.ts';
import {
  checkFirstIntoto,
  indexOf,
  isFirstIntoto,
  isPrehashed,
  isTimed,
  logOf,
  verifierOf,
  verifyBody,
  verifyInclusion,
} from './log-entry.ts';
import { Refused, refusalOf } from './refused.ts';
import { repairVerify } from './runtime.ts';
import type { Signed } from './signed.ts';
import type { Timestamp } from './timestamp.ts';
import { END_OF_TIME, hasIssuerOf } from './trusted-root.ts';

// Before anything is verified, whoever asks.
repairVerify();

/** A trusted root as it is used; `material` `null`: it could not be read, for the reason. */
export interface NamedRoot {
  readonly name: string;
  readonly stale: boolean;
  readonly material: TrustMaterial | null;
  readonly reason: string | null;
}

export interface TrustedKey {
  readonly public: PublicKey;
  readonly transparencyLog: 'require' | 'ignore';
}

export interface Verified {
  readonly signer: Signer;
  readonly trustedRoot: string | null;
  /** ms since the epoch: at this time it was there. */
  readonly signedAt: number | null;
  readonly logIndex: string | null;
}

/** A root that could be read. */
interface Root extends NamedRoot {
  readonly material: TrustMaterial;
}

/**
 * Verifies a signature with @sigstore/verify and with what that library leaves to its callers.
 * @throws Refused
 */
export function verifySigned(signed: Signed, roots: readonly NamedRoot[], keys: readonly TrustedKey[]): Verified {
  const { by } = signed;
  return by.kind === 'certificate'
    ? verifyKeyless(signed, by.certificate, roots)
    : verifyWithKey(signed, by.hint, roots, keys);
}

function verifyKeyless(signed: Signed, certificate: Certificate, roots: readonly NamedRoot[]): Verified {
  const candidates = roots.filter(isReadable).filter(({ material }) => hasIssuerOf(material, certificate));
  if (candidates.length === 0)
    throw unknown('certificate', 'no trusted root has the authority that issued its certificate', roots);
  return firstOf(candidates, (root) => verifyUnder(root, signed, certificate));
}

function isReadable(root: NamedRoot): root is Root {
  return root.material !== null;
}

/** What no root has: worth nothing, or our fault if a root cannot be read or may not be the present one. */
function unknown(problem: SignatureProblem, words: string, roots: readonly NamedRoot[]): Refused {
  const broken = roots.find(({ material }) => material === null);
  if (broken !== undefined) return new Refused('trusted-root', `${broken.name} cannot be read: ${broken.reason}`);
  const stale = roots.find((root) => root.stale);
  if (stale === undefined) return new Refused(problem, words);
  return new Refused('trusted-root', `${words}, and ${stale.name} may not be the present one`);
}

/** What the first root says that does not refuse; else a refusal that may be our fault, or the first one. */
function firstOf(roots: readonly Root[], verify: (root: Root) => Verified): Verified {
  const refusals: Refused[] = [];
  for (const root of roots) {
    try {
      return verify(root);
    } catch (error) {
      refusals.push(refusalOf(error));
    }
  }
  throw (
    refusals.find(({ problem }) => problem === 'trusted-root') ??
    refusals[0] ??
    new Refused('trusted-root', 'no trusted root')
  );
}

/**
 * How much is asked for follows from what the root offers, never from what the signature brings along: a root with logs
 * wants a log entry, one without (GitHub's own) a timestamp.
 */
function verifyUnder(root: Root, signed: Signed, certificate: Certificate): Verified {
  const { material } = root;
  const entries = knownEntries(root, signed.entries, material.tlogs.length > 0);
  const timestamps = knownTimestamps(root, signed.timestamps);
  if (!entries.some(isTimed) && timestamps.length === 0) throw untimed(root, signed);
  const entity = entityOf(signed, { $case: 'certificate', certificate }, entries, timestamps);
  try {
    const first = verifyFirstIntoto(signed, entries, material);
    new Verifier(material, {
      tlogThreshold: material.tlogs.length > 0 ? Math.max(0, 1 - first) : 0,
      ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
      timestampThreshold: 1,
    }).verify(entity);
  } catch (error) {
    if (!signed.content.verifySignature(certificate.key))
      throw new Refused('bad-signature', 'its signature does not fit what it signs');
    throw explain(refusalOf(error), root, signed, entries, certificate);
  }
  checkUse(certificate);
  const times = timesOf(entries, timestamps);
  checkEntries(material, entries, times, certificate.bytes);
  if (!entries.every(({ integratedTime }) => integratedTime === '0' || isValidAt(certificate, integratedTime)))
    throw new Refused('certificate', 'it was logged when its certificate was not valid');
  return {
    signer: signerOf(certificate),
    trustedRoot: root.name,
    signedAt: Math.min(...times),
    logIndex: entries[0] === undefined ? null : indexOf(entries[0]),
  };
}

function isValidAt(certificate: Certificate, seconds: string): boolean {
  return certificate.validForDate(new Date(Number(seconds) * 1000));
}

/** A log's refusal comes before that of a certificate: the time by which the certificate is judged is the log's. */
function explain(
  refusal: Refused,
  { name, stale, material }: Root,
  { content }: Signed,
  entries: readonly TransparencyLogEntry[],
  certificate: Certificate,
): Refused {
  for (const entry of entries) {
    try {
      verifyInclusion(entry, material);
      if (!isFirstIntoto(entry)) verifyBody(entry, content);
    } catch (error) {
      return refusalOf(error);
    }
  }
  if (refusal.problem === 'certificate' && stale && isLoggedElsewhere(certificate, material))
    return new Refused(
      'trusted-root',
      `its certificate is in a log that ${name} lacks, which may not be the present one`,
    );
  return refusal;
}

/** Those of logs that the root knows; others prove nothing. @throws Refused if one is wanted and there is none. */
function knownEntries(
  { name, stale, material }: Root,
  entries: readonly TransparencyLogEntry[],
  isWanted: boolean,
): TransparencyLogEntry[] {
  const known = entries.filter((entry) => logOf(material, entry) !== undefined);
  if (known.length > 0 || !isWanted) return known;
  const [stranger] = entries;
  if (stranger === undefined) throw new Refused('transparency-log', 'it has no entry in a transparency log');
  const log = Buffer.from(stranger.logId.keyId).toString('hex').slice(0, 16);
  throw new Refused(
    stale ? 'trusted-root' : 'transparency-log',
    `its log entry is of a log that ${name} does not have, ${log}`,
  );
}

/** Those of authorities that the root knows; others prove nothing. */
function knownTimestamps({ material }: Root, timestamps: readonly Timestamp[]): Timestamp[] {
  return timestamps.filter(({ signerIssuer, signerSerialNumber }) =>
    material.timestampAuthorities.some(
      ({ certChain: [own] }) =>
        own !== undefined && sameBytes(own.issuer, signerIssuer) && sameBytes(own.serialNumber, signerSerialNumber),
    ),
  );
}

function untimed({ name, stale }: Root, { timestamps }: Signed): Refused {
  return timestamps.length === 0
    ? new Refused('timestamp', 'nothing tells when it was made')
    : new Refused(stale ? 'trusted-root' : 'timestamp', `its timestamp is of an authority that ${name} does not have`);
}

function entityOf(
  { content }: Signed,
  key: SignedEntity['key'],
  entries: readonly TransparencyLogEntry[],
  timestamps: readonly Timestamp[],
): SignedEntity {
  return {
    signature: content,
    key,
    tlogEntries: entries.filter((entry) => !isFirstIntoto(entry)),
    timestamps: [
      ...entries.filter(isTimed).map((tlogEntry) => ({ $case: 'transparency-log', tlogEntry }) as const),
      ...timestamps.map((timestamp) => ({ $case: 'timestamp-authority', timestamp }) as const),
    ],
  };
}

/** Those that the library does not read. How many. @throws Error */
function verifyFirstIntoto(
  { envelope }: Signed,
  entries: readonly TransparencyLogEntry[],
  material: TrustMaterial,
): number {
  const first = entries.filter(isFirstIntoto);
  for (const entry of first) {
    verifyInclusion(entry, material);
    checkFirstIntoto(entry, envelope);
  }
  return first.length;
}

/** Verified ones, ms. */
function timesOf(entries: readonly TransparencyLogEntry[], timestamps: readonly Timestamp[]): number[] {
  return [
    ...entries.filter(isTimed).map(({ integratedTime }) => Number(integratedTime) * 1000),
    ...timestamps.map(({ signingTime }) => signingTime.getTime()),
  ];
}

/** What the library does not look at: whose signature was logged, and whether the log's key was valid then. */
function checkEntries(
  material: TrustMaterial,
  entries: readonly TransparencyLogEntry[],
  times: readonly number[],
  signer: Uint8Array,
): void {
  // Without a time, only a log that is still in use can be believed.
  const when = times.length === 0 ? [Number(END_OF_TIME)] : times;
  for (const entry of entries) {
    const logged = verifierOf(entry);
    if (logged === null || !sameBytes(logged, signer))
      throw new Refused('transparency-log', 'its log entry is of another signer');
    const log = logOf(material, entry);
    const isValid = log !== undefined && when.every((time) => +log.validFor.start <= time && time <= +log.validFor.end);
    if (!isTimed(entry) && !isValid)
      throw new Refused('transparency-log', 'its log entry is of a log whose key was not valid then');
  }
}

function verifyWithKey(
  signed: Signed,
  hint: string,
  roots: readonly NamedRoot[],
  keys: readonly TrustedKey[],
): Verified {
  const key = keys.find((each) => signed.content.verifySignature(each.public.key));
  if (key === undefined) throw unknownKey(signed, hint, keys);
  const signer = { kind: 'key', fingerprint: key.public.fingerprint } as const;
  const readable = roots.filter(isReadable);
  const logging = readable.filter(({ material }) =>
    signed.entries.some((entry) => logOf(material, entry) !== undefined),
  );
  if (logging.length > 0) return firstOf(logging, (root) => verifyKeyUnder(root, signed, key.public, true));
  if (key.transparencyLog === 'require') throw unlogged(signed, roots);
  const stamping = readable.filter((root) => knownTimestamps(root, signed.timestamps).length > 0);
  if (stamping.length > 0) return firstOf(stamping, (root) => verifyKeyUnder(root, signed, key.public, false));
  return { signer: { ...signer, logged: false }, trustedRoot: null, signedAt: null, logIndex: null };
}

function verifyKeyUnder(root: Root, signed: Signed, key: PublicKey, isLogged: boolean): Verified {
  const material: TrustMaterial = {
    ...root.material,
    publicKey: () => ({ publicKey: key.key, validFor: () => true }),
  };
  const entries = knownEntries(root, signed.entries, isLogged);
  const timestamps = knownTimestamps(root, signed.timestamps);
  const first = verifyFirstIntoto(signed, entries, material);
  new Verifier(material, { tlogThreshold: isLogged ? Math.max(0, 1 - first) : 0, timestampThreshold: 0 }).verify(
    entityOf(signed, { $case: 'public-key', hint: '' }, entries, timestamps),
  );
  const times = timesOf(entries, timestamps);
  checkEntries(material, entries, times, key.spki);
  return {
    signer: { kind: 'key', fingerprint: key.fingerprint, logged: isLogged },
    trustedRoot: isLogged ? root.name : null,
    signedAt: times.length === 0 ? null : Math.min(...times),
    logIndex: entries[0] === undefined ? null : indexOf(entries[0]),
  };
}

function unlogged({ entries }: Signed, roots: readonly NamedRoot[]): Refused {
  if (entries.length === 0)
    return new Refused('transparency-log', 'it has no entry in a transparency log, which its key wants');
  return unknown('transparency-log', 'its log entry is of a log that no trusted root has', roots);
}

/** Why no key fits: it is of another key, or of one of these and what it signs was altered. */
function unknownKey({ entries }: Signed, hint: string, keys: readonly TrustedKey[]): Refused {
  if (keys.length === 0) return new Refused('unknown-key', 'it is signed with a key, and the policy names none');
  const named = keys.find(
    (key) =>
      isHintOf(hint, key.public) ||
      entries.some((entry) => {
        const logged = verifierOf(entry);
        return logged !== null && sameBytes(logged, key.public.spki);
      }),
  );
  if (named === undefined) return new Refused('unknown-key', `none of the policy's ${keys.length} keys made it`);
  if (named.public.key.asymmetricKeyType === 'ed25519' && entries.some(isPrehashed))
    return new Refused('unsupported', 'it is a prehashed Ed25519 signature (Ed25519ph), which is not verified here');
  return new Refused('bad-signature', 'its signature does not fit what it signs, though it names a key of the policy');
}
