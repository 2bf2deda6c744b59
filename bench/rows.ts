import { type Cost, costOfPush, ROW_TARGETS, SIZES } from '../test/fixtures/cost-of-push.ts';
import { openLocalD1 } from '../test/fixtures/local-d1.ts';
import { databaseBytes, fillPushes } from '../test/fixtures/many-pushes.ts';
import { type WatchedProvider, watch } from '../test/fixtures/push-journey.ts';
import type { Figures } from './figures.ts';

const PROVIDERS: readonly WatchedProvider[] = ['dockerhub', 'github'];

/** What a push costs D1: rows, round trips and bytes. Exact. */
export async function measureRows(figures: Figures, quick: boolean): Promise<void> {
  const sizes = quick ? ([100, 10_000] as const) : SIZES;
  figures.note('D1: a push through webhook and check, counted by D1 itself (meta.rows_read, meta.rows_written)');
  for (const provider of PROVIDERS) {
    const { db, close } = await openLocalD1();
    try {
      await watch(db);
      await fillPushes(db, provider, sizes[0]);
      const few = await costOfPush(db, provider);
      const before = await databaseBytes(db);
      await fillPushes(db, provider, sizes[1] - sizes[0]);
      const bytes = ((await databaseBytes(db)) - before) / (sizes[1] - sizes[0]);
      const many = await costOfPush(db, provider);
      report(figures, provider, few, many);
      figures.exact(`${provider}: bytes of database per push`, bytes, 'bytes', { atMost: 340 });
    } finally {
      await close();
    }
  }
  figures.note(
    `  "growth": rows read with ${sizes[1]} pushes stored less those with ${sizes[0]}. Bytes: filled by SQL that writes what the\n` +
      '  product writes for a trusted push (push, delivery with random id, digest index, a new tag for every fourth), over 30 days.',
  );
}

function report(figures: Figures, provider: WatchedProvider, few: Cost, many: Cost): void {
  const written = ({ accept, check }: Cost): number => accept.rowsWritten + check.rowsWritten;
  figures.exact(`${provider}: rows written, first push of a tag`, written(many), 'rows', {
    atMost: ROW_TARGETS.written,
  });
  // The count of its account's uses that day begins.
  figures.exact(`${provider}: rows written, its account's first of a day`, written(few), 'rows', {
    atMost: ROW_TARGETS.written + 1,
  });
  figures.exact(`${provider}: rows written, duplicate delivery`, few.duplicate.rowsWritten, 'rows', {
    atMost: ROW_TARGETS.duplicateWritten,
  });
  figures.shown(`${provider}: rows read, webhook`, few.accept.rowsRead, 'rows');
  figures.exact(`${provider}: growth of rows read, webhook`, many.accept.rowsRead - few.accept.rowsRead, 'rows', {
    equals: 0,
  });
  figures.shown(`${provider}: rows read, check`, few.check.rowsRead, 'rows');
  figures.exact(`${provider}: growth of rows read, check`, many.check.rowsRead - few.check.rowsRead, 'rows', {
    equals: 0,
  });
  figures.exact(`${provider}: D1 round trips to accept`, few.accept.roundTrips, 'calls', {
    atMost: ROW_TARGETS.acceptRoundTrips,
  });
  figures.exact(`${provider}: D1 round trips to check and judge`, few.check.roundTrips, 'calls', {
    atMost: ROW_TARGETS.checkRoundTrips,
  });
}
