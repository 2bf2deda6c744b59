import type { JSX } from 'hono/jsx/jsx-runtime';
import { type Digest as DigestText, digestHex } from '../../domain/digest.ts';
import { Icon } from './icon.tsx';

interface Props {
  readonly digest: DigestText;
  /** With `sha256:` in front. */
  readonly prefix?: boolean;
  /** Only where one must act. */
  readonly copy?: string;
}

/** All 71 characters are in the page and one click selects them; the style sheet hides the middle. */
export function Digest({ digest, prefix = false, copy }: Props): JSX.Element {
  const hex = digestHex(digest);
  const code = (
    <code class="dg">
      {prefix ? <span class="al">sha256:</span> : <span class="vh">sha256:</span>}
      {hex.slice(0, 8)}
      <span class="mid" aria-hidden="true">
        {hex.slice(8, -6)}
      </span>
      {hex.slice(-6)}
    </code>
  );
  if (copy === undefined) return code;
  return (
    <>
      {code} <Copy text={digest} label={copy} />
    </>
  );
}

/** Where the whole of it is a click away: eight digits tell the digests of a list apart. */
export const ShortDigest = ({ digest }: { readonly digest: DigestText }): JSX.Element => (
  <code class="sd">{digestHex(digest).slice(0, 8)}</code>
);

/** A button for the script: without it, it stays hidden. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return (
    <button type="button" class="copy" hidden data-copy={text} aria-label={label}>
      <Icon name="copy" />
      <span>Copy</span>
    </button>
  );
}
