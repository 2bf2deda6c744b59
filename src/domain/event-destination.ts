import { isLoopback } from './loopback.ts';

/** Where events may be sent to, as the installation says. */
export interface DestinationRules {
  /** `siem.example.org`, or with a port; empty: any public https host. */
  readonly hosts: readonly string[];
  /** A local installation may send to itself, in plain http too. */
  readonly local: boolean;
}

export type Destination =
  | { readonly ok: true; readonly url: URL }
  /** Why not, in words for the person who gave it. Never contains the address: there may be a secret in it. */
  | { readonly ok: false; readonly problem: string };

const MAX_LENGTH = 500;
/** Names that mean something else, or nothing, outside a network. RFC 6761, RFC 6762, RFC 8375, and what routers use. */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'arpa',
  'test',
  'invalid',
  'example',
  'onion',
];

/**
 * Checks an address that a maintainer gave, when it is given and again whenever something is sent to it: it is where our
 * server makes requests to (SSRF). Names are not resolved: on Workers `fetch` reaches public addresses only.
 */
export function eventDestination(address: string, { hosts, local }: DestinationRules): Destination {
  if (address.length > MAX_LENGTH) return no(`expected at most ${MAX_LENGTH} characters`);
  if (!URL.canParse(address)) return no('expected an address that begins with https://');
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return no('expected an address without credentials in it');
  const host = url.hostname.replace(/\.$/, '');
  const own = isOwn(host);
  if (own && local && (url.protocol === 'http:' || url.protocol === 'https:')) return { ok: true, url };
  if (url.protocol !== 'https:') return no('expected an address that begins with https://');
  if (own || isIpLiteral(host)) return no('expected the name of a host, not a number or this machine');
  if (hosts.length > 0) {
    return hosts.includes(url.host)
      ? { ok: true, url }
      : no(`expected a host of EVENT_WEBHOOK_HOSTS: ${hosts.join(', ')}`);
  }
  return isPublicName(host) ? { ok: true, url } : no('expected a host that has a public name');
}

const no = (problem: string): Destination => ({ ok: false, problem });

/** As `URL` writes names: every spelling of an IPv4 address in four decimal parts, IPv6 in brackets. */
const isIpLiteral = (host: string): boolean => host.startsWith('[') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);

const isOwn = (host: string): boolean => isLoopback(host) || host.endsWith('.localhost');

function isPublicName(host: string): boolean {
  return host.includes('.') && !PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}
