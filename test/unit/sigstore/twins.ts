import type { SignatureProblem } from '../../../src/domain/signature.ts';
import type { Trust } from '../../../src/usecases/ports.ts';
import signatures from '../../fixtures/sigstore/signatures.json';
import { content, flip, fromBase64, type Loose, type RootName, toBase64, trust } from './made.ts';

/** A forged twin: a good signature, changed, with the problem that it has to be refused for. */
export interface Twin {
  readonly what: string;
  readonly of: string;
  readonly problem: SignatureProblem;
  readonly change?: (json: Loose) => void;
  /** Root to verify under; keys of the policy, and whether they want a log entry. */
  readonly root?: RootName;
  readonly keys?: readonly string[];
  readonly transparencyLog?: 'require' | 'ignore';
  readonly changeRoot?: ((root: Loose) => void) | undefined;
  /** `@sigstore/verify` alone accepts it. */
  readonly missedByLibrary?: true;
}

export function trustOf({ root = 'private', keys = [], transparencyLog = 'ignore', changeRoot }: Twin): Trust {
  return trust({ roots: [root], keys, transparencyLog, change: changeRoot });
}

const material = (json: Loose): Loose => json.bundle.verificationMaterial;
const entry = (json: Loose): Loose => material(json).tlogEntries[0];
const stamp = (json: Loose): Loose => material(json).timestampVerificationData.rfc3161Timestamps[0];

/** The JSON of another signature of signatures.json. */
function another(name: string): Loose {
  const held = content(name);
  if (held.kind !== 'bundle') throw new Error(`${name} is no bundle`);
  return { bundle: JSON.parse(new TextDecoder().decode(held.bytes)) };
}

/** The same statement, written otherwise. */
function rewriteStatement(envelope: Loose): void {
  const statement = JSON.parse(atob(envelope.payload));
  envelope.payload = btoa(JSON.stringify({ ...statement, predicate: { altered: true } }));
}

function rewriteLog(json: Loose, change: (log: Loose) => void): void {
  const log = JSON.parse(json.annotations.bundle);
  change(log);
  json.annotations.bundle = JSON.stringify(log);
}

/** Within bytes in base64, replaces one text by another of the same length. */
function replaceWithin(base64: string, from: RegExp, to: (found: string) => string): string {
  const text = String.fromCharCode(...fromBase64(base64));
  if (!from.test(text)) throw new Error(`there is no ${from}`);
  return toBase64(Uint8Array.from(text.replace(from, to), (char) => char.charCodeAt(0)));
}

const moveHour = (json: Loose): void => {
  entry(json).integratedTime = String(Number(entry(json).integratedTime) + 3600);
};

const EVERY_BUNDLE = [
  'keyless v0.1',
  'keyless v0.2, intoto 0.0.2',
  'keyless v0.3',
  'keyless v0.3, provenance',
  'keyless v0.3, Rekor v2',
  'keyless v0.3, stamped',
];

const ofEveryBundle = EVERY_BUNDLE.flatMap((of): Twin[] => [
  {
    what: 'payload altered',
    of,
    problem: 'bad-signature',
    change: (json) => rewriteStatement(json.bundle.dsseEnvelope),
  },
  {
    what: 'signature altered',
    of,
    problem: 'bad-signature',
    change: ({ bundle }) => {
      bundle.dsseEnvelope.signatures[0].sig = flip(bundle.dsseEnvelope.signatures[0].sig);
    },
  },
  {
    what: 'certificate of another key',
    of,
    problem: 'bad-signature',
    change: (json) => {
      const { certificate } = material(another('keyless v0.3, message'));
      const { x509CertificateChain } = material(json);
      if (x509CertificateChain === undefined) material(json).certificate = certificate;
      else x509CertificateChain.certificates = [certificate];
    },
  },
  {
    what: 'log entry dropped',
    of,
    problem: 'transparency-log',
    change: (json) => {
      material(json).tlogEntries = [];
    },
  },
  {
    what: 'log entry of another signature',
    of,
    problem: 'transparency-log',
    change: (json) => {
      const other = of === 'keyless v0.3' ? 'keyless v0.3, provenance' : 'keyless v0.3';
      material(json).tlogEntries = [entry(another(other))];
    },
  },
  {
    what: 'log entry altered',
    of,
    problem: 'transparency-log',
    change: (json) => {
      entry(json).canonicalizedBody = replaceWithin(entry(json).canonicalizedBody, /"kind"/, () => '"kinb"');
    },
  },
  {
    what: 'place in the log moved',
    of,
    problem: 'transparency-log',
    change: (json) => {
      entry(json).logIndex = String(Number(entry(json).logIndex) + 1);
      entry(json).inclusionProof.logIndex = String(Number(entry(json).inclusionProof.logIndex) + 1);
    },
  },
  {
    what: 'certificate altered',
    of,
    problem: 'certificate',
    change: (json) => {
      const one = material(json).certificate ?? material(json).x509CertificateChain.certificates[0];
      one.rawBytes = replaceWithin(one.rawBytes, /octo-org\/app/, () => 'octo-orh/app');
    },
  },
]);

const ofPromises = ['keyless v0.1', 'keyless v0.2, intoto 0.0.2', 'keyless v0.3'].flatMap((of): Twin[] => [
  { what: 'time of the log moved', of, problem: 'transparency-log', change: moveHour },
  {
    what: 'promise of the log altered',
    of,
    problem: 'transparency-log',
    change: (json) => {
      const promise = entry(json).inclusionPromise;
      promise.signedEntryTimestamp = flip(promise.signedEntryTimestamp);
    },
  },
]);

const ofTime: Twin[] = [
  {
    what: 'time of the timestamp moved',
    of: 'keyless v0.3, Rekor v2',
    problem: 'timestamp',
    change: (json) => {
      stamp(json).signedTimestamp = replaceWithin(stamp(json).signedTimestamp, /20\d{12}Z/, (time) =>
        time.replace(/^20../, '2031'),
      );
    },
  },
  {
    what: 'timestamp of another signature',
    of: 'keyless v0.3, Rekor v2',
    problem: 'timestamp',
    change: (json) => {
      material(json).timestampVerificationData = material(another('keyless v0.3, stamped')).timestampVerificationData;
    },
  },
  {
    what: 'timestamp dropped',
    of: 'keyless v0.3, no log',
    root: 'quiet',
    problem: 'timestamp',
    change: (json) => {
      material(json).timestampVerificationData = undefined;
    },
  },
  { what: 'no time at all', of: 'without a time', problem: 'timestamp' },
  { what: 'a stranger’s timestamp', of: 'stamped by a stranger', problem: 'timestamp' },
  { what: 'stamped when the certificate had expired', of: 'stamped too late', problem: 'certificate' },
  { what: 'logged when the certificate had expired', of: 'certificate expired', problem: 'certificate' },
];

const ofTrust: Twin[] = [
  { what: 'a stranger’s authority', of: 'by a stranger’s authority', problem: 'certificate' },
  { what: 'a stranger’s log', of: 'in a stranger’s log', problem: 'transparency-log' },
  {
    what: 'logged under another name',
    of: 'logged under another name',
    problem: 'transparency-log',
    missedByLibrary: true,
  },
  {
    what: 'in a log whose key was retired before',
    of: 'keyless v0.3, Rekor v2',
    problem: 'transparency-log',
    changeRoot: (root) => {
      root.tlogs[1].publicKey.validFor.end = root.tlogs[1].publicKey.validFor.start;
    },
    missedByLibrary: true,
  },
  {
    what: 'logged in a log whose key was retired before',
    of: 'keyless v0.3',
    problem: 'transparency-log',
    changeRoot: (root) => {
      root.tlogs[0].publicKey.validFor.end = root.tlogs[0].publicKey.validFor.start;
    },
  },
  {
    what: 'certificate in no log of certificates that is known',
    of: 'keyless v0.3',
    problem: 'certificate',
    changeRoot: (root) => {
      root.ctlogs[0].logId.keyId = flip(root.ctlogs[0].logId.keyId);
    },
  },
  {
    what: 'an authority that was retired before',
    of: 'keyless v0.3',
    problem: 'certificate',
    changeRoot: (root) => {
      root.certificateAuthorities[0].validFor.end = root.certificateAuthorities[0].validFor.start;
    },
  },
  {
    what: 'a timestamp authority that was retired before',
    of: 'keyless v0.3, Rekor v2',
    problem: 'timestamp',
    changeRoot: (root) => {
      root.timestampAuthorities[0].validFor.end = root.timestampAuthorities[0].validFor.start;
    },
  },
  {
    what: 'a certificate for timestamps',
    of: 'certificate for timestamps',
    root: 'quiet',
    problem: 'certificate',
    missedByLibrary: true,
  },
  {
    what: 'a certificate with a critical condition',
    of: 'certificate with a condition',
    root: 'quiet',
    problem: 'certificate',
    missedByLibrary: true,
  },
  {
    what: 'a certificate that is in no log of certificates',
    of: 'keyless v0.3, no log',
    root: 'quiet',
    problem: 'certificate',
    changeRoot: (root) => {
      root.ctlogs = signatures.roots.private.ctlogs;
    },
  },
  {
    what: 'said to be logged when its certificate was not valid',
    of: 'keyless v0.3, Rekor v2',
    problem: 'certificate',
    change: (json) => {
      entry(json).integratedTime = '1700000000';
    },
    missedByLibrary: true,
  },
  { what: 'about another image', of: 'about another image', problem: 'other-subject', missedByLibrary: true },
  {
    what: 'a root certificate brought along',
    of: 'keyless v0.1',
    problem: 'certificate',
    change: (json) => {
      const [authority]: Loose[] = signatures.roots.private.certificateAuthorities;
      const { certificates } = material(json).x509CertificateChain;
      material(json).x509CertificateChain.certificates = [...certificates, ...authority.certChain.certificates];
    },
    missedByLibrary: true,
  },
];

const ofFirstLayout: Twin[] = [
  {
    what: 'payload altered',
    of: '.sig, keyless',
    problem: 'bad-signature',
    change: (json) => {
      json.payload = json.payload.replace('null', '{}');
    },
  },
  { what: 'about another image', of: '.sig, about another image', problem: 'other-subject' },
  {
    what: 'another signature',
    of: '.sig, keyless',
    problem: 'bad-signature',
    change: (json) => {
      json.annotations.signature = flip(json.annotations.signature);
    },
  },
  {
    what: 'log entry dropped',
    of: '.sig, keyless',
    problem: 'transparency-log',
    change: (json) => {
      json.annotations.bundle = null;
    },
  },
  {
    what: 'time of the log moved',
    of: '.sig, keyless',
    problem: 'transparency-log',
    change: (json) =>
      rewriteLog(json, (log) => {
        log.Payload.integratedTime += 3600;
      }),
  },
  {
    what: 'log entry of another signature',
    of: '.sig, keyless',
    problem: 'transparency-log',
    change: (json) => {
      const other: Loose = content('.sig, key P-256, logged');
      json.annotations.bundle = other.annotations.bundle;
    },
  },
  {
    what: 'payload altered',
    of: '.att, keyless, intoto 0.0.1',
    problem: 'bad-signature',
    change: (json) => {
      const envelope = JSON.parse(json.envelope);
      rewriteStatement(envelope);
      json.envelope = JSON.stringify(envelope);
    },
  },
  {
    what: 'envelope written otherwise than it was logged',
    of: '.att, keyless, intoto 0.0.1',
    problem: 'transparency-log',
    change: (json) => {
      json.envelope = ` ${json.envelope}`;
    },
  },
  {
    what: 'time of the log moved',
    of: '.att, keyless, intoto 0.0.1',
    problem: 'transparency-log',
    change: (json) =>
      rewriteLog(json, (log) => {
        log.Payload.integratedTime += 60;
      }),
  },
  {
    what: 'envelope written otherwise than it was stamped',
    of: '.att, keyless, stamped',
    root: 'quiet',
    problem: 'timestamp',
    change: (json) => {
      json.envelope = ` ${json.envelope}`;
    },
  },
];

const KINDS = ['P-256', 'P-384', 'RSA', 'Ed25519'];

const ofKeys = KINDS.flatMap((kind): Twin[] => [
  { what: 'another key', of: `key ${kind}`, keys: ['stranger'], problem: 'unknown-key' },
  { what: 'no key', of: `key ${kind}`, keys: [], problem: 'unknown-key' },
  {
    what: 'payload altered, and it names its key',
    of: `key ${kind}`,
    keys: ['stranger', kind],
    problem: 'bad-signature',
    change: (json) => rewriteStatement(json.bundle.dsseEnvelope),
  },
  {
    what: 'payload altered',
    of: `.sig, key ${kind}`,
    keys: [kind],
    problem: 'unknown-key',
    change: (json) => {
      json.payload = json.payload.replace('null', '{}');
    },
  },
  { what: 'not logged', of: `key ${kind}`, keys: [kind], transparencyLog: 'require', problem: 'transparency-log' },
  {
    what: 'not logged',
    of: `.sig, key ${kind}`,
    keys: [kind],
    transparencyLog: 'require',
    problem: 'transparency-log',
  },
  {
    what: 'time of the log moved',
    of: `key ${kind}, logged`,
    keys: [kind],
    problem: 'transparency-log',
    change: moveHour,
  },
  {
    what: 'log entry of another signature',
    of: `key ${kind}, logged`,
    keys: [kind],
    problem: 'transparency-log',
    change: (json) => {
      material(json).tlogEntries = [entry(another('keyless v0.3'))];
    },
  },
]);

const ofLoggedKeys: Twin[] = [
  {
    what: 'payload altered, and its log entry names the key',
    of: '.sig, key P-256, logged',
    keys: ['P-256'],
    problem: 'bad-signature',
    change: (json) => {
      json.payload = json.payload.replace('null', '{}');
    },
  },
  {
    what: 'in a log that has been retired, at no known time',
    of: 'key P-256, Rekor v2, no time',
    keys: ['P-256'],
    problem: 'transparency-log',
    changeRoot: (root) => {
      root.tlogs[1].publicKey.validFor.end = '2035-01-01T00:00:00Z';
    },
    missedByLibrary: true,
  },
  {
    what: 'in a log that no root knows',
    of: 'key P-256, logged',
    keys: ['P-256'],
    transparencyLog: 'require',
    problem: 'transparency-log',
    changeRoot: (root) => {
      root.tlogs.shift();
    },
  },
];

export const TWINS: readonly Twin[] = [
  ...ofEveryBundle,
  ...ofPromises,
  ...ofTime,
  ...ofTrust,
  ...ofFirstLayout,
  ...ofKeys,
  ...ofLoggedKeys,
];
