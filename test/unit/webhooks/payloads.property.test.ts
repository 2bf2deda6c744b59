import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeliveryContent } from '../../../src/domain/delivery.ts';
import { isDigest } from '../../../src/domain/digest.ts';
import { imageName, isTag } from '../../../src/domain/reference.ts';
import { runUrl, type WorkflowRun } from '../../../src/domain/workflow-run.ts';
import { parseDistribution } from '../../../src/webhooks/distribution.ts';
import { parseDockerHub } from '../../../src/webhooks/dockerhub.ts';
import { parseGitHub } from '../../../src/webhooks/github.ts';
import { BODY_HASH, bytes, distributionEvent, dockerHub, gitHub, gitHubRun } from './bodies.ts';

const parsers: Record<string, (body: Uint8Array) => readonly DeliveryContent[]> = {
  'Docker Hub': (body) => [parseDockerHub(body, BODY_HASH)],
  GitHub: (body) => [parseGitHub('package', 'guid', 'application/json', body)],
  'GitHub run': (body) => [parseGitHub('workflow_run', 'guid', 'application/json', body)],
  'GitHub as a form': (body) => [parseGitHub('package', 'guid', 'application/x-www-form-urlencoded', form(body))],
  Distribution: (body) => parseDistribution(body, 'registry.example', BODY_HASH),
};

function form(body: Uint8Array): Uint8Array {
  return bytes(`payload=${encodeURIComponent(new TextDecoder().decode(body))}`);
}

/** What must hold of anything a parser returns, whatever the body. */
function holds(contents: readonly DeliveryContent[]): void {
  expect(contents.length).toBeGreaterThan(0);
  for (const content of contents) {
    if (content.kind !== 'pushes') {
      expect(content.deliveryId).not.toBe('');
      if (content.kind === 'ci-run') holdsOfRun(content.run);
      if (content.kind === 'not-understood') expect(content.problem).toMatch(/^[ -~]{1,2000}$/);
      continue;
    }
    expect(content.claims.length).toBeGreaterThan(0);
    for (const { image, tag, digest, pusher, pushedAt, deliveryId } of content.claims) {
      expect(imageName(image.registry, image.path)).toEqual(image);
      expect(tag === '' || isTag(tag)).toBe(true);
      expect(digest === null || isDigest(digest)).toBe(true);
      expect(pusher === null || (pusher.name !== '' && pusher.name.length <= 255)).toBe(true);
      expect(pushedAt === null || (Number.isSafeInteger(pushedAt) && pushedAt >= 0)).toBe(true);
      expect(deliveryId).not.toBe('');
    }
  }
}

/** Whatever a database and a link are made of. */
function holdsOfRun(run: WorkflowRun): void {
  for (const number of [run.id, run.attempt, run.createdAt, run.startedAt, run.updatedAt, Number(run.repositoryId)])
    expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
  expect(run.repositoryId).toMatch(/^[1-9]\d*$/);
  expect(run.headRepositoryId ?? '1').toMatch(/^[1-9]\d*$/);
  expect(run.completedAt === null).toBe(run.state !== 'completed');
  expect(run.server).toMatch(/^https:\/\/[a-z0-9.:-]+$/);
  for (const text of [run.repository, run.workflow, run.headBranch, run.event, run.status, run.conclusion, run.actor])
    expect((text ?? '').length).toBeLessThanOrEqual(1024);
  expect(runUrl(run) ?? run.server).toMatch(
    /^https:\/\/[a-z0-9.:-]+(\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+\/attempts\/\d+)?$/,
  );
}

const weird = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('', null, '0', -1, 1e308, 'sha256:', 'A', '..', 'a/b', '__proto__', `sha256:${'0'.repeat(64)}`),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** Every path of a JSON value. */
function pathsOf(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...at]];
  return [[...at], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...at, key]))];
}

/** The value with what stands at the path replaced. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = { ...value };
  copy[key] = replaced(copy[key], rest, by);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

const valid = [
  dockerHub,
  gitHub,
  gitHubRun,
  { events: [distributionEvent(), distributionEvent({ tag: 'b' }, { id: '2' })] },
];
const mutated = fc
  .constantFrom(...valid)
  .chain((body) =>
    fc
      .array(fc.tuple(fc.constantFrom(...pathsOf(body)), weird), { minLength: 1, maxLength: 4 })
      .map((changes) => changes.reduce<unknown>((value, [path, by]) => replaced(value, path, by), body)),
  );

describe.each(Object.entries(parsers))('the %s parser', (_, parse) => {
  test('answers any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => holds(parse(body))),
      { numRuns: 200 },
    );
  });

  test('answers any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (body) => holds(parse(bytes(body)))),
      { numRuns: 200 },
    );
  });

  test('answers mutated payloads, and claims only what follows the grammar', () => {
    fc.assert(
      fc.property(mutated, (body) => holds(parse(bytes(body)))),
      { numRuns: 500 },
    );
  });

  test('answers cut payloads', () => {
    const cut = fc.tuple(fc.constantFrom(...valid), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(cut, ([body, share]) => {
        const whole = bytes(body);
        holds(parse(whole.slice(0, Math.floor(whole.length * share))));
      }),
      { numRuns: 100 },
    );
  });
});
