import type { WebhookOrigin } from '../domain/evidence.ts';

/** A step of setting a webhook up at its registry: a sentence around what one opens, or puts in. */
export interface WebhookStep {
  readonly text: string;
  readonly link?: string;
  /** To be put in as it is. */
  readonly copy?: { readonly what: string; readonly text: string };
  /** The rest of the sentence. */
  readonly rest?: string;
}

/**
 * How to set the webhook up, in order.
 *
 * @param path the repository's: `org/app`
 * @param url holds the secret, but for GitHub
 * @param secret GitHub's; `null` where it is shown in another place
 */
export function webhookSteps(
  provider: WebhookOrigin,
  path: string,
  url: string,
  secret: string | null,
): readonly WebhookStep[] {
  switch (provider) {
    case 'dockerhub':
      return [
        {
          text: 'Open',
          link: `https://hub.docker.com/repository/docker/${path}/webhooks`,
          rest: '(as an owner or editor).',
        },
        { text: 'Webhook name: pushwarden.' },
        { text: 'Webhook URL:', copy: { what: 'the webhook URL', text: url } },
        {
          text: 'Save. The URL is the secret: Docker Hub signs nothing, so whoever knows it can post to it. Do not publish it.',
        },
      ];
    case 'github':
      return [
        {
          text: 'Open',
          link: `https://github.com/organizations/${path.split('/')[0]}/settings/hooks/new`,
          rest: '(or Settings, Webhooks of the repository the package is linked to).',
        },
        { text: 'Payload URL:', copy: { what: 'the payload URL', text: url } },
        { text: 'Content type: application/json.' },
        secret === null
          ? { text: 'Secret: the secret of this answer. It is shown once.' }
          : { text: 'Secret:', copy: { what: 'the secret', text: secret } },
        {
          text: 'Let me select individual events: Packages, Registry packages, Meta (it tells us if this webhook is deleted); nothing else but, if you like, Workflow runs: they show which jobs ran when. A policy with ci.concurrentRuns accept needs them, from every organization or repository whose runs it names.',
        },
        { text: 'Add webhook. GitHub sends a ping; its delivery then shows 202.' },
      ];
    case 'distribution':
      return [
        {
          text: 'Add this to the configuration of the registry (config.yml), under notifications, and restart it:',
          copy: { what: 'the configuration', text: notifications(url) },
        },
        {
          text: 'To keep the secret out of access logs, cut it from the end of the URL and send it as headers: { Authorization: [Bearer SECRET] }.',
        },
      ];
  }
}

const notifications = (url: string): string =>
  [
    'notifications:',
    '  endpoints:',
    '    - name: pushwarden',
    `      url: ${url}`,
    '      timeout: 5s',
    '      threshold: 3',
    '      backoff: 5s',
    '      ignore:',
    '        mediatypes: [application/octet-stream]',
    '        actions: [pull, mount]',
  ].join('\n');

/** The same as plain text, a step each; what has lines of its own follows its step. */
export function instructions(provider: WebhookOrigin, path: string, url: string): string[] {
  return webhookSteps(provider, path, url, null).flatMap(({ text, link, copy, rest }) => {
    const isBlock = copy?.text.includes('\n') === true;
    const words = [text, link, isBlock ? undefined : copy?.text, rest].filter((part) => part !== undefined);
    return isBlock ? [words.join(' '), copy.text] : [words.join(' ')];
  });
}
