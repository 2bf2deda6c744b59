import { describe, expect, it } from 'vitest';
import { eventDestination } from '../../../src/domain/event-destination.ts';

const ANY = { hosts: [], local: false };

/** What becomes of an address: its host, or the problem. */
const judged = (address: string, rules: { hosts: string[]; local: boolean } = ANY): string => {
  const destination = eventDestination(address, rules);
  return destination.ok ? destination.url.host : destination.problem;
};

describe('an address for events', () => {
  it.each([
    ['https://siem.acme.dev/hook?token=x', 'siem.acme.dev'],
    ['https://SIEM.acme.dev:8443/', 'siem.acme.dev:8443'],
    ['https://siem.acme.dev./', 'siem.acme.dev.'],
    ['https://127.0.0.1.acme.dev/', '127.0.0.1.acme.dev'],
    ['https://localhost.acme.dev/', 'localhost.acme.dev'],
    ['https://bücher.de/', 'xn--bcher-kva.de'],
  ])('may be %s', (address, host) => expect(judged(address)).toBe(host));

  const refused: [string, RegExp][] = [
    ['http://siem.acme.dev/', /https/],
    ['ftp://siem.acme.dev/', /https/],
    ['javascript:alert(1)', /https/],
    ['data:text/plain,x', /https/],
    ['file:///etc/passwd', /https/],
    ['//siem.acme.dev/', /https/],
    ['siem.acme.dev', /https/],
    ['https://', /https/],
    ['', /https/],
    ['https://user:secret@siem.acme.dev/', /credentials/],
    ['https://user@siem.acme.dev/', /credentials/],
    ['https://siem.acme.dev@127.0.0.1/', /credentials/],
    ['https://127.0.0.1/', /number/],
    ['https://127.1/', /number/],
    ['https://2130706433/', /number/],
    ['https://0x7f000001/', /number/],
    ['https://0177.0.0.1/', /number/],
    ['https://①②⑦.0.0.1/', /number/],
    ['https://0/', /number/],
    ['https://10.0.0.1/', /number/],
    ['https://169.254.169.254/latest/meta-data', /number/],
    ['https://8.8.8.8/', /number/],
    ['https://8.8.8.8./', /number/],
    ['https://[::1]/', /number/],
    ['https://[::ffff:169.254.169.254]/', /number/],
    ['https://[fd00::1]/', /number/],
    ['https://localhost/', /this machine/],
    ['https://LOCALHOST./', /this machine/],
    ['https://a.localhost/', /this machine/],
    ['https://intranet/', /public name/],
    ['https://metadata.google.internal/', /public name/],
    ['https://router.lan/', /public name/],
    ['https://printer.local./', /public name/],
    ['https://1.0.0.127.in-addr.arpa/', /public name/],
    [`https://siem.acme.dev/${'x'.repeat(500)}`, /500 characters/],
  ];
  it.each(refused)('may not be %s', (address, problem) => {
    expect(judged(address)).toMatch(problem);
    expect(judged(address)).not.toMatch(/secret|acme/);
  });

  it('has a host of the list where there is one, to the port', () => {
    const rules = { hosts: ['siem.acme.dev', 'in.corp:8443'], local: false };
    expect(judged('https://siem.acme.dev/a', rules)).toBe('siem.acme.dev');
    expect(judged('https://in.corp:8443/a', rules)).toBe('in.corp:8443');
    for (const address of [
      'https://in.corp/',
      'https://siem.acme.dev:8443/',
      'https://x.siem.acme.dev/',
      'https://other.dev/',
    ])
      expect(judged(address, rules)).toMatch(/EVENT_WEBHOOK_HOSTS/);
    expect(judged('https://127.0.0.1/', { hosts: ['127.0.0.1'], local: false })).toMatch(/number/);
  });

  it('may be this machine, and no other number, in a local installation', () => {
    const rules = { hosts: [], local: true };
    expect(judged('http://127.0.0.1:5000/', rules)).toBe('127.0.0.1:5000');
    expect(judged('http://[::1]:5000/', rules)).toBe('[::1]:5000');
    expect(judged('http://localhost:5000/', { hosts: ['siem.acme.dev'], local: true })).toBe('localhost:5000');
    for (const address of ['http://10.0.0.1/', 'https://10.0.0.1/', 'http://siem.acme.dev/', 'ftp://127.0.0.1/'])
      expect(judged(address, rules)).toMatch(/expected/);
  });
});
