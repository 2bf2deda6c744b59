import { EqualVersionError } from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { Digest } from '../domain/digest.ts';
import type { RefreshedRoot, TufClient, TufMirror } from '../usecases/tuf-mirrors.ts';
import { createTufFiles, type TufFiles, type TufHttpOptions, TufTrouble } from './http.ts';
import { repairVerify } from './runtime.ts';

/**
 * Most bytes of each file. Sigstore's are 1 to 8 KiB; parsing takes time with the square of the number of entries, and
 * comes before any signature is looked at.
 */
const MAX_BYTES = {
  root: 64 << 10,
  timestamp: 16 << 10,
  snapshot: 32 << 10,
  targets: 64 << 10,
  trustedRoot: 128 << 10,
} as const;

/** New versions of root.json in one refresh: a request each, out of the 50 of an invocation. */
const MAX_ROTATIONS = 32;

const TRUSTED_ROOT = 'trusted_root.json';

type Known = Omit<RefreshedRoot, 'freshUntil'>;

/**
 * A client of TUF repositories, which trusts the library with what may be believed and keeps for itself what is
 * asked for and what is kept. Nothing is handed on before everything is verified. Delegated roles are not followed:
 * who may say what the trusted root is, root.json says.
 * @see https://theupdateframework.github.io/specification/latest/#detailed-client-workflow
 */
export function createTufClient(options: TufHttpOptions): TufClient {
  repairVerify();
  return {
    async refresh(mirror, known, now) {
      const files = createTufFiles(mirror.url, options);
      try {
        const refreshed = await refresh(files, mirror, known, now);
        return { ok: true, ...refreshed, requests: files.requests };
      } catch (error) {
        return { ok: false, reason: reasonOf(error), requests: files.requests };
      }
    },
  };
}

/** The library's messages quote the metadata: they are cut, and never more than a line. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 300);
}

async function refresh(files: TufFiles, mirror: TufMirror, known: Known | null, now: number): Promise<RefreshedRoot> {
  const origin = mirror.vendored ? 'vendored' : await sha256(mirror.root);
  const start = startOf(mirror, origin, known);
  const trusted = trying('the root.json that trust begins with', () => new TrustedMetadataStore(bytesOf(start)));
  const root = await followRoots(files, trusted, start);
  const old = known?.metadata;
  const timestamp = await refreshTimestamp(files, trusted, old?.timestamp);
  const expired = (['root', 'timestamp'] as const).find((role) => expiry(trusted, role) <= now);
  if (expired !== undefined) {
    const at = new Date(expiry(trusted, expired)).toISOString();
    throw new TufTrouble(`${expired}.json: expired on ${at}, and there is no newer one`);
  }
  const snapshot = await refreshSnapshot(files, trusted, old?.snapshot);
  const targets = await refreshTargets(files, trusted, old?.targets);
  const freshUntil = Math.min(...ROLES.map((role) => expiry(trusted, role)));
  if (freshUntil <= now) throw new TufTrouble('snapshot.json or targets.json: expired');
  const trustedRoot = await readTrustedRoot(files, trusted, known?.trustedRoot);
  return { metadata: { origin, root, timestamp, snapshot, targets }, trustedRoot, freshUntil };
}

/**
 * The stored root, unless trust began elsewhere then, or a newer one came with the release. What is stored of other
 * roles is held against the mirror all the same, if the keys of its root signed it.
 */
function startOf(mirror: TufMirror, origin: string, known: Known | null): string {
  if (known === null || known.metadata.origin !== origin) return mirror.root;
  return versionOf(known.metadata.root) >= versionOf(mirror.root) ? known.metadata.root : mirror.root;
}

function versionOf(root: string): number {
  const version: unknown = JSON.parse(root)?.signed?.version;
  return typeof version === 'number' ? version : 0;
}

/** Follows root.json version by version until there is no next one. 5.3 of the specification. */
async function followRoots(files: TufFiles, trusted: TrustedMetadataStore, start: string): Promise<string> {
  let root = start;
  for (let rotations = 0; ; rotations += 1) {
    const path = `${trusted.root.signed.version + 1}.root.json`;
    if (rotations === MAX_ROTATIONS) throw new TufTrouble(`${path}: too far ahead; deploy a newer release`);
    const next = await files.read(path, MAX_BYTES.root);
    if (next === null) return root;
    trying(path, () => trusted.updateRoot(bytesOf(next)));
    root = next;
  }
}

/** 5.4. The stored one goes first: the mirror's must not be older. */
async function refreshTimestamp(
  files: TufFiles,
  trusted: TrustedMetadataStore,
  stored: string | undefined,
): Promise<string> {
  // An expired one is refused and is remembered all the same, to compare with.
  if (stored !== undefined) isTaken(() => trusted.updateTimestamp(bytesOf(stored)));
  const text = await needed(files, 'timestamp.json', MAX_BYTES.timestamp);
  try {
    trusted.updateTimestamp(bytesOf(text));
    return text;
  } catch (error) {
    if (error instanceof EqualVersionError && stored !== undefined) return stored;
    throw refused('timestamp.json', error);
  }
}

/** 5.5. The stored one is enough while the timestamp names its version. */
async function refreshSnapshot(
  files: TufFiles,
  trusted: TrustedMetadataStore,
  stored: string | undefined,
): Promise<string> {
  if (stored !== undefined && isTaken(() => trusted.updateSnapshot(bytesOf(stored), true))) return stored;
  const meta = trusted.timestamp?.signed.snapshotMeta;
  if (meta === undefined) throw new TufTrouble('timestamp.json: names no snapshot');
  const path = versioned(trusted, meta.version, 'snapshot.json');
  const text = await needed(files, path, Math.min(meta.length ?? MAX_BYTES.snapshot, MAX_BYTES.snapshot));
  trying(path, () => trusted.updateSnapshot(bytesOf(text)));
  return text;
}

/** 5.6, the top-level role alone. */
async function refreshTargets(
  files: TufFiles,
  trusted: TrustedMetadataStore,
  stored: string | undefined,
): Promise<string> {
  const update = (text: string) => trusted.updateDelegatedTargets(bytesOf(text), 'targets', 'root');
  if (stored !== undefined && isTaken(() => update(stored))) return stored;
  const meta = trusted.snapshot?.signed.meta['targets.json'];
  if (meta === undefined) throw new TufTrouble('snapshot.json: names no targets.json');
  const path = versioned(trusted, meta.version, 'targets.json');
  const text = await needed(files, path, Math.min(meta.length ?? MAX_BYTES.targets, MAX_BYTES.targets));
  trying(path, () => update(text));
  return text;
}

/** 5.7. The stored one is enough while it has the hash that targets.json names. */
async function readTrustedRoot(
  files: TufFiles,
  trusted: TrustedMetadataStore,
  stored: Known['trustedRoot'] | undefined,
): Promise<Known['trustedRoot']> {
  const target = trusted.targets?.signed.targets[TRUSTED_ROOT];
  if (target === undefined) throw new TufTrouble(`targets.json: names no ${TRUSTED_ROOT}`);
  // The library would take a target without any hash.
  const [algorithm, hash] = Object.entries(target.hashes).find(([name]) => Object.hasOwn(HASHES, name)) ?? ['', ''];
  const hashed = HASHES[algorithm];
  if (hashed?.form.test(hash) !== true) throw new TufTrouble(`targets.json: names no SHA-2 of ${TRUSTED_ROOT}`);
  const isIt = async (text: string): Promise<boolean> => {
    const bytes = new TextEncoder().encode(text);
    return bytes.byteLength === target.length && (await hexHash(hashed.name, bytes)) === hash;
  };
  if (stored !== undefined && (await isIt(stored.json))) return stored;
  if (target.length > MAX_BYTES.trustedRoot) throw new TufTrouble(`${TRUSTED_ROOT}: longer than we read`);
  const path = `targets/${trusted.root.signed.consistentSnapshot ? `${hash}.` : ''}${TRUSTED_ROOT}`;
  const json = await needed(files, path, target.length);
  if (!(await isIt(json))) throw new TufTrouble(`${TRUSTED_ROOT}: not what targets.json names: another hash or length`);
  return { id: await sha256(json), json };
}

const HASHES: Readonly<Record<string, { readonly name: string; readonly form: RegExp }>> = {
  sha256: { name: 'SHA-256', form: /^[0-9a-f]{64}$/ },
  sha512: { name: 'SHA-512', form: /^[0-9a-f]{128}$/ },
};

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/** When a role's metadata expires, in ms; one that is missing has. */
function expiry(trusted: TrustedMetadataStore, role: (typeof ROLES)[number]): number {
  return Date.parse(trusted[role]?.signed.expires ?? '') || 0;
}

function versioned(trusted: TrustedMetadataStore, version: number, file: string): string {
  return trusted.root.signed.consistentSnapshot ? `${version}.${file}` : file;
}

async function needed(files: TufFiles, path: string, maxBytes: number): Promise<string> {
  const text = await files.read(path, maxBytes);
  if (text === null) throw new TufTrouble(`${path}: not there`);
  return text;
}

function isTaken(update: () => unknown): boolean {
  try {
    update();
    return true;
  } catch {
    return false;
  }
}

function trying<T>(path: string, update: () => T): T {
  try {
    return update();
  } catch (error) {
    throw refused(path, error);
  }
}

function refused(path: string, error: unknown): TufTrouble {
  return new TufTrouble(`${path}: refused: ${error instanceof Error ? error.message : String(error)}`);
}

/** The library reads text out of a Buffer, which the runtime has as a global. */
function bytesOf(text: string) {
  return Buffer.from(text);
}

async function sha256(text: string): Promise<Digest> {
  return `sha256:${await hexHash('SHA-256', new TextEncoder().encode(text))}`;
}

async function hexHash(name: string, bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest(name, bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
