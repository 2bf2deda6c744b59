import type * as z from 'zod';
import { blastRadius } from '../../usecases/blast-radius.ts';
import type { BlastRadius } from '../../usecases/blast-radius-report.ts';
import { blastRadiusView, cursorText } from '../blast-radius-views.ts';
import { Problem } from '../problem.ts';
import { acceptedFormat } from '../report-format.ts';
import { type ApiRoute, documentRoute, type RouteInput } from '../route.ts';
import { blastRadiusAnswer, reportQuery } from '../schemas/blast-radius.ts';
import { credentialId, spanOf } from '../schemas/credentials.ts';
import { credentialOf, sightingCursor } from './credentials.ts';

type Input = RouteInput<z.output<typeof credentialId>, z.output<typeof reportQuery>, unknown>;

async function report(input: Input): Promise<z.input<typeof blastRadiusAnswer> | Response> {
  const { params, query, caller, services, now, c } = input;
  const credential = await credentialOf(services, caller.teamId, params.id);
  const span = spanOf(query, now);
  if (span.from > span.to) throw new Problem(400, 'from: later than to.');
  const after = sightingCursor(query.cursor);
  const made = await blastRadius(services.blastRadius, { teamId: caller.teamId, credential, span, after, now });
  const format = query.format ?? acceptedFormat(c.req.header('accept'));
  if (format === 'json') return blastRadiusView(made);
  const { markdown, csv } = services.reportWriter;
  return format === 'csv'
    ? document(input, made, { type: 'text/csv', suffix: 'csv', text: csv(made) })
    : document(input, made, {
        type: 'text/markdown',
        suffix: 'md',
        text: markdown(made, services.settings.publicUrl || new URL(c.req.url).origin),
      });
}

/** A file; what is on the next page, a header says as the file itself does. */
function document(
  { c, query }: Input,
  { credential, span, next }: BlastRadius,
  { type, suffix, text }: { readonly type: string; readonly suffix: string; readonly text: string },
): Response {
  const headers = new Headers({
    'content-type': `${type}; charset=utf-8`,
    'content-disposition': `attachment; filename="blast-radius-C-${credential.id}.${suffix}"`,
  });
  if (next !== null) {
    const cursor = cursorText(next);
    const again = new URLSearchParams({
      from: new Date(span.from).toISOString(),
      to: new Date(span.to).toISOString(),
      ...(query.format === undefined ? {} : { format: query.format }),
      cursor,
    });
    headers.set('pushwarden-next-cursor', cursor);
    headers.set('link', `<${new URL(c.req.url).pathname}?${again}>; rel="next"`);
  }
  return new Response(text, { headers });
}

export const blastRadiusRoutes: readonly ApiRoute[] = [
  documentRoute({
    method: 'get',
    path: '/credentials/:id/blast-radius',
    operationId: 'blastRadius',
    summary: 'What a credential could have pushed, what it was seen pushing, and what is not known',
    scope: 'read',
    params: credentialId,
    query: reportQuery,
    response: blastRadiusAnswer,
    otherMediaTypes: ['text/csv', 'text/markdown'],
    headers: {
      'pushwarden-next-cursor': 'Of CSV and Markdown, if there is more: `cursor` of the next page.',
      link: 'The same as an address, `rel="next"`.',
    },
    handle: report,
  }),
];
