import { describe, expect, it } from 'vitest';
import { restoreOf } from '../../../src/notify/restore.ts';
import { alertFacts, ROGUE, SAFE } from '../../fixtures/notifications.ts';

const LINK = 'https://pushwarden.example.org/alerts/A-147';

describe('the commands that restore a tag', () => {
  it('expect the tag at the safe digest, then point it there', () => {
    const restore = restoreOf(alertFacts(), 'A-147', LINK);
    expect(restore?.command).toBe(`crane tag docker.io/kong/kubernetes-ingress-controller@${SAFE} 3.4.0`);
    expect(restore?.expect).toContain(`-X POST 'https://pushwarden.example.org/api/v1/repositories/12/expectations'`);
    const body = /-d '(.*)'$/.exec(restore?.expect ?? '')?.[1] ?? '';
    expect(JSON.parse(body)).toEqual({ tag: '3.4.0', digest: SAFE, minutes: 30, reason: 'restore after A-147' });
  });

  it('are not given where there is nothing to go back to', () => {
    expect(restoreOf(alertFacts({ safe: null }), 'A-1', LINK)).toBeNull();
    expect(restoreOf(alertFacts({ tags: [] }), 'A-1', LINK)).toBeNull();
    expect(restoreOf(alertFacts({ digest: SAFE }), 'A-1', LINK)).toBeNull();
    expect(restoreOf(alertFacts({ digest: ROGUE }), 'A-1', LINK)).not.toBeNull();
  });

  it.each(["3.4.0'; rm -rf ~; '", '$(id)', '-x', 'a b', 'a\nb', ''])('never hold the tag %j', (tag) => {
    expect(restoreOf(alertFacts({ tags: [tag] }), 'A-1', LINK)).toBeNull();
  });

  it.each(['docker.io/a;id', 'docker.io/$(id)', 'docker.io/a b', '-x/y', `docker.io/${'a'.repeat(5000)}`])(
    'never hold the image %j',
    (image) => {
      expect(restoreOf(alertFacts({ image }), 'A-1', LINK)).toBeNull();
    },
  );

  it('do without the expectation where the installation or the repository is unknown', () => {
    expect(restoreOf(alertFacts(), 'A-1', null)?.expect).toBeNull();
    expect(restoreOf(alertFacts({ push: "1'; id" }), 'A-1', LINK)?.expect).toBeNull();
    expect(restoreOf(alertFacts(), 'A-1', 'javascript:alert(1)')?.expect).toBeNull();
    expect(restoreOf(alertFacts(), "A'; id", LINK)?.expect).not.toContain('; id');
  });
});
