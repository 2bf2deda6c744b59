import { ValidationError } from '@sigstore/bundle';
import { VerificationError } from '@sigstore/verify';
import type { SignatureProblem } from '../domain/signature.ts';

/** Why a signature is not valid. `message` may quote the signature: it is cut and has no control characters. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: SignatureProblem;

  constructor(problem: SignatureProblem, reason: string) {
    super(printable(reason));
    this.problem = problem;
  }
}

const MAX_REASON = 300;

/** A stranger's text, fit to be shown. */
export function printable(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ');
  return clean.length <= MAX_REASON ? clean : `${clean.slice(0, MAX_REASON - 1)}…`;
}

/** What went wrong in the library, or in bytes that it could not read. */
export function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  if (error instanceof ValidationError) return refusalOfFields(error.fields);
  if (error instanceof VerificationError) return new Refused(problemOf(error.code), wordsOf(error));
  return new Refused('malformed', error instanceof Error ? error.message : 'it cannot be read');
}

function problemOf(code: VerificationError['code']): SignatureProblem {
  switch (code) {
    case 'TLOG_ERROR':
    case 'TLOG_BODY_ERROR':
    case 'TLOG_INCLUSION_PROMISE_ERROR':
    case 'TLOG_INCLUSION_PROOF_ERROR':
    case 'TLOG_MISSING_INCLUSION_ERROR':
      return 'transparency-log';
    case 'CERTIFICATE_ERROR':
      return 'certificate';
    case 'TIMESTAMP_ERROR':
      return 'timestamp';
    case 'SIGNATURE_ERROR':
      return 'bad-signature';
    case 'PUBLIC_KEY_ERROR':
      return 'unknown-key';
    case 'NOT_IMPLEMENTED_ERROR':
      return 'unsupported';
  }
}

function wordsOf({ message, cause }: VerificationError): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** Fields that a bundle of its version has to have, and lacks. */
function refusalOfFields(fields: readonly string[]): Refused {
  const isLog = fields.length > 0 && fields.every((field) => /\.tlogEntries\[\d+\]\.inclusion/.test(field));
  const names = fields.slice(0, 5).map((field) => field.replace('verificationMaterial.', ''));
  return new Refused(isLog ? 'transparency-log' : 'malformed', `it lacks or has unfit ${names.join(', ') || 'fields'}`);
}
