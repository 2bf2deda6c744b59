import { describe, expect, test } from 'vitest';
import { formatImageName, InvalidReference } from '../../../src/domain/reference.ts';
import { typedImage } from '../../../src/domain/typed-image.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('what somebody types', () => {
  test.each([
    ['org/app', 'docker.io/org/app'],
    ['nginx', 'docker.io/library/nginx'],
    [' ghcr.io/org/app ', 'ghcr.io/org/app'],
    ['org/app:1.2.3', 'docker.io/org/app'],
    [`ghcr.io/org/app@${DIGEST}`, 'ghcr.io/org/app'],
    [`ghcr.io/org/app:1@${DIGEST}`, 'ghcr.io/org/app'],
    ['localhost:5000/org/app:1', 'localhost:5000/org/app'],
    ['localhost:5000/org/app', 'localhost:5000/org/app'],
    ['docker pull ghcr.io/org/app:latest', 'ghcr.io/org/app'],
    ['https://hub.docker.com/r/org/app', 'docker.io/org/app'],
    ['https://hub.docker.com/r/org/app/tags?page=2', 'docker.io/org/app'],
    ['https://hub.docker.com/repository/docker/org/app/general', 'docker.io/org/app'],
    ['https://hub.docker.com/_/nginx', 'docker.io/library/nginx'],
  ])('%j is %s', (text, image) => expect(formatImageName(typedImage(text))).toBe(image));

  test.each([
    '',
    ':1',
    'Org/App',
    'https://ghcr.io/org/app',
    'https://evil.example/r/org/app',
    'https://hub.docker.com/r/org',
    'https://hub.docker.com/r/../..',
    'org/app/../../x',
    'org/<script>',
    'a b',
    `${'x/'.repeat(300)}y`,
    'javascript:alert(1)',
    '\u0000org/app',
  ])('%j is refused in words', (text) => expect(() => typedImage(text)).toThrow(InvalidReference));
});
