import type { Digest } from '../domain/digest.ts';

/** Where things have their page. Names are other people's: whatever is in them stays one segment or one value. */

const segments = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** @param image `docker.io/org/app`, as it is watched */
export const repositoryAddress = (image: string): string => `/r/${segments(image).replaceAll('%3A', ':')}`;

export const tagAddress = (image: string, tag: string): string =>
  `${repositoryAddress(image)}?tag=${encodeURIComponent(tag)}`;

export const pushAddress = ({ repository, seq }: { readonly repository: number; readonly seq: number }): string =>
  `/p/${repository}-${seq}`;

export const digestAddress = (digest: Digest): string => `/d/${digest}`;

/** @param id its number: `C-12` has 12 */
export const credentialAddress = (id: number): string => `/credentials/C-${id}`;
