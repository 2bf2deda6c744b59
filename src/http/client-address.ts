/** Where a request came from, as limits tell callers apart. Whoever has one IPv6 address has 2^64 of them. */
export function clientAddress(request: Request): string {
  const address = request.headers.get('cf-connecting-ip') ?? 'local';
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
