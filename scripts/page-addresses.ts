/** What an installation has, by which pages about it are addressed. */
export interface Shown {
  /** `A-1` */
  readonly alert: string;
  /** `docker.io/org/app` */
  readonly image: string;
  /** Of that image, by its number. */
  readonly repository: number;
  readonly tag: string;
  /** `sha256:…` */
  readonly digest: string;
  /** `12-345` */
  readonly push: string;
  /** `C-12` */
  readonly credential: string;
  readonly channel: number;
}

const image = ({ image: name }: Shown): string => `/r/${name}`;

/** Pages whose address says what they are about, or of which another state is worth a look. Others stand for themselves. */
const ADDRESSES: Readonly<Record<string, (shown: Shown) => readonly string[]>> = {
  '/alerts': () => ['/alerts', '/alerts?state=handled', '/alerts?state=closed', '/alerts?state=health'],
  '/alerts/:id': ({ alert }) => [`/alerts/${alert}`],
  '/alerts/:id/rule': ({ alert }) => [`/alerts/${alert}/rule`],
  '/search': ({ tag }) => ['/search', `/search?q=${encodeURIComponent(tag)}`],
  '/r/:registry/:repository{.+}': (shown) => [
    image(shown),
    `${image(shown)}?tag=${encodeURIComponent(shown.tag)}`,
    `${image(shown)}?verdict=rogue`,
  ],
  '/p/:id': ({ push }) => [`/p/${push}`],
  '/p/:id/raw': ({ push }) => [`/p/${push}/raw`],
  '/d/:digest': ({ digest }) => [`/d/${digest}`],
  '/credentials/:id': ({ credential }) => [`/credentials/${credential}`],
  '/credentials/:id/blast-radius': ({ credential }) => [`/credentials/${credential}/blast-radius`],
  '/credentials/:id/blast-radius.csv': ({ credential }) => [`/credentials/${credential}/blast-radius.csv`],
  '/credentials/:id/blast-radius.json': ({ credential }) => [`/credentials/${credential}/blast-radius.json`],
  '/credentials/:id/blast-radius.md': ({ credential }) => [`/credentials/${credential}/blast-radius.md`],
  '/welcome/:id': ({ repository }) => [`/welcome/${repository}`],
  '/settings/channels/new': () => ['/settings/channels/new', '/settings/channels/new?kind=webhook'],
  '/settings/channels/:id': ({ channel }) => [`/settings/channels/${channel}`],
};

/**
 * Addresses at which a page can be looked at.
 * @param path as the route has it
 * @throws Error for one that this table does not know: no page is forgotten
 */
export function addressesOf(path: string, shown: Shown): readonly string[] {
  const known = ADDRESSES[path];
  if (known !== undefined) return known(shown);
  if (/[:*]/.test(path)) throw new Error(`scripts/page-addresses.ts does not know where ${path} can be looked at.`);
  return [path];
}

/** What is downloaded rather than looked at. */
export const isFile = (path: string): boolean => /\.(?:csv|json|md)$|\/raw$/.test(path);

/** A name for the pictures of an address: `/alerts?state=health` is `alerts-state-health`. */
export function pictureName(path: string, address: string): string {
  const { search } = new URL(address, 'http://x');
  const fixed = path.replaceAll(/:[a-z]+(?:\{[^}]*\})?/gi, 'one');
  const name = `${fixed}${search.replace(/(q|tag)=.*/, '$1')}`.replaceAll(/[^a-z]+/gi, '-').replaceAll(/^-|-$/g, '');
  return name === '' ? 'overview' : name;
}
