import type { CiClaims } from './ci.ts';
import type { Digest } from './digest.ts';

/** Where signatures of an image are kept. */
export type SignaturePlaceName = 'referrers-api' | 'fallback-tag' | 'sig-tag' | 'att-tag' | 'github-attestations';

/** A place where signatures were looked for, and whether it answered. */
export interface SignaturePlace {
  readonly place: SignaturePlaceName;
  /** `present`: something is there; whether it is worth anything, `FoundSignature` says. */
  readonly state: 'present' | 'absent' | 'unavailable';
  /** Repository that was asked, where it is not the image's own: `docker.io/org/signatures`. */
  readonly image?: string | undefined;
  /** Digest that was asked about, where it is not the image's own: a child of the index, or an index it is part of. */
  readonly about?: Digest | undefined;
  /** What was found there, or why it could not be read. */
  readonly detail?: string | undefined;
}

/**
 * What a Fulcio certificate says about the workload that signed. `null`: the certificate does not say.
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export interface CertificateClaims {
  /** 1.12, `https://github.com/octo-org/app`. */
  readonly sourceRepository: string | null;
  /** 1.15: the provider's number, which survives renames. */
  readonly sourceRepositoryId: string | null;
  /** 1.14, `refs/tags/v1.2.3`. */
  readonly sourceRepositoryRef: string | null;
  /** 1.13: the commit. */
  readonly sourceRepositoryDigest: string | null;
  /** 1.18: the top-level workflow, `https://github.com/octo-org/app/.github/workflows/release.yml@refs/heads/main`. */
  readonly buildConfigUri: string | null;
  /** 1.9: the workflow that ran, which is another one if it is reusable. */
  readonly buildSignerUri: string | null;
  /** 1.20: the event, `push`. */
  readonly buildTrigger: string | null;
  /** 1.21, `https://github.com/octo-org/app/actions/runs/1/attempts/1`. */
  readonly runInvocationUri: string | null;
  /** 1.11, `github-hosted`. */
  readonly runnerEnvironment: string | null;
  /** 1.23. */
  readonly deploymentEnvironment: string | null;
}

/** Who made a valid signature. */
export type Signer =
  | {
      readonly kind: 'keyless';
      readonly oidcIssuer: string;
      /** Subject alternative name of the certificate: a workflow's URI or an e-mail address. */
      readonly subject: string;
      readonly certificate: CertificateClaims;
    }
  | {
      readonly kind: 'key';
      /** sha256 of the key's SubjectPublicKeyInfo, as `keyFingerprint` writes it. */
      readonly fingerprint: Digest;
      /** A transparency log entry was there and is valid. */
      readonly logged: boolean;
    };

/** What a signed SLSA provenance says. Worth what its signer is worth. `null`: it does not say. */
export interface Provenance {
  readonly buildType: string | null;
  readonly builderId: string | null;
  /** `https://github.com/octo-org/app` */
  readonly sourceRepository: string | null;
  readonly sourceRepositoryId: string | null;
  readonly commit: string | null;
  /** Path of the workflow file. */
  readonly workflow: string | null;
  readonly ref: string | null;
  readonly event: string | null;
  readonly runUrl: string | null;
}

/** Why a signature is not valid. Each is told in its own words. */
export type SignatureProblem =
  /** It cannot be read as what it says it is. */
  | 'malformed'
  /** The bytes are not those their digest names. */
  | 'wrong-digest'
  /** Genuine, perhaps, but about another image. */
  | 'other-subject'
  /** The signature does not fit the payload. */
  | 'bad-signature'
  /** No key that the policy names made it: another one did, or it was altered. */
  | 'unknown-key'
  /** Its certificate does not lead to a certificate authority of the trusted root, or was not valid when it signed. */
  | 'certificate'
  /** Its transparency log entry is missing, altered or about something else. */
  | 'transparency-log'
  /** Its signed time is missing, altered or from nobody trusted. */
  | 'timestamp'
  /** A trusted root lacks what is needed (ours to repair). */
  | 'trusted-root'
  /** Our cryptography failed its self-test (ours to repair). */
  | 'self-test'
  /** It could not be read now (a registry's trouble). */
  | 'unreadable'
  /** Of a kind that is not verified here, such as Notation's. */
  | 'unsupported';

/** Something that claims to sign an image, and what verification made of it. */
export interface FoundSignature {
  readonly place: SignaturePlaceName;
  /** Repository it was found in; `null`: an API's. */
  readonly image: string | null;
  /** The digest that it was looked up for. */
  readonly about: Digest;
  /** The manifest that holds it, or the sha256 of the bundle from an API. */
  readonly source: Digest;
  readonly format: 'sigstore-bundle' | 'cosign-signature' | 'cosign-attestation' | 'notation' | 'unknown';
  /**
   * `invalid`: it is there and worth nothing. `unavailable`: we could not tell, through a fault of ours or of a
   * registry. `unsupported`: a kind that is not verified here.
   */
  readonly state: 'valid' | 'invalid' | 'unavailable' | 'unsupported';
  /** `null` if valid. */
  readonly problem: SignatureProblem | null;
  /** The verifier's own words; `null` if valid. */
  readonly reason: string | null;
  /** `null` unless valid. */
  readonly signer: Signer | null;
  /** Name of the trusted root that it was verified with; `null` for a key without log, or unless valid. */
  readonly trustedRoot: string | null;
  /** Of an in-toto statement; `null`: the image itself was signed (cosign's simple signing, a message signature). */
  readonly predicateType: string | null;
  readonly provenance: Provenance | null;
  /** By the log or the timestamp authority (ms since the epoch); `null`: nothing says when. */
  readonly signedAt: number | null;
  /** Index in the transparency log, as text. */
  readonly logIndex: string | null;
}

/** A CI run, as its provider's API tells of it. */
export interface CiRun {
  readonly runUrl: string;
  /** `mismatch`: it exists and cannot have made this; `absent`: the provider knows no such run. */
  readonly state: 'confirmed' | 'mismatch' | 'absent' | 'unavailable';
  /** Unless confirmed: why. */
  readonly reason: string | null;
  /** As the provider tells them; `null` unless it knows the run. */
  readonly claims: CiClaims | null;
}

/** All that is known about the signatures of a digest. */
export interface SignatureEvidence {
  readonly places: readonly SignaturePlace[];
  readonly found: readonly FoundSignature[];
  /** The runnable children, if the digest is an index without a signature of its own: each wants one. */
  readonly children: readonly Digest[];
  /** Indexes that the digest is part of: a signature on one covers it. */
  readonly indexes: readonly Digest[];
  /** Runs that provenance names, where the policy wants them looked up. */
  readonly runs: readonly CiRun[];
}

/** Predicate type with which cosign 3 signs an image. */
export const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
/** Provenance: "I built this image". */
export const SLSA_PROVENANCE: readonly string[] = [
  'https://slsa.dev/provenance/v1',
  'https://slsa.dev/provenance/v0.2',
];

/** Whether it says "this image is mine": a signature, not one of the many statements about an image. */
export function isImageSignature({ predicateType }: FoundSignature): boolean {
  return predicateType === null || predicateType === COSIGN_SIGN;
}

/** Whether it is SLSA provenance. */
export function isProvenance({ predicateType }: FoundSignature): boolean {
  return predicateType !== null && SLSA_PROVENANCE.includes(predicateType);
}
