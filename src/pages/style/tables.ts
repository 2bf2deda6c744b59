/** Tables. Roles are written out in the markup, since stacking rows on phones would otherwise lose them. */
export const TABLES = `
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
.tbl { background: var(--surface); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.tbl > .none { padding: var(--s4); }
th { text-align: left; font-weight: 400; color: var(--muted); font-size: .8125rem; padding: var(--s2) var(--s3); border-bottom: 1px solid var(--line); white-space: nowrap; }
td, tbody th { padding: .55rem var(--s3); border-bottom: 1px solid var(--line); vertical-align: top; color: var(--ink); font-size: .875rem; white-space: normal; }
tbody th { font-weight: 600; }
td > div, td > small { max-width: 46rem; }
tbody tr:last-child > * { border-bottom: 0; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; }
tr.is-rogue > * { background: var(--rogue-tint); }
tr.is-rogue > :first-child { box-shadow: inset 4px 0 0 var(--rogue-mark); }
td small, tbody th small { display: block; color: var(--muted); font-weight: 400; }
tr.is-rogue small, tr.is-rogue .dg .al { color: var(--ink); }
.pager { margin-top: var(--s3); }
`;
