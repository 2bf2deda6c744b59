/** Charts, strips, tabs and filters of the pages of images. */
export const REPOSITORY = `
.tabs ul { display: flex; flex-wrap: wrap; gap: 0 var(--s4); border-bottom: 1px solid var(--line); margin-bottom: var(--s4); }
.tabs a { display: block; padding: var(--s2) 0; text-decoration: none; color: var(--muted); border-bottom: 2px solid transparent; margin-bottom: -1px; }
.tabs a:hover { color: var(--ink); }
.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--ink); }
figure { margin: 0; }
figcaption details { margin-top: var(--s2); }
.chart { display: block; width: 100%; height: 134px; overflow: visible; }
.chart text, .strip .axis text { font: .75rem var(--sans); fill: var(--muted); font-variant-numeric: tabular-nums; }
.chart .grid { stroke: var(--line); }
.chart .base { stroke: var(--control); }
.f-trusted { fill: var(--trusted-mark); }
.f-pending { fill: var(--pending-mark); stroke: var(--pending); stroke-dasharray: 3 2; }
.f-rogue { fill: var(--rogue-mark); }
.f-undetermined { stroke: var(--undet-mark); }
.f-baseline { fill: var(--surface); stroke: var(--control); }
.f-none { fill: var(--sunken); }
.hatch-bg { fill: var(--surface); }
.hatch-line { stroke: var(--undet-mark); stroke-width: 2; }
.mark { stroke: #fff; stroke-width: 1.6; fill: none; stroke-linecap: round; }
.legend { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s4); font-size: .8125rem; margin-top: var(--s3); }
.legend li { display: inline-flex; gap: .35rem; align-items: center; }
.legend .k { width: 14px; height: 14px; }
.legend b { font-variant-numeric: tabular-nums; }
.strip li { display: grid; grid-template: "t b r" / 10rem minmax(0, 1fr) 8rem; gap: 0 var(--s3); align-items: center; min-height: 2.5rem; }
.strip .t { grid-area: t; min-width: 0; font-size: .875rem; font-weight: 600; }
.strip .t small { display: block; font-size: .75rem; font-weight: 400; color: var(--muted); }
.strip .b { grid-area: b; min-width: 0; }
.strip .r { grid-area: r; }
.strip .r a { text-decoration: none; }
.strip .b svg[role] { display: block; width: 100%; height: 26px; overflow: visible; }
.strip .seg { font: .75rem var(--mono); fill: #fff; }
.strip .seg.on-baseline { fill: var(--ink); }
.strip .cut { stroke: var(--surface); stroke-width: 2; }
.strip li.axis { min-height: 0; }
.strip .axis .b svg { display: block; width: 100%; height: 18px; overflow: visible; }
.filter { display: flex; flex-wrap: wrap; gap: var(--s2) var(--s3); align-items: end; margin-bottom: var(--s3); }
.filter label { display: block; font-size: .8125rem; font-weight: 400; color: var(--muted); }
.sd { white-space: nowrap; }
.filter select, .filter input { height: 2.375rem; }
.filter .field { flex: 0 1 11rem; }
pre.json { padding: var(--s3) var(--s4); background: var(--sunken); border-radius: 4px; font-size: .8125rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .strip .seg { fill: #06090c; } .strip .seg.on-rogue { fill: #fff; } }
@media (max-width: 52rem) {
  .strip li { grid-template: "t r" "b b" / minmax(0, 1fr) max-content; padding-top: var(--s2); }
  .strip .t small { display: inline; margin-left: .4rem; }
  .filter .field { flex: 1 1 9rem; }
  .filter .btn { flex: 1 1 100%; }
}
@media (forced-colors: active) {
  .f-rogue { fill: CanvasText; }
  .mark { stroke: Canvas; }
  .f-trusted { fill: Highlight; }
  .tabs a:not([aria-current]) { border-bottom-color: Canvas; }
}
@media print { .tabs, .filter { display: none; } }
`;
