import type { JSX } from 'hono/jsx/jsx-runtime';
import { notHere, type PageInput, type PageRoute } from './page.ts';
import { Rows } from './parts/rows.tsx';
import { When } from './parts/when.tsx';
import { SettingsFrame } from './settings/frame.tsx';
import { show } from './show.tsx';

const PAGE_SIZE = 50;
/** More than that is behind a click. */
const DETAIL_SHOWN = 120;
/** A change of policy holds two of them: the whole is in the API. */
const DETAIL_LONGEST = 1000;

async function auditPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const before = c.req.query('before');
  if (before !== undefined && !/^[1-9]\d{0,14}$/.test(before)) throw notHere();
  const at = before === undefined ? Number.MAX_SAFE_INTEGER : Number(before);
  const records = await services.audit.list(visit.session.teamId, at, PAGE_SIZE);
  const last = records.length === PAGE_SIZE ? records.at(-1) : undefined;
  const rows = records.map((record) => ({
    cells: [
      record.actor,
      <When at={record.at} now={now} form="below" />,
      <>
        {record.action} <b>{record.target}</b>
      </>,
      record.detail === null ? '' : <Detail text={JSON.stringify(record.detail)} />,
    ],
  }));
  const main = (
    <SettingsFrame input={input} at="/audit">
      <section aria-labelledby="h-audit">
        <div class="head">
          <h2 id="h-audit">Who changed what</h2>
          <p>Kept for ever; whole in GET /api/v1/audit-log</p>
        </div>
        <Rows
          caption="Audit log, newest first"
          columns={[{ label: 'Who' }, { label: 'When' }, { label: 'What' }, { label: 'Details' }]}
          rows={rows}
          none={before === undefined ? 'Nothing was changed yet.' : 'There is nothing older.'}
        />
        {last === undefined ? null : (
          <p class="pager">
            <a href={`/audit?before=${last.id}`}>Older</a>
          </p>
        )}
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'Audit log', at: '/settings', main });
}

function Detail({ text }: { readonly text: string }): JSX.Element {
  if (text.length <= DETAIL_SHOWN) return <code>{text}</code>;
  return (
    <details>
      <summary>Show</summary>
      <code>{text.slice(0, DETAIL_LONGEST)}</code>
    </details>
  );
}

export const auditPages: readonly PageRoute[] = [
  { method: 'get', path: '/audit', right: 'see-audit-log', run: auditPage },
];
