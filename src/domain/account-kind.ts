import type { CredentialKind } from './credential.ts';
import type { WebhookOrigin } from './evidence.ts';

/** The kind of credential that a webhook's account is. */
export function accountKind(origin: WebhookOrigin): CredentialKind {
  switch (origin) {
    case 'dockerhub':
      return 'dockerhub-account';
    case 'github':
      return 'github-sender';
    case 'distribution':
      return 'distribution-actor';
  }
}
