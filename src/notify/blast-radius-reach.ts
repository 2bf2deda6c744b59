import type { ReachedRepository } from '../domain/credential-reach.ts';
import { formatImageName } from '../domain/reference.ts';
import type { AccountToken, BlastRadius } from '../usecases/blast-radius-report.ts';
import { REACH_WORDS } from './blast-radius-words.ts';
import { KIND_WORDS } from './credential-words.ts';
import { mdCode, mdTable } from './markdown-text.ts';
import { utcSecond } from './utc.ts';

/** What it could write, and why we think so. */
export function reachSection({ reach, tokens }: BlastRadius): string[] {
  const { mayPush, repositories, open } = reach;
  return [
    scopeWords(mayPush),
    repositories.length === 0
      ? 'No watched repository is known to be in its reach.'
      : mdTable(['Repository', 'Why', 'Seen pushing', 'Watched since'], repositories.map(cells)),
    ...(open.length === 0
      ? []
      : [
          'Granted besides. Not watched: we cannot say what was pushed there.',
          open.map(({ type, path }) => `- ${type} ${mdCode(path)}`).join('\n'),
        ]),
    ...(tokens.length === 0 ? [] : [TOKENS, tokens.map(tokenLine).join('\n')]),
  ];
}

const TOKENS =
  'Tokens of this account. Each has a report of its own; what a log says one of them pushed may stand only there.';

function scopeWords(mayPush: boolean | null): string {
  switch (mayPush) {
    case true:
      return 'It may push.';
    case false:
      return 'As its registry says now, this token has no scope that lets it push. What is listed was seen nonetheless.';
    case null:
      return 'The registry does not say whether it may push: it is taken to.';
  }
}

function cells({ image, why, seen, createdAt }: ReachedRepository): string[] {
  const uses = seen.map(
    ({ itself, pushes, possible, lastDay }) =>
      `${itself ? 'itself' : 'its account'}: ${pushes}${possible === 0 ? '' : `, possibly ${possible} more`}, last on ${new Date(lastDay).toISOString().slice(0, 10)}`,
  );
  return [
    mdCode(formatImageName(image)),
    why.map((each) => REACH_WORDS[each]).join('; '),
    uses.length === 0 ? 'never' : uses.join('; '),
    utcSecond(createdAt),
  ];
}

const tokenLine = ({ id, kind, name, usedAt, goneAt }: AccountToken): string =>
  `- C-${id}: ${KIND_WORDS[kind]} ${mdCode(name)}, last used ${usedAt === null ? 'at a time that is not known' : utcSecond(usedAt)}${goneAt === null ? '' : `, gone since ${utcSecond(goneAt)}`}`;
