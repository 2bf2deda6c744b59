// The product's Worker with a D1 binding that counts: what a request asked of it stands in the answer's headers.
// One request at a time: the counts are everybody's.
import worker from './worker.js';

const counts = { roundTrips: 0, rowsRead: 0, rowsWritten: 0 };
let counted;

function took(results) {
  counts.roundTrips += 1;
  for (const { meta } of results) {
    counts.rowsRead += meta.rows_read;
    counts.rowsWritten += meta.rows_written;
  }
}

const inner = new WeakMap();

function wrap(statement) {
  const all = async () => {
    const result = await statement.all();
    took([result]);
    return result;
  };
  const wrapped = {
    bind: (...values) => wrap(statement.bind(...values)),
    all,
    run: all,
    first: async () => (await all()).results[0] ?? null,
  };
  inner.set(wrapped, statement);
  return wrapped;
}

function counting(env) {
  const batch = async (statements) => {
    const results = await env.DB.batch(statements.map((statement) => inner.get(statement)));
    took(results);
    return results;
  };
  return { ...env, DB: { prepare: (sql) => wrap(env.DB.prepare(sql)), batch } };
}

export default {
  async fetch(request, env, context) {
    counted ??= counting(env);
    Object.assign(counts, { roundTrips: 0, rowsRead: 0, rowsWritten: 0 });
    const answer = await worker.fetch(request, counted, context);
    const headers = new Headers(answer.headers);
    headers.set('x-d1', `${counts.roundTrips} ${counts.rowsRead} ${counts.rowsWritten}`);
    return new Response(answer.body, { status: answer.status, headers });
  },
};
