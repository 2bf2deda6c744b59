import { notHere, type PageInput, type PageRoute } from '../page.ts';
import { param } from './address.ts';
import { deliveriesPage } from './deliveries.tsx';
import { listPage } from './list.tsx';
import { policyPage } from './policy.tsx';
import { pushesPage } from './pushes.tsx';
import { tagPage } from './tag.tsx';

/** A path of a registry may have any words in it: what is shown of an image stands in the query. */
function imagePage(input: PageInput): Promise<Response> {
  const { c } = input;
  const tag = param(c, 'tag');
  if (tag !== null) return tagPage(input, tag);
  switch (param(c, 'view')) {
    case null:
      return pushesPage(input);
    case 'policy':
      return policyPage(input);
    case 'deliveries':
      return deliveriesPage(input);
    default:
      throw notHere();
  }
}

export const repositoryPages: readonly PageRoute[] = [
  { method: 'get', path: '/repositories', right: 'see', run: listPage },
  { method: 'get', path: '/r/:registry/:repository{.+}', right: 'see', run: async (input) => imagePage(input) },
];
