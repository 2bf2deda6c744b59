import type { Finding, SignatureFound } from '../domain/finding.ts';
import { placeWords, problemWords } from './signature-words.ts';
import { type SlackBlock, section } from './slack-blocks.ts';
import { code, prose } from './slack-text.ts';

const EXPECTED_LISTED = 5;

/** Which signatures were found where, by whom, what is the matter with them, and who should have signed. */
export function signatureBlocks(findings: readonly Finding[]): SlackBlock[] {
  const found = findings.flatMap((finding) =>
    finding.code === 'untrusted-signer' || finding.code === 'invalid-signature' ? finding.found : [],
  );
  const expected = findings.flatMap((finding) =>
    finding.code === 'untrusted-signer' || finding.code === 'unsigned' ? finding.expected : [],
  );
  const lines = [
    ...(found.length === 0 ? [] : ['*Signatures found*', ...found.slice(0, FOUND_LISTED).map(foundLine)]),
    ...(expected.length === 0 ? [] : [`*Should be signed by* ${expectedNames(expected)}`]),
  ];
  return lines.length === 0 ? [] : [section(lines.join('\n'))];
}

const FOUND_LISTED = 4;

function foundLine({ place, signer, oidcIssuer, problem, reason }: SignatureFound): string {
  const by = signer === null ? 'by nobody that can be made sure of' : `by ${code(signer, 300)}`;
  const issuer = oidcIssuer === null ? '' : ` of ${code(oidcIssuer, 120)}`;
  const what = problem === null ? '' : `: it ${problemWords(problem)}`;
  const why = reason === null ? '' : ` (“${prose(reason, 160)}”)`;
  return `• ${by}${issuer}, at ${placeWords(place)}${what}${why}`;
}

function expectedNames(expected: readonly string[]): string {
  const names = [...new Set(expected)];
  const more = names.length - EXPECTED_LISTED;
  const listed = names.slice(0, EXPECTED_LISTED).map((name) => code(name, 200));
  return `${listed.join(' or ')}${more > 0 ? ` or ${more} more` : ''}`;
}
