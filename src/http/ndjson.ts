/** A page of lines, as `application/x-ndjson`. */
export interface Lines {
  /** Each made by `line`. */
  readonly lines: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Line ends to some readers though not to JSON, which writes them inside strings as they are. */
const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** A value as JSON on one line, whatever names are in it. */
export function line(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    OTHER_LINE_ENDS,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As many of the lines as make at most so many bytes, and at least one. */
export function upTo(lines: readonly string[], maxBytes: number): readonly string[] {
  let left = maxBytes;
  const end = lines.findIndex((each, n) => {
    left -= new TextEncoder().encode(each).byteLength + 1;
    return left < 0 && n > 0;
  });
  return end < 0 ? lines : lines.slice(0, end);
}

export function ndjsonResponse({ lines, headers }: Lines): Response {
  const body = lines.map((each) => `${each}\n`).join('');
  return new Response(body, {
    headers: { ...headers, 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' },
  });
}
