import { describe, expect, it } from 'vitest';
import type { AlertFacts } from '../../../src/domain/alert.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { blocksLength, type SlackMessage } from '../../../src/notify/slack-blocks.ts';
import { slackMessage, slackParentMessage } from '../../../src/notify/slack-message.ts';
import type { NotificationContent } from '../../../src/usecases/ports.ts';
import {
  alertFacts,
  CLAIMS,
  FINDINGS,
  HEALTH_FACTS,
  notificationOf,
  PUSHED_AT,
  ROGUE,
  SAFE,
} from '../../fixtures/notifications.ts';
import { slackViolations } from '../../fixtures/slack-limits.ts';

const PARENT = { channel: 'C1', ts: '1.2' };
const body = (message: SlackMessage | null): string => JSON.stringify(message?.blocks ?? []);
const opened = (changes: Partial<AlertFacts> = {}): SlackMessage =>
  slackMessage(notificationOf({ kind: 'opened', alert: alertFacts(changes) }));

describe('an alert that opens', () => {
  it('says what happened, what is safe, what to do and why, in that order', () => {
    const message = opened();
    const text = body(message);
    const order = [
      '🛑 Rogue push: kubernetes-ingress-controller 3.4.0',
      '`docker.io/kong/kubernetes-ingress-controller:3.4.0` was overwritten by `kong-release`, <!date^1734922961^',
      'The registry confirmed it, <!date^1734922962^',
      '*Safe digest* (last trusted)',
      '*Do now*',
      'https://app.docker.com/settings/personal-access-tokens',
      '*Expect*',
      `crane tag docker.io/kong/kubernetes-ingress-controller@${SAFE} 3.4.0`,
      '*Why*',
      '*A release tag was moved.*',
      `*Before* \`${SAFE}\` (the safe digest)`,
      `*Now* \`${ROGUE}\``,
      'See evidence',
      'Alert `A-147`',
      'Event `alert-147-opened`',
    ].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(slackViolations(message)).toEqual([]);
  });

  it('says enough on a lock screen', () => {
    expect(opened().text).toBe(
      `ROGUE: docker.io/kong/kubernetes-ingress-controller:3.4.0 was overwritten by kong-release. A release tag was moved. Safe digest ${SAFE}`,
    );
  });

  it('has no button that would ask us something back', () => {
    const buttons = opened().blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    expect(buttons.map((button) => ('text' in button ? button.text.text : ''))).toEqual([
      'See evidence',
      'Revoke at Docker Hub',
    ]);
    for (const button of buttons) expect(button).toMatchObject({ url: expect.stringMatching(/^https:/) });
  });

  it('has buttons where its app tells us of them: they carry ids, and only the first one is the main one', () => {
    const notification = { ...notificationOf({ kind: 'opened', alert: alertFacts() }), interactive: true };
    const elements = slackMessage(notification).blocks.flatMap((b) => (b.type === 'actions' ? b.elements : []));
    expect(elements.map((element) => [element.action_id, 'value' in element ? element.value : null])).toEqual([
      ['alert.acknowledge', 'A-147'],
      ['alert.expected', 'A-147/2/1'],
      ['alert.snooze', null],
      ['open.0', null],
      ['open.1', null],
    ]);
    expect(elements.filter((element) => 'style' in element)).toHaveLength(1);
    expect(JSON.stringify(elements)).not.toContain(ROGUE);
  });

  it.each([
    ['untrusted-signer', []],
    ['forged-delivery', []],
    ['unexpected-pusher', ['alert.expected']],
  ] as const)('about %s has these buttons that may change a policy: %j', (code, expected) => {
    const findings = FINDINGS.filter((finding) => finding.code === code);
    const notification = { ...notificationOf({ kind: 'opened', alert: alertFacts({ findings }) }), interactive: true };
    const ids = slackMessage(notification).blocks.flatMap((block) =>
      block.type === 'actions' ? block.elements.map((element) => element.action_id) : [],
    );
    expect(ids.filter((id) => id === 'alert.expected')).toEqual(expected);
  });

  it('guesses no digest', () => {
    const message = opened({ safe: null });
    expect(body(message)).toContain('We know no trusted digest for this tag');
    expect(message.text).toContain('We know no trusted digest for this tag');
    expect(body(message)).not.toContain('crane tag');
  });

  it('says when the safe digest was only found and not trusted', () => {
    expect(body(opened({ safe: { digest: SAFE, how: 'baseline' } }))).toContain(
      'as found when Pushwarden started watching',
    );
  });

  it('says when the registry has not confirmed it, or told no digest', () => {
    const text = body(opened({ confirmedAt: null, digest: null }));
    expect(text).toContain('Not confirmed by the registry yet');
    expect(text).toContain('has not told us yet');
    expect(body(opened())).not.toContain('Not confirmed');
  });

  it('says when the registry names no account', () => {
    expect(body(opened({ pusher: null }))).toContain('The account is not named.');
  });

  // Four long explanations are too much for the whole message, five for their section.
  it.each([4, 5])('with %i long explanations drops them, and never the safe digest or the commands', (count) => {
    const image = `docker.io/${'a'.repeat(255)}`;
    const tags = Array.from({ length: 60 }, (_, index) => 'v'.repeat(126) + index);
    const name = 'n'.repeat(5000);
    const claims = { ...CLAIMS, repository: name, runUrl: name };
    const mismatch: Finding = { code: 'ci-mismatch', found: { kind: 'workflow', claims } };
    const findings = Array.from({ length: count }, () => mismatch);
    const alert = alertFacts({ image, tags, pusher: { name, id: null }, findings });
    const link = `https://${`${'p'.repeat(60)}.`.repeat(3)}example.org/alerts/A-147`;
    const message = slackMessage(notificationOf({ kind: 'opened', alert }, { link }));
    const text = body(message);
    expect(blocksLength(message.blocks)).toBeLessThan(9000);
    expect(text.split('• *Another CI run than the one you named*')).toHaveLength(count + 1);
    expect(text).toContain(`*Safe digest*`);
    expect(text).toContain(`crane tag ${image}@${SAFE} ${tags[0]}`);
  });

  it('does not restore a tag that is at the safe digest', () => {
    const text = body(opened({ digest: SAFE, previous: SAFE }));
    expect(text).toContain('Nothing to restore');
    expect(text).not.toContain('crane tag');
  });

  it('about a manifest without a tag says so', () => {
    const text = body(opened({ tags: [], safe: null }));
    expect(text).toContain('received a push without a tag');
    expect(text).not.toContain('crane tag');
  });

  it('tells where the tokens of each registry are', () => {
    expect(body(opened({ image: 'ghcr.io/org/app' }))).toContain('https://github.com/settings/tokens');
    expect(body(opened({ image: 'registry.lab.example/app' }))).toContain('where `registry.lab.example` keeps its');
  });

  it('lists 20 tags and counts the rest', () => {
    const tags = Array.from({ length: 63 }, (_, index) => `v1.${index}`);
    const text = body(opened({ tags }));
    expect(text).toContain('`v1.19` and 43 more');
    expect(text).not.toContain('`v1.20`');
    expect(text).toContain('for `v1.0`, not for the other tags');
  });

  it('about a forged delivery puts no image at risk and restores nothing', () => {
    const message = opened({ findings: [{ code: 'forged-delivery' }], confirmedAt: null, digest: ROGUE });
    expect(body(message)).toContain('No image is at risk');
    expect(message.text).toContain('no image is at risk');
    expect(body(message)).not.toMatch(/crane|\*Restore\*|Safe digest|Rogue push/);
    expect(slackViolations(message)).toEqual([]);
  });

  it('about what the registry had and lost is no forgery', () => {
    const text = body(opened({ findings: [{ code: 'forged-delivery' }] }));
    expect(text).toContain('Rogue push');
    expect(text).not.toContain('No image is at risk');
  });
});

describe('later edges of an alert', () => {
  const alert = alertFacts();
  const worsened: NotificationContent = { kind: 'worsened', alert, newFindings: ['no-ci-run'], newTags: ['latest'] };

  it('worsen with what is new, and begin with the alert where nothing can be threaded', () => {
    const message = slackMessage(notificationOf(worsened));
    expect(message.text).toMatch(/^A-147: WORSE: /);
    expect(body(message)).toContain('*A-147* · 🛑 *Worse:* No CI run made this; also at `latest`.');
    expect(body(message)).not.toContain('A release tag was moved');
    expect(body(slackMessage(notificationOf(worsened, { parent: PARENT })))).not.toContain('*A-147* · ');
  });

  it('update the first message to the present state', () => {
    const parent = slackParentMessage(notificationOf(worsened, { parent: PARENT }));
    expect(body(parent)).toContain('🛑 Rogue push');
    expect(body(parent)).toContain('*Worse:* No CI run made this');
    expect(body(parent)).toContain('crane tag');
  });

  it('show who has it, with the safe digest still there', () => {
    const content: NotificationContent = { kind: 'acknowledged', alert, by: 'm.lopez', at: PUSHED_AT };
    const parent = slackParentMessage(notificationOf(content, { parent: PARENT }));
    expect(body(parent)).toContain('✋ *`m.lopez` is on it*');
    expect(body(parent)).toContain(SAFE);
    expect(body(slackMessage(notificationOf(content)))).toContain('*A-147* · ✋');
  });

  it.each([
    ['cleared', '✅ *Cleared:*', 'is trusted'],
    ['expected', '✅ *Expected:*', 'was yours'],
    ['incident', '📁 *Closed as an incident:*', 'was not yours'],
  ] as const)('close as %s, in two lines', (resolution, mark, words) => {
    const at = { openedAt: PUSHED_AT, closedAt: PUSHED_AT + 6e5 };
    const content: NotificationContent = {
      kind: 'closed',
      alert,
      resolution,
      by: 'ana',
      reason: 'our <b> build',
      ...at,
    };
    const message = slackMessage(notificationOf(content, { parent: PARENT }));
    expect(body(message)).toContain(mark);
    expect(body(message)).toContain('Closed by `ana`: our &lt;b&gt; build');
    expect(message.text).toContain(words);
    const parent = slackParentMessage(notificationOf(content, { parent: PARENT }));
    expect(parent?.blocks.map((block) => block.type)).toEqual(['section', 'context']);
    expect(body(parent)).not.toContain('crane tag');
  });

  it('say that late evidence cleared it', () => {
    const at = { openedAt: PUSHED_AT, closedAt: PUSHED_AT + 6e5 };
    const content: NotificationContent = {
      kind: 'closed',
      alert,
      resolution: 'cleared',
      by: null,
      reason: null,
      ...at,
    };
    expect(body(slackMessage(notificationOf(content)))).toContain('Late evidence answered every finding.');
  });
});

describe('messages about ourselves', () => {
  const contents: NotificationContent[] = [
    ...HEALTH_FACTS.map((fact) => ({ kind: 'health-opened', fact, at: PUSHED_AT }) as const),
    ...HEALTH_FACTS.map((fact) => ({ kind: 'health-closed', fact, openedAt: PUSHED_AT, at: PUSHED_AT + 1 }) as const),
    {
      kind: 'undetermined',
      image: 'ghcr.io/kong/gateway',
      tag: '1.4.1',
      digest: ROGUE,
      push: '3-9',
      pusher: 'bot',
      pushedAt: PUSHED_AT,
      wants: ['signature', 'digest'],
      reasons: ['referrers-api: HTTP 429'],
    },
  ];

  it.each(contents.map((content) => [content.kind, content] as const))(
    '%s never looks like an attack',
    (_, content) => {
      const message = slackMessage(notificationOf(content, { alertId: null }));
      expect(message.text).toMatch(/^(🙈|❔) .*About Pushwarden itself/);
      expect(body(message)).toContain('About Pushwarden itself');
      expect(`${message.text}${body(message)}`).not.toMatch(/🛑|ROGUE|Safe digest|crane/);
      expect(message.blocks[0]?.type).toBe('section');
      expect(slackViolations(message)).toEqual([]);
      expect(slackParentMessage(notificationOf(content, { parent: PARENT }))).toBeNull();
    },
  );

  it('say that not knowing is not the same as unsigned', () => {
    const content = contents.at(-1);
    if (content === undefined) throw new Error('no content');
    expect(body(slackMessage(notificationOf(content)))).toContain('That is not the same as unsigned.');
  });

  it('do not deny an attack that they know nothing of', () => {
    const fact = { kind: 'unwatched-image', image: 'docker.io/kong/evil', pusher: null } as const;
    const message = slackMessage(notificationOf({ kind: 'health-opened', fact, at: PUSHED_AT }));
    expect(body(message)).not.toContain('not an attack');
  });

  it('mark a test as a test', () => {
    const content: NotificationContent = { kind: 'test', image: 'docker.io/kong/deck', by: '<!here>', at: PUSHED_AT };
    const message = slackMessage(notificationOf(content, { alertId: null }));
    expect(message.text).toMatch(/^🧪 TEST: nothing happened/);
    expect(message.blocks[0]).toMatchObject({ text: { text: '🧪 Test alert: nothing happened' } });
    expect(slackViolations(message)).toEqual([]);
  });
});
