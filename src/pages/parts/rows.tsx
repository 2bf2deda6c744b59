import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

/** On phones rows become blocks: the verdict goes to the corner, `wide` columns go. The first column names the row. */
export interface Column {
  readonly label: string;
  readonly kind?: 'verdict' | 'number' | 'wide';
}

export interface Row {
  readonly cells: readonly Child[];
  readonly isRogue?: boolean;
}

interface Props {
  /** What the table is, for those who do not see where it stands. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What it means that there are none: since when we looked, and what would not be here. */
  readonly none: Child;
}

// Spread, not written as attributes: a linter cannot know that the style sheet takes the native roles away.
const TABLE = { role: 'table' } as const;
const GROUP = { role: 'rowgroup' } as const;
const ROW = { role: 'row' } as const;
const HEAD = { role: 'columnheader' } as const;
const NAME = { role: 'rowheader' } as const;
const CELL = { role: 'cell' } as const;

const CLASSES = { verdict: 'vd', number: 'num', wide: 'opt' } as const;
/** On phones a cell without anything in it goes, with its label. */
const classOf = ({ kind }: Column, cell: Child): { class?: string } =>
  kind === undefined ? (cell === '' ? { class: 'opt' } : {}) : { class: CLASSES[kind] };

/** The table that stacks. */
export function Rows({ caption, columns, rows, none }: Props): JSX.Element {
  if (rows.length === 0) {
    return (
      <div class="tbl">
        <p class="none">{none}</p>
      </div>
    );
  }
  return (
    <div class="tbl">
      <table class="rows" {...TABLE}>
        <caption class="vh">{caption}</caption>
        <thead {...GROUP}>
          <tr {...ROW}>
            {columns.map((column) => (
              <th scope="col" {...HEAD} {...(column.kind === 'number' ? { class: 'num' } : {})}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...GROUP}>
          {rows.map((row) => (
            <BodyRow columns={columns} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BodyRow({ columns, row }: { readonly columns: readonly Column[]; readonly row: Row }): JSX.Element {
  return (
    <tr {...ROW} {...(row.isRogue === true ? { class: 'is-rogue' } : {})}>
      {columns.map((column, n) =>
        n === 0 ? (
          <th scope="row" {...NAME}>
            {row.cells[n]}
          </th>
        ) : (
          <td {...CELL} data-label={column.label} {...classOf(column, row.cells[n])}>
            <div>{row.cells[n]}</div>
          </td>
        ),
      )}
    </tr>
  );
}
