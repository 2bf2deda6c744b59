import type { Context } from 'hono';
import { formatImageName, type ImageName, InvalidReference, imageName } from '../../domain/reference.ts';
import { repositoryAddress } from '../addresses.ts';
import { notHere, type PageEnv, PageProblem } from '../page.ts';

/** The image in an address, `/r/docker.io/org/app`, in its one spelling. @throws PageProblem 404 */
export function imageOf(c: Context<PageEnv>): ImageName {
  const { pathname } = new URL(c.req.url);
  const [, registry, path] = /^\/r\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
  if (registry === undefined || path === undefined) throw notHere();
  try {
    const image = imageName(decodeURIComponent(registry), decodeURIComponent(path));
    // A slash that was written as %2F, an alias of Docker Hub and the like are other addresses, of nothing.
    if (repositoryAddress(formatImageName(image)) === pathname) return image;
  } catch (error) {
    if (!(error instanceof InvalidReference || error instanceof URIError)) throw error;
  }
  throw notHere();
}

/** The same page with another query: names may be long, and a page has many links to itself. */
export const here = (address: string): string => address.slice(address.indexOf('?'));

/** A parameter of the address; one that a form left empty is none. */
export function param(c: Context<PageEnv>, name: string): string | null {
  const text = c.req.query(name)?.trim() ?? '';
  return text === '' ? null : text;
}

/** A cursor: a push's number. @throws PageProblem 404 */
export function cursorOf(c: Context<PageEnv>): number | null {
  const text = param(c, 'before');
  if (text === null) return null;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw notHere();
  return Number(text);
}

const DAY_MS = 86_400_000;

/** A day, UTC, as forms send it; `end`: its end. Ms since the epoch. @throws PageProblem 400 */
export function dayOf(text: string | null, end: boolean): number | null {
  if (text === null) return null;
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at)) throw new PageProblem(400, 'A day is written like 2026-11-24.');
  return at + (end ? DAY_MS : 0);
}
