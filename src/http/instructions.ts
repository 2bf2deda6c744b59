import type { Provider } from '../store/repositories.ts';

/** How to set the webhook up at its registry, step by step; `path` is the repository's. */
export function instructions(provider: Provider, path: string, url: string): string[] {
  switch (provider) {
    case 'dockerhub':
      return [
        `Open https://hub.docker.com/repository/docker/${path}/webhooks (as an owner or editor).`,
        'Webhook name: pushwarden.',
        `Webhook URL: ${url}`,
        'Save. The URL is the secret: Docker Hub signs nothing, so whoever knows it can post to it. Do not publish it.',
      ];
    case 'github':
      return [
        `Open https://github.com/organizations/${path.split('/')[0]}/settings/hooks/new (or Settings, Webhooks of the repository the package is linked to).`,
        `Payload URL: ${url}`,
        'Content type: application/json.',
        'Secret: the secret of this answer. It is shown once.',
        'Let me select individual events: Packages, Registry packages, Meta (it tells us if this webhook is deleted); nothing else but, if you like, Workflow runs: they show which jobs ran when. A policy with ci.concurrentRuns accept needs them, from every organization or repository whose runs it names.',
        'Add webhook. GitHub sends a ping; its delivery then shows 202.',
      ];
    case 'distribution':
      return [
        'Add this to the configuration of the registry (config.yml), under notifications, and restart it:',
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
        ].join('\n'),
        'To keep the secret out of access logs, cut it from the end of the URL and send it as headers: { Authorization: [Bearer SECRET] }.',
      ];
  }
}
