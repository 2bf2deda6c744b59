import type * as z from 'zod';
import { blastRadius } from '../../usecases/blast-radius.ts';
import { blastRadiusView } from '../blast-radius-views.ts';
import { notFound, Problem } from '../problem.ts';
import { reportFile } from '../report-file.ts';
import { acceptedFormat } from '../report-format.ts';
import { type ApiRoute, documentRoute, type RouteInput } from '../route.ts';
import { blastRadiusAnswer, reportQuery } from '../schemas/blast-radius.ts';
import { credentialId, spanOf } from '../schemas/credentials.ts';
import { sightingCursor } from './credentials.ts';

type Input = RouteInput<z.output<typeof credentialId>, z.output<typeof reportQuery>, unknown>;

async function report(input: Input): Promise<z.input<typeof blastRadiusAnswer> | Response> {
  const { params, query, caller, services, now, c } = input;
  const span = spanOf(query, now);
  if (span.from > span.to) throw new Problem(400, 'from: later than to.');
  const after = sightingCursor(query.cursor);
  const asked = { teamId: caller.teamId, credential: params.id, span, after, now };
  const made = await blastRadius(services.blastRadius, asked);
  if (made === null) throw notFound();
  const format = query.format ?? acceptedFormat(c.req.header('accept'));
  if (format === 'json') return blastRadiusView(made);
  const url = new URL(c.req.url);
  return reportFile(made, format, services.reportWriter, {
    address: services.settings.publicUrl || url.origin,
    again: url.pathname,
    more: query.format === undefined ? {} : { format: query.format },
  });
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
