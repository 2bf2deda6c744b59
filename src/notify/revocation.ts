/** Where a registry's push credentials are revoked. The addresses are ours, never from a payload. */
export interface Revocation {
  /** `Docker Hub`; the host for a registry we know no page of. */
  readonly registry: string;
  /** Empty: we know no page. */
  readonly pages: readonly { readonly label: string; readonly url: string }[];
}

export function revocationOf(image: string): Revocation {
  const host = image.split('/')[0] ?? image;
  switch (host) {
    case 'docker.io':
      return {
        registry: 'Docker Hub',
        pages: [
          { label: 'personal tokens', url: 'https://app.docker.com/settings/personal-access-tokens' },
          { label: 'organization tokens', url: 'https://app.docker.com' },
        ],
      };
    case 'ghcr.io':
      return { registry: 'GitHub', pages: [{ label: 'tokens', url: 'https://github.com/settings/tokens' }] };
    default:
      return { registry: host, pages: [] };
  }
}
