import { isLoopback } from '../domain/loopback.ts';
import type { ImageName } from '../domain/reference.ts';
import { DEFAULT_BLOB_HOSTS, type RegistryEndpoint } from './endpoint.ts';
import { type HttpAnswer, refusal, type SendHttp } from './http.ts';

/** From the registry to its storage, and once more from there. */
const MAX_REDIRECTS = 2;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect(answer: HttpAnswer): boolean {
  return answer.kind === 'answer' && REDIRECTS.has(answer.status);
}

/**
 * Reads a blob where the registry's redirect says it is, if configuration names that host. Nothing but `Accept` goes
 * along: these addresses carry their own signature, and our credentials are for the registry alone.
 *
 * Threat: a registry, or whoever can answer in its place, that sends us to an address of its choosing, inside or outside.
 * @param redirect the registry's answer, for which `isRedirect` holds
 * @returns the storage's answer with status 200, or trouble that goes on after the registry's name
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs
 */
export async function readFromStorage(
  send: SendHttp,
  endpoint: RegistryEndpoint,
  image: ImageName,
  redirect: HttpAnswer,
  maxBytes: number,
): Promise<HttpAnswer> {
  const hosts = endpoint.blobHosts ?? DEFAULT_BLOB_HOSTS.get(image.registry) ?? [];
  let answer = redirect;
  let base = endpoint.url;
  for (let hop = 0; hop < MAX_REDIRECTS && answer.kind === 'answer'; hop += 1) {
    const location = answer.headers.get('location');
    const target = location === null ? null : URL.parse(location, base);
    if (target === null) return trouble('redirects a blob to nowhere');
    if (!isAllowed(target, endpoint, hosts)) {
      return trouble(`redirects a blob to ${target.host || target.protocol}, which is not one of its blob hosts`);
    }
    answer = await send({ method: 'GET', url: target.href, headers: { accept: '*/*' }, maxBytes });
    base = target.href;
    if (isRedirect(answer)) continue;
    const at = `keeps its blobs at ${target.host}, which`;
    if (answer.kind === 'trouble') return { ...answer, reason: `${at} ${answer.reason}` };
    return answer.status === 200 ? answer : trouble(`${at} ${refusal(answer.status, answer.headers)}`);
  }
  return trouble('redirects a blob more than twice');
}

/** https, or http on this machine for a registry that is itself reached so. The registry's own origin needs no entry. */
function isAllowed(target: URL, endpoint: RegistryEndpoint, hosts: readonly string[]): boolean {
  const own = URL.parse(endpoint.url);
  if (target.username !== '' || target.password !== '') return false;
  const isLocal = target.protocol === 'http:' && own?.protocol === 'http:' && isLoopback(target.hostname);
  if (target.protocol !== 'https:' && !isLocal) return false;
  return target.origin === own?.origin || hosts.some((host) => isHost(target, host));
}

function isHost(target: URL, host: string): boolean {
  if (host.startsWith('*.')) return target.port === '' && target.hostname.endsWith(host.slice(1));
  return target.host === host;
}

function trouble(reason: string): HttpAnswer {
  return { kind: 'trouble', reason };
}
