/** Whether a hostname, as `URL` writes it, is this machine: `[::1]`, and every spelling of 127.0.0.1 in dots. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}
