import type { Digest } from '../domain/digest.ts';
import { SLSA_PROVENANCE } from '../domain/signature.ts';
import { at, field, isObject, readObject, textOrNull } from './json.ts';
import { readProvenance } from './provenance.ts';
import { printable, Refused } from './refused.ts';
import type { Said } from './signed.ts';

export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];
const MAX_STATEMENT = 16 << 20;
const MAX_SUBJECTS = 1024;
const MAX_PREDICATE_TYPE = 512;

/**
 * Reads an in-toto statement that is to be about this digest.
 * @throws Refused
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export function readStatement(payload: Uint8Array, about: Digest): Said {
  const statement = readObject(payload, MAX_STATEMENT, 'its statement');
  if (!STATEMENT_TYPES.some((type) => type === field(statement, '_type')))
    throw new Refused('malformed', 'it is no in-toto statement of a known version');
  const predicateType = textOrNull(field(statement, 'predicateType'));
  if (predicateType === null || predicateType.length > MAX_PREDICATE_TYPE)
    throw new Refused('malformed', 'its statement has no predicate type');
  checkSubjects(field(statement, 'subject'), about);
  const provenance = SLSA_PROVENANCE.includes(predicateType)
    ? readProvenance(predicateType, field(statement, 'predicate'))
    : null;
  return { predicateType, provenance };
}

function checkSubjects(subjects: unknown, about: Digest): void {
  if (!Array.isArray(subjects) || subjects.length === 0)
    throw new Refused('malformed', 'its statement is about nothing');
  if (subjects.length > MAX_SUBJECTS)
    throw new Refused('malformed', `its statement is about more than ${MAX_SUBJECTS} things`);
  const digests = subjects.map((subject) => textOrNull(at(subject, 'digest', 'sha256'))?.toLowerCase());
  if (digests.some((hex) => `sha256:${hex}` === about)) return;
  const [first] = digests;
  throw new Refused(
    'other-subject',
    `its statement is about ${first === undefined ? 'something else' : `sha256:${first}`}`,
  );
}

const MAX_PAYLOAD = 1 << 20;
const COSIGN_TYPE = 'cosign container image signature';

/**
 * Reads cosign's first payload, which is to be about this digest.
 * @throws Refused
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#simple-signing
 */
export function readSimpleSigning(payload: Uint8Array, about: Digest): Said {
  const critical = field(readObject(payload, MAX_PAYLOAD, 'its payload'), 'critical');
  if (field(critical, 'type') !== COSIGN_TYPE) throw new Refused('malformed', 'its payload is not one of cosign');
  const image = field(critical, 'image');
  // Cosign writes the key in small letters; the example of its specification does not.
  const names = isObject(image)
    ? Object.keys(image).filter((key) => key.toLowerCase() === 'docker-manifest-digest')
    : [];
  const [name, other] = names;
  const digest = name === undefined || other !== undefined ? null : textOrNull(field(image, name));
  if (digest === null) throw new Refused('malformed', 'its payload names no image, or more than one');
  if (digest !== about) throw new Refused('other-subject', `its payload is about ${printable(digest)}`);
  return { predicateType: null, provenance: null };
}
