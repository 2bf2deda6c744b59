import type * as z from 'zod';
import type { ExportedSighting, FoundPush, Slice } from '../../store/exports.ts';
import type { PushRecord } from '../../store/history.ts';
import { type CursorOf, type ExportName, readCursor, writeCursor } from '../export-cursor.ts';
import { type Lines, line, upTo } from '../ndjson.ts';
import { type ApiRoute, linesRoute, type RouteInput } from '../route.ts';
import { iso, isoOrNull } from '../schemas/common.ts';
import { EXPORT_HEADERS, exportQuery, findingLine, pushLine, sightingLine } from '../schemas/exports.ts';
import { pushView } from '../views.ts';

type Input = RouteInput<unknown, z.output<typeof exportQuery>, unknown>;

const MAX_BYTES = 2 * 1024 * 1024;
/** Pushes that a page of findings looks through: few have any. */
const SEARCHED = 2000;

/** The slice that is asked for, which ends where something is undecided or still to come; and where to go on in it. */
async function asked<N extends ExportName>(
  { query, caller, services, now }: Input,
  of: N,
): Promise<{ slice: Slice; cursor: CursorOf<N> | null }> {
  if (query.cursor !== undefined) {
    const cursor = readCursor(query.cursor, of);
    return { slice: { from: cursor.from, to: cursor.to }, cursor };
  }
  const from = query.from ?? 0;
  const settled = await services.exports.settledUntil(caller.teamId, now);
  return { slice: { from, to: Math.max(from, Math.min(query.to ?? settled, settled)) }, cursor: null };
}

function answer({ query, c }: Input, { to }: Slice, lines: readonly string[], cursor: string | null): Lines {
  const end = { 'pushwarden-slice-end': iso(to) };
  if (cursor === null) return { lines, headers: end };
  const next = `${new URL(c.req.url).pathname}?limit=${query.limit}&cursor=${cursor}`;
  return { lines, headers: { ...end, 'pushwarden-next-cursor': cursor, link: `<${next}>; rel="next"` } };
}

interface PushExport {
  readonly of: 'pushes' | 'findings';
  /** Pushes that a page walks along. */
  readonly searched: number;
  readonly wants: (found: FoundPush) => boolean;
  readonly lines: (push: PushRecord) => readonly string[];
}

/** Lines of the slice's pushes, those of one push on one page. */
async function exportOfPushes(input: Input, { of, searched, wants, lines }: PushExport): Promise<Lines> {
  const { query, caller, services } = input;
  const { slice, cursor } = await asked(input, of);
  const found = await services.exports.findPushes(caller.teamId, slice, cursor?.after ?? null, searched);
  const inSlice = found.filter((each) => each.receivedAt >= slice.from && each.receivedAt < slice.to && wants(each));
  const affordable = inSlice.slice(0, affordableCount(inSlice, query.limit));
  const records = await services.exports.readPushes(caller.teamId, affordable);
  const shown: string[] = [];
  let last: { repository: number; seq: number } | undefined;
  let bytes = 0;
  for (const record of records) {
    const more = lines(record);
    bytes += more.reduce((sum, each) => sum + new TextEncoder().encode(each).byteLength + 1, 0);
    if (last !== undefined && (shown.length + more.length > query.limit || bytes > MAX_BYTES)) break;
    shown.push(...more);
    last = { repository: record.repository, seq: record.seq };
  }
  const lastWanted = inSlice.at(-1);
  const complete =
    lastWanted === undefined || (last?.repository === lastWanted.repository && last.seq === lastWanted.seq);
  const end = complete ? found.at(-1) : last;
  const isLast = end === undefined || (complete && found.length < searched);
  return answer(input, slice, shown, isLast ? null : pushCursor(of, slice, end));
}

/** Rows are read whole only as far as a page can hold them. */
function affordableCount(found: readonly FoundPush[], limit: number): number {
  let left = MAX_BYTES;
  const end = found.findIndex(({ size }, n) => {
    left -= size;
    return n > 0 && left < 0;
  });
  return Math.min(limit, end < 0 ? found.length : end);
}

function pushCursor(
  of: PushExport['of'],
  slice: Slice,
  { repository, seq }: { repository: number; seq: number },
): string {
  const common = { v: 1, ...slice, after: { repository, seq } } as const;
  return writeCursor(of === 'pushes' ? { ...common, of } : { ...common, of, in: 'pushes' });
}

function pushLines(push: PushRecord): string[] {
  const { nextCheckAt: _, ...view } = pushView(push);
  const value: z.input<typeof pushLine> = view;
  return [line(value)];
}

function findingLines(push: PushRecord): string[] {
  const { id, image, tag, digest, verdict, alert, pusher, receivedAt } = pushView(push);
  return push.findings.map(({ code, ...facts }) => {
    const value: z.input<typeof findingLine> = {
      ...{ push: id, image, tag, digest, code, facts, verdict, alert, pusher },
      at: receivedAt,
    };
    return line(value);
  });
}

function sightingView(sighting: ExportedSighting): z.input<typeof sightingLine> {
  const { credential, kind, name, account, at, since, seenAt, push, image, ...rest } = sighting;
  return {
    credential: { id: `C-${credential}`, kind, name, account },
    at: iso(at),
    since: isoOrNull(since),
    seenAt: iso(seenAt),
    source: rest.source,
    action: rest.action,
    strength: rest.strength,
    push: push === null ? null : `${push.repository}-${push.seq}`,
    image,
    detail: rest.detail,
  };
}

async function exportOfSightings(input: Input): Promise<Lines> {
  const { query, caller, services } = input;
  const { slice, cursor } = await asked(input, 'sightings');
  const found = await services.exports.sightings(caller.teamId, slice, cursor?.after ?? null, query.limit);
  const shown = upTo(
    found.map((each) => line(sightingView(each))),
    MAX_BYTES,
  );
  const last = found[shown.length - 1];
  if (last === undefined || (shown.length === found.length && found.length < query.limit))
    return answer(input, slice, shown, null);
  const { credential, at, key } = last;
  return answer(input, slice, shown, writeCursor({ v: 1, ...slice, of: 'sightings', after: { credential, at, key } }));
}

const common = { method: 'get', scope: 'read', query: exportQuery, headers: EXPORT_HEADERS } as const;

export const exportRoutes: readonly ApiRoute[] = [
  linesRoute({
    ...common,
    path: '/export/pushes',
    operationId: 'exportPushes',
    summary: 'Decided pushes of a slice of time, by image, newest first',
    response: pushLine,
    handle: (input) =>
      exportOfPushes(input, { of: 'pushes', searched: input.query.limit, wants: () => true, lines: pushLines }),
  }),
  linesRoute({
    ...common,
    path: '/export/findings',
    operationId: 'exportFindings',
    summary: 'Findings of the pushes of a slice of time, one a line',
    response: findingLine,
    handle: (input) =>
      exportOfPushes(input, {
        of: 'findings',
        searched: SEARCHED,
        wants: ({ hasFindings }) => hasFindings,
        lines: findingLines,
      }),
  }),
  linesRoute({
    ...common,
    path: '/export/sightings',
    operationId: 'exportSightings',
    summary: 'Uses of credentials in a slice of time, by credential',
    response: sightingLine,
    handle: exportOfSightings,
  }),
];
