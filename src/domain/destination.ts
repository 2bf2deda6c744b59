import { isLoopback } from './loopback.ts';

/** Addresses of maintainers to which our server sends: only hosts of a list, or they could reach inside. */
export interface Destinations {
  /** `hooks.slack.com`, with a port if it is not 443; `*.example.org` is every host below example.org. */
  readonly hosts: readonly string[];
  /** Only in a local installation: plain http to this machine. */
  readonly allowLoopbackHttp: boolean;
}

export function isDestination(address: string, { hosts, allowLoopbackHttp }: Destinations): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return hosts.some((host) => isHost(host, url.host));
  return url.protocol === 'http:' && allowLoopbackHttp && isLoopback(url.hostname);
}

function isHost(listed: string, host: string): boolean {
  return listed.startsWith('*.') ? host.endsWith(listed.slice(1)) && host.length >= listed.length : host === listed;
}
