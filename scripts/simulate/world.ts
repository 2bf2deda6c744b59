import type { LocalSettings } from '../local-settings.ts';
import { OidcDouble } from './world/oidc.ts';
import { RegistryDouble } from './world/registry.ts';
import { SlackDouble } from './world/slack.ts';

/** Everybody else's servers. */
export interface World {
  /** Stands for Docker Hub, GHCR and a private Harbor at once: their paths do not meet. */
  readonly registry: RegistryDouble;
  readonly slack: SlackDouble;
  /** Stands for GitHub Actions' token issuer. */
  readonly oidc: OidcDouble;
  close(): Promise<void>;
}

/** A registry that nobody but its owner has heard of. */
export const PRIVATE_REGISTRY = 'harbor.vantage6.example';

/** Starts them on three ports in a row from `firstPort`; 0: any free ones. */
export async function startWorld(firstPort = 0): Promise<World> {
  const port = (at: number) => (firstPort === 0 ? {} : { port: firstPort + at });
  const registry = await RegistryDouble.start({ ...port(0), referrersApi: false });
  const slack = await SlackDouble.start(port(1));
  const oidc = await OidcDouble.start(port(2));
  const close = async () => {
    await Promise.all([registry.close(), slack.close(), oidc.close()]);
  };
  return { registry, slack, oidc, close };
}

/** The settings with which an installation lives in this world. */
export function settingsFor({ registry, slack, oidc }: World): LocalSettings {
  const hosts = ['docker.io', 'ghcr.io', PRIVATE_REGISTRY];
  return {
    REGISTRIES: JSON.stringify(Object.fromEntries(hosts.map((host) => [host, { url: registry.url }]))),
    SLACK_API_URL: slack.apiUrl,
    SLACK_WEBHOOK_HOSTS: new URL(slack.url).host,
    OIDC_ISSUERS: JSON.stringify([{ issuer: oidc.issuer, kind: 'github', jwksUrl: oidc.jwksUrl }]),
    // Nobody's attestations are looked up at the real GitHub: the registry's root answers 404.
    GITHUB_API_URL: registry.url,
  };
}
