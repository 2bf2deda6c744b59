const LONGEST = 1000;

/**
 * Where to go after signing in: a path of this installation, or `/`. Anything that a browser may read as another host
 * (`//evil`, `/\evil`, with tabs or line breaks in between, or encoded and decoded once more on the way) is none.
 * @see https://url.spec.whatwg.org/#relative-slash-state
 */
export function localPath(given: string | null | undefined): string {
  if (given === null || given === undefined || given.length > LONGEST) return '/';
  // Only what our own links consist of: no backslash, no control characters, no scheme, no user or port.
  if (!/^\/(?![/\\])[A-Za-z0-9/_.~:@!$&'()*+,;=?%-]*$/.test(given)) return '/';
  let decoded: string;
  try {
    decoded = decodeURIComponent(given);
  } catch {
    return '/';
  }
  if (/^\/[/\\]|[\\\p{Cc}]/u.test(decoded)) return '/';
  // What a browser would make of it. Dots are resolved by now: `/.//evil` has become `//evil`, `/./%2fevil` `/%2fevil`.
  const { origin, pathname, search } = new URL(given, 'https://here.invalid');
  const isElsewhere = origin !== 'https://here.invalid' || decodeURIComponent(pathname).startsWith('//');
  if (isElsewhere || pathname.startsWith('/signin')) return '/';
  return `${pathname}${search}`;
}
