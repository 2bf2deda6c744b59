import type { BlastRadius, ReportWriter } from '../usecases/blast-radius-report.ts';
import { cursorText } from './blast-radius-views.ts';
import type { ReportFormat } from './report-format.ts';

const FILES = {
  csv: { type: 'text/csv', suffix: 'csv' },
  markdown: { type: 'text/markdown', suffix: 'md' },
} as const;

/**
 * A report as a file. What is on the next page, a header says as the file itself does.
 * @param address where this installation answers
 * @param again the address of the same report, without its query
 * @param more of the query, besides span and cursor
 */
export function reportFile(
  report: BlastRadius,
  format: Exclude<ReportFormat, 'json'>,
  writer: ReportWriter,
  {
    address,
    again,
    more = {},
  }: { readonly address: string; readonly again: string; readonly more?: Readonly<Record<string, string>> },
): Response {
  const { credential, span, next } = report;
  const { type, suffix } = FILES[format];
  const headers = new Headers({
    'content-type': `${type}; charset=utf-8`,
    'content-disposition': `attachment; filename="blast-radius-C-${credential.id}.${suffix}"`,
  });
  if (next !== null) {
    const cursor = cursorText(next);
    const [from, to] = [span.from, span.to].map((at) => new Date(at).toISOString());
    headers.set('pushwarden-next-cursor', cursor);
    headers.set(
      'link',
      `<${again}?${new URLSearchParams({ from: from ?? '', to: to ?? '', ...more, cursor })}>; rel="next"`,
    );
  }
  return new Response(format === 'csv' ? writer.csv(report) : writer.markdown(report, address), { headers });
}
