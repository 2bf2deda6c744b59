import { describe, expect, it } from 'vitest';
import type { FoundSignature } from '../../../src/domain/signature.ts';
import { WhatChanged } from '../../../src/pages/push/change.tsx';
import { EvidenceChain } from '../../../src/pages/push/evidence.tsx';
import type { PushPage } from '../../../src/store/push-page.ts';
import { claims, policy, signature } from '../domain/cases.ts';

const HOSTILE = '"><img src=x onerror=alert(1)>&<!channel>\u202E';
const NOW = 1_800_000_000_000;
const [ONE, TWO] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] as const;

const bare: PushPage['push'] = {
  repository: 1,
  seq: 2,
  image: 'docker.io/org/app',
  tag: '1.0.0',
  digest: TWO,
  kind: 'manifest',
  origin: 'dockerhub',
  receivedAt: NOW - 60_000,
  pushedAt: null,
  confirmedAt: NOW - 59_000,
  pusher: { name: 'release-bot', id: null },
  actorId: 7,
  attribution: null,
  previousDigest: ONE,
  foldedInto: null,
  verdict: 'trusted',
  findings: [],
  evidence: null,
  alertId: null,
  nextCheckAt: null,
};

const pageOf = (push: Partial<PushPage['push']> = {}, more: Partial<PushPage> = {}): PushPage => ({
  push: { ...bare, ...push },
  policy: policy({}),
  deliveries: [],
  alert: null,
  tag: null,
  previous: null,
  next: null,
  sameDigest: [],
  credentials: [],
  announcements: [],
  comparison: null,
  ...more,
});

const kept = (
  found: Partial<FoundSignature>,
  ci: { how: 'concurrent' | 'announced'; run: string | null } | null = null,
) => ({
  history: null,
  readBack: 'present',
  announcement: 1,
  ci,
  signatures: {
    places: [{ place: 'referrers-api', state: 'unavailable', detail: HOSTILE, image: HOSTILE } as const],
    found: [signature({ logIndex: '42', trustedRoot: 'public-good', ...found })],
    children: [],
    indexes: [],
    runs: [{ runUrl: `javascript:${HOSTILE}`, state: 'mismatch', reason: HOSTILE, claims: null } as const],
    trust: '',
    roots: [],
  },
  wants: [],
});

const chain = (page: PushPage): string => String(<EvidenceChain page={page} now={NOW} />);
const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');

describe('the chain of evidence', () => {
  it('goes from the delivery to the verdict, and says of each link whether the attacker could have written it', () => {
    const html = chain(pageOf());
    const questions = [...html.matchAll(/<h3>([^<]+)/g)].map(([, question]) => question);
    expect(questions).toEqual([
      'How did we hear of it?',
      'What does the tag point at?',
      'Who pushed it, with what?',
      'Is it signed, and by whom?',
      'Did your CI make it?',
      'So, what do we make of it?',
    ]);
    expect(html.match(/Could the attacker have written it\?/g)).toHaveLength(5);
  });

  it('has no name of a stranger that is more than text, and no address that is more than a web page', () => {
    const page = pageOf(
      {
        tag: HOSTILE,
        pusher: { name: HOSTILE, id: HOSTILE },
        evidence: kept(
          {
            reason: HOSTILE,
            problem: 'bad-signature',
            state: 'invalid',
            signer: {
              kind: 'keyless',
              oidcIssuer: HOSTILE,
              subject: HOSTILE,
              certificate: { runInvocationUri: `javascript:${HOSTILE}` } as never,
            },
          },
          { how: 'concurrent', run: `http://evil.example/${HOSTILE}` },
        ),
      },
      {
        credentials: [{ id: 7, kind: 'dockerhub-pat', name: HOSTILE, account: HOSTILE, mark: 'none' }],
        announcements: [
          {
            id: 1,
            source: 'ci',
            phase: 'pushed',
            digest: TWO,
            tags: [],
            allowed: true,
            run: 'x',
            at: NOW,
            expiresAt: NOW,
            closedAt: null,
            claims: { ...claims, repository: HOSTILE, workflow: HOSTILE },
          },
        ],
      },
    );
    const html = chain(page);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<!channel');
    expect(html.match(/&lt;img/g)?.length).toBeGreaterThanOrEqual(12);
    expect([...html.matchAll(/<a href="([^"]*)"/g)].map(([, address]) => address)).toEqual([
      '/credentials/C-7',
      'https://search.sigstore.dev/?logIndex=42',
    ]);
  });

  it('calls a run in progress weak, and what is announced strong', () => {
    expect(textOf(chain(pageOf({ evidence: kept({}, { how: 'concurrent', run: null }) })))).toContain('Worth weak');
    expect(textOf(chain(pageOf({ evidence: kept({}, { how: 'announced', run: 'https://ci.example/1' }) })))).toContain(
      'Worth strong',
    );
  });

  it('links an entry of the public log only', () => {
    expect(chain(pageOf({ evidence: kept({ trustedRoot: 'github' }) }))).not.toContain('search.sigstore.dev');
  });

  it('never tells a place that did not answer as unsigned', () => {
    const text = textOf(
      chain(
        pageOf({
          verdict: 'undetermined',
          evidence: kept({ state: 'unavailable', problem: 'unreadable', signer: null }),
        }),
      ),
    );
    expect(text).toContain('That is not the same as unsigned');
    expect(text).not.toContain('none has a signature');
  });

  const uses = [7, 8].map((credential) => ({ credential, usedBefore: null, newCreator: false }));
  it.each([
    ['named', { strength: 'named', by: 'audit-log', account: 'bot', uses: uses.slice(0, 1) }, 'Named'],
    ['deduced', { strength: 'deduced', by: 'token-list', account: null, uses: uses.slice(0, 1) }, 'Deduced'],
    ['ambiguous', { strength: 'ambiguous', by: 'token-list', account: null, uses }, 'Ambiguous'],
    ['unknown', null, 'Unknown'],
  ] as const)('says that a token is %s', (strength, attribution, word) => {
    const credentials = uses.map(
      ({ credential: id }) =>
        ({ id, kind: 'dockerhub-pat', name: `token-${id}`, account: 'bot', mark: 'none' }) as const,
    );
    const text = textOf(chain(pageOf({ attribution }, { credentials })));
    expect(text).toContain(`How surely ${word}`);
    expect(text.includes('token-8')).toBe(strength === 'ambiguous');
  });
});

describe('what changed', () => {
  it('is made of what strangers wrote, as text on one line', () => {
    const layers = [{ digest: null, size: 1 }];
    const image = (word: string, odd: string[]) =>
      ({
        kind: 'image',
        configDigest: null,
        config: {
          state: 'present',
          value: {
            entrypoint: [word],
            cmd: [],
            healthcheck: [],
            onBuild: [],
            env: [word],
            exposedPorts: [word],
            volumes: [],
            labels: [word],
            user: word,
            workingDir: word,
            platform: word,
            created: word,
            cut: ['env'],
            spelling: { oddKeys: odd, repeats: false },
          },
        },
        layers,
        layerCount: 1,
        size: 1,
        spelling: { oddKeys: odd, repeats: true },
      }) as const;
    const contents = new Map([
      [ONE, { state: 'present', contents: image('x', []), readAt: 1 } as const],
      [TWO, { state: 'present', contents: image(HOSTILE, [HOSTILE]), readAt: 1 } as const],
    ]);
    const against = { seq: 1, digest: ONE, verdict: 'trusted', receivedAt: 1, back: 1 } as const;
    const html = String(
      <WhatChanged comparison={{ digest: TWO, against, contents }} tag={HOSTILE} now={NOW} ask={null} />,
    );
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<!channel');
    expect(html.match(/&lt;img/g)?.length).toBeGreaterThanOrEqual(8);
    // The tag is the page's own to isolate; what the image says is made visible.
    expect(html.split('</h2>')[1]).not.toContain('\u202E');
    expect(html).toContain('Oddly written.');
  });
});
