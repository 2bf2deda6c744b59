import type { BlastRadius, ReportPush } from '../usecases/blast-radius-report.ts';
import { revokeSteps } from './blast-radius-words.ts';
import { mdBlock, mdCode } from './markdown-text.ts';
import { EXPECT_MINUTES, type Restore, restoreOf } from './restore.ts';
import { utcSecond } from './utc.ts';

/** Tags whose commands are written out. */
const MOST_COMMANDS = 50;

/** What to do, in order: revoke first, or what is restored is overwritten again. */
export function toDo({ credential, toRestore: wrong }: BlastRadius, address: string): string[] {
  const gone =
    credential.goneAt === null
      ? []
      : [
          `It is not listed, or not active, since ${utcSecond(credential.goneAt)}. Nobody of yours revoked it? Do it all the same.`,
        ];
  const shown = wrong.slice(0, MOST_COMMANDS);
  const more =
    wrong.length > shown.length
      ? [`${wrong.length - shown.length} more tags are to be restored: see the table of pushes.`]
      : [];
  return [
    ...gone,
    revokeSteps(credential.kind, mdCode(credential.name))
      .map((step, n) => `${n + 1}. ${step}`)
      .join('\n'),
    ...(wrong.length === 0
      ? ['No tag is known to point at something that it pushed and that is not trusted.']
      : [
          `Then put these tags right. Expect each digest first, or the restore itself alarms (${EXPECT_MINUTES} minutes).`,
        ]),
    ...shown.flatMap((push) => restoreWords(push, address)),
    ...more,
    'Look at every push in the table that is not trusted, and tell those who may have pulled one. Whoever had this credential may have had what lay beside it: rotate that too.',
  ];
}

function restoreWords(push: ReportPush, address: string): string[] {
  const tag = mdCode(`${push.image}:${push.tag}`);
  const commands = restoreCommands(push, address);
  if (commands === null)
    return [`**${tag}**: ${push.safe === null ? noSafeWords(push) : `go back to ${mdCode(push.safe.digest)}.`}`];
  const lines = commands.expect === null ? [commands.command] : [commands.expect, commands.command];
  return [`**${tag}**: go back to ${mdCode(commands.safe)}.`, ...lines.map(mdBlock)];
}

function noSafeWords({ trustedBefore }: ReportPush): string {
  return trustedBefore === null
    ? 'we know no trusted digest for this tag. If nobody of yours made it, delete it.'
    : `the last trusted digest, ${mdCode(trustedBefore.digest)}, was pushed by this credential too: look at it before you go back to it.`;
}

function restoreCommands({ image, tag, digest, safe, key, alertId }: ReportPush, address: string): Restore | null {
  if (key === null) return null;
  const push = `${key.repository}-${key.seq}`;
  const alert = alertId === null ? null : `A-${alertId}`;
  return restoreOf({ image, tags: [tag], digest, safe, push }, alert, address === '' ? null : address);
}
