import { describe, expect, test } from 'vitest';
import { formatImageName, InvalidReference, imageName, isTag, parseImageName } from '../../../src/domain/reference.ts';

describe('an image name', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx'],
    ['acme/app', 'docker.io/acme/app'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/acme/app', 'docker.io/acme/app'],
    ['registry-1.docker.io/acme/app', 'docker.io/acme/app'],
    ['hub.docker.com/acme/app', 'docker.io/acme/app'],
    ['DOCKER.IO/acme/app', 'docker.io/acme/app'],
    ['  ghcr.io/acme/app  ', 'ghcr.io/acme/app'],
    ['ghcr.io/acme/deep/er/app', 'ghcr.io/acme/deep/er/app'],
    ['localhost/app', 'localhost/app'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app'],
    ['[::1]:5000/app', '[::1]:5000/app'],
    ['acme/a.b_c__d---e', 'docker.io/acme/a.b_c__d---e'],
    [`ghcr.io/${'a'.repeat(255)}`, `ghcr.io/${'a'.repeat(255)}`],
  ])('%s is %s', (text, formatted) => {
    expect(formatImageName(parseImageName(text))).toBe(formatted);
    expect(formatImageName(parseImageName(formatted))).toBe(formatted);
  });

  test.each([
    ['', /missing/],
    ['   ', /missing/],
    ['https://ghcr.io/acme/app', /without a scheme/],
    ['ghcr.io/acme/app:latest', /without a tag/],
    ['app:latest', /without a tag/],
    [`ghcr.io/acme/app@sha256:${'a'.repeat(64)}`, /without a digest/],
    ['ghcr.io/Acme/app', /upper-case/],
    ['ghcr.io/', /not an OCI repository name/],
    ['ghcr.io//app', /not an OCI repository name/],
    ['acme/', /not an OCI repository name/],
    ['acme/-app', /not an OCI repository name/],
    ['acme/app-', /not an OCI repository name/],
    ['acme/a..b', /not an OCI repository name/],
    ['acme/a___b', /not an OCI repository name/],
    ['acme/../app', /not an OCI repository name/],
    ['acme/app\n', null],
    ['acme/ä', /not an OCI repository name/],
    ['bad_host.io/app', /not a registry host/],
    ['host.io:123456/app', /not a registry host/],
    [`ghcr.io/${'a'.repeat(256)}`, /255/],
    [`ghcr.io/${'a'.repeat(512)}`, /512/],
  ])('%j is refused, or trimmed to what is meant', (text, message) => {
    if (message === null) expect(parseImageName(text)).toEqual(parseImageName(text.trim()));
    else {
      expect(() => parseImageName(text)).toThrow(InvalidReference);
      expect(() => parseImageName(text)).toThrow(message);
    }
  });

  test("of a registry's own event is not trimmed", () => {
    expect(() => imageName('docker.io', 'acme/app\n')).toThrow(InvalidReference);
    expect(() => imageName('Docker.io', 'acme/app')).toThrow(InvalidReference);
    expect(imageName('hub.docker.com', 'nginx')).toEqual({ registry: 'docker.io', path: 'library/nginx' });
  });

  test.each([`${'a'.repeat(60_000)}!`, `${'a-'.repeat(30_000)}`, `a${'__'.repeat(30_000)}`])(
    'of great length is refused quickly',
    (text) => {
      const started = performance.now();
      expect(() => imageName('ghcr.io', text)).toThrow(InvalidReference);
      expect(performance.now() - started).toBeLessThan(200);
    },
  );
});

describe('a tag', () => {
  test.each(['latest', '1.2.3', 'V1', '_x', '0', 'a-b.c_d', 'x'.repeat(128)])('%s is one', (text) => {
    expect(isTag(text)).toBe(true);
  });

  test.each(['', '.a', '-a', 'a b', 'a/b', 'a:b', 'ä', 'a\n', 'x'.repeat(129), `sha256:${'a'.repeat(64)}`])(
    '%j is none',
    (text) => {
      expect(isTag(text)).toBe(false);
    },
  );
});
