import type { PushKind, PushOrigin } from '../domain/evidence.ts';
import type { Verdict, Want } from '../domain/finding.ts';
import { shortName } from './slack-text.ts';
import { wantWords } from './words.ts';

/** What a page says of a push as a whole. Plain text: whoever renders it escapes it. */

export interface PushInHeadline {
  /** `docker.io/org/app`. */
  readonly image: string;
  readonly tag: string;
  readonly kind: PushKind;
  readonly origin: PushOrigin;
  readonly verdict: Verdict | null;
  readonly wants: readonly Want[];
}

/** `1.2.0 of org/app`. */
export function pushName({ image, tag }: Pick<PushInHeadline, 'image' | 'tag'>): string {
  const path = shortName(image.slice(image.indexOf('/') + 1));
  return tag === '' ? `a manifest of ${path}` : `${shortName(tag)} of ${path}`;
}

export function pushHeadline(push: PushInHeadline): string {
  const name = pushName(push);
  switch (push.verdict) {
    case 'trusted':
      return `Nothing in your policy is against this push of ${name}`;
    case 'pending':
      return `We wait before we judge this push of ${name}`;
    case 'rogue':
      return `Your pipeline did not make this push of ${name}`;
    case 'undetermined':
      return `We could not decide about this push of ${name}`;
    case null:
      return unjudged(push, name);
  }
}

function unjudged({ kind, origin }: PushInHeadline, name: string): string {
  if (kind === 'deleted') return `${name} was deleted`;
  if (kind === 'child') return 'This is a part of an image for several platforms';
  if (kind === 'artifact') return 'This is a signature or a statement about an image';
  return origin === 'baseline' ? `${name} was there when watching began` : `This push of ${name} was not judged`;
}

/** What that means, in a sentence or two; empty where the headline says it all. */
export function pushMeaning({ verdict, wants, kind, origin }: PushInHeadline): string {
  switch (verdict) {
    case 'trusted':
      return 'Everything that the policy requires is there. That says who made it, not what is in it.';
    case 'pending':
      return `${wants.map((want) => wantWords(want).waiting).join(' ')} Most honest releases pass through this.`.trim();
    case 'undetermined':
      return wants.map((want) => wantWords(want).undetermined).join(' ');
    case 'rogue':
      return '';
    case null:
      if (kind === 'child' || kind === 'artifact')
        return 'It is never judged by itself: it belongs to the digest below.';
      return origin === 'baseline'
        ? 'Nobody judged it. It is what a tag can go back to until something newer is trusted.'
        : '';
  }
}
