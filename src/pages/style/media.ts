/** Narrow screens, reduced motion, forced colours, paper. */
export const MEDIA = `
@media (max-width: 76rem) {
  .wide { display: none; }
  .find input { width: 11rem; }
}
@media (max-width: 60rem) {
  .cols { grid-template-columns: minmax(0, 1fr); }
  .answers { grid-template-columns: minmax(0, 1fr); }
  .answers > div { border-left: 0; border-top: 1px solid var(--line); }
  .answers > div:first-child { border-top: 0; }
  .find { order: 9; margin: var(--s2) 0 var(--s3); width: 100%; }
  .find input { width: 100%; }
}
@media (max-width: 52rem) {
  table.rows, table.rows tbody, table.rows tr, table.rows td, table.rows tbody th { display: block; }
  table.rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.rows tr { display: grid; grid-template-columns: minmax(0, 1fr) max-content; gap: 0 var(--s3); padding: var(--s3) var(--s4); border-bottom: 1px solid var(--line); }
  table.rows tr:last-child { border-bottom: 0; }
  table.rows td, table.rows tbody th { padding: .1rem 0; border: 0; text-align: left; grid-column: 1 / -1; }
  table.rows tbody th { grid-column: 1; }
  table.rows td.vd { grid-column: 2; grid-row: 1; }
  table.rows td.opt { display: none; }
  table.rows td[data-label]:not(.vd):not(.opt) { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: var(--s2); }
  table.rows td[data-label]:not(.vd)::before { content: attr(data-label); color: var(--muted); font-size: .8125rem; }
  table.rows tr.is-rogue { background: var(--rogue-tint); box-shadow: inset 4px 0 0 var(--rogue-mark); }
  table.rows tr.is-rogue > * { background: none; box-shadow: none; }
  table.rows tr.is-rogue > :first-child { box-shadow: none; }
  table.rows tr.is-rogue td[data-label]::before { color: var(--ink); }
}
@media (max-width: 40rem) {
  .bar > div { padding: 0 var(--s4); gap: 0 var(--s3); min-height: 0; }
  .watch { margin-left: auto; }
  .bar .find { display: none; }
  .findlink { display: inline-flex; gap: .35rem; align-items: center; font-size: .8125rem; text-decoration: none; color: var(--muted); padding: var(--s3) 0; }
  .nav { order: 3; width: 100%; }
  .nav ul { gap: 0 var(--s1); justify-content: space-between; }
  .nav a { font-size: .75rem; padding: .85rem 0; }
  main { padding: var(--s4) var(--s4) var(--s6); }
  .foot { padding: var(--s4); }
  .banner { padding: var(--s4); }
  .banner h1, .banner h2 { font-size: 1.1875rem; }
  .answers > div { padding: var(--s3) var(--s4); }
  .answers .big { font-size: 1rem; }
  .row > *, .row input, .row select { width: 100%; }
  .btns .btn, .btns form { flex: 1 1 auto; }
  .btns form .btn { width: 100%; }
  .btn { justify-content: center; min-height: 2.75rem; }
  .btn.low { min-height: 2.25rem; }
  .copy { min-height: 2.25rem; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: var(--s2); }
  .log li { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
@media (prefers-reduced-motion: no-preference) { .btn, .nav a { transition: border-color .1s, color .1s; } }
@media (forced-colors: active) {
  .v, .banner, .watch, .chips a { border-color: CanvasText; }
  .v-rogue { border-width: 2px; }
  .nav a:not([aria-current]) { border-bottom-color: Canvas; }
  .chips a[aria-current] { border-width: 2px; }
}
@media print {
  .bar nav, .btns, .copy, .find, .findlink, form, .skip { display: none; }
  body { background: #fff; color: #000; }
  .dg { white-space: normal; }
  .dg .mid { font-size: inherit; }
  .dg .mid::before { content: none; }
  .banner, .finding, tr { break-inside: avoid; }
}
`;
