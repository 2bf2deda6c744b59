export type ReportFormat = 'json' | 'csv' | 'markdown';

const BY_TYPE: ReadonlyMap<string, ReportFormat> = new Map([
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['text/markdown', 'markdown'],
]);

/**
 * The format that an `Accept` header likes best; JSON if it names none of ours.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function acceptedFormat(accept: string | undefined): ReportFormat {
  const asked = (accept ?? '').split(',', 20).flatMap((each) => {
    const [type = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const format = BY_TYPE.get(type);
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = quality === undefined ? 1 : Number(quality);
    return format === undefined || !(weight > 0) ? [] : [{ format, weight }];
  });
  return asked.sort((a, b) => b.weight - a.weight)[0]?.format ?? 'json';
}
