/** Header, navigation, footer, and what holds the parts of a page. */
export const FRAME = `
.skip { position: absolute; left: -100vw; }
.skip:focus { left: var(--s4); top: var(--s2); z-index: 2; background: var(--inverse); color: var(--on-inverse); padding: var(--s2) var(--s3); }
.bar { background: var(--surface); border-bottom: 1px solid var(--line); }
.bar > div { max-width: 76rem; margin: 0 auto; padding: 0 var(--s5); min-height: 3.25rem; display: flex; flex-wrap: wrap; align-items: center; gap: 0 var(--s5); }
.brand { font-weight: 650; text-decoration: none; display: inline-flex; align-items: center; gap: var(--s2); padding: var(--s2) 0; }
.brand .i { width: 1.25rem; height: 1.25rem; }
.nav ul { display: flex; flex-wrap: wrap; gap: 0 var(--s4); }
.nav a { display: inline-block; padding: .875rem 0; text-decoration: none; color: var(--muted); border-bottom: 2px solid transparent; margin-bottom: -1px; }
.nav a:hover { color: var(--ink); }
.nav a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--ink); }
.nav .n { font-weight: 650; font-size: .75rem; background: var(--rogue-fill); color: var(--on-rogue); border-radius: 1rem; padding: .05rem .4rem; margin-left: .2rem; }
.find { margin-left: auto; }
.find input { width: 15rem; }
.findlink { display: none; }
.watch { font-size: .8125rem; color: var(--muted); display: inline-flex; align-items: center; gap: .4rem; text-decoration: none; padding: var(--s2) 0; }
.watch:hover { color: var(--ink); }
.watch.is-blind { color: var(--undet); font-weight: 600; border: 1px solid var(--undet-mark); border-radius: 4px; padding: .15rem .5rem; background: repeating-linear-gradient(135deg, var(--undet-tint) 0 4px, transparent 4px 8px); }
main { max-width: 76rem; margin: 0 auto; padding: var(--s5) var(--s5) var(--s7); overflow-wrap: anywhere; }
.foot { max-width: 76rem; margin: 0 auto; padding: var(--s4) var(--s5) var(--s6); color: var(--muted); font-size: .8125rem; display: flex; flex-wrap: wrap; gap: var(--s1) var(--s5); align-items: baseline; }
.crumbs ol { display: flex; flex-wrap: wrap; gap: 0 .4rem; font-size: .8125rem; color: var(--muted); margin-bottom: var(--s2); }
.crumbs li { min-width: 0; }
.crumbs li + li::before { content: "/"; margin-right: .4rem; }
.top { display: flex; flex-wrap: wrap; gap: var(--s2) var(--s4); align-items: baseline; justify-content: space-between; margin-bottom: var(--s4); }
.top p { color: var(--muted); }
.name .reg { color: var(--muted); font-weight: 400; }
section { margin-top: var(--s6); }
section > .head { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s4); align-items: baseline; justify-content: space-between; margin-bottom: var(--s3); }
section > .head p { color: var(--muted); font-size: .8125rem; }
.panel { background: var(--surface); border: 1px solid var(--line); border-radius: 6px; }
.pad { padding: var(--s4); }
.gap { margin-top: var(--s4); }
.cols { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 var(--s5); }
.cols > *, .answers > *, .field, .facts > * { min-width: 0; }
.stack > * + * { margin-top: var(--s3); }
.slim { max-width: 46rem; }
.door { max-width: 25rem; margin: 8vh auto 0; }
.empty { padding: var(--s6) var(--s5); max-width: 46rem; }
.chips { display: flex; flex-wrap: wrap; gap: var(--s2); }
.chips a { border: 1px solid var(--line); border-radius: 1rem; padding: .15rem .7rem; text-decoration: none; font-size: .8125rem; background: var(--surface); }
.chips a:hover { border-color: var(--control); }
.chips a[aria-current] { background: var(--inverse); color: var(--on-inverse); border-color: var(--inverse); font-weight: 600; }
details > summary { cursor: pointer; font-size: .8125rem; color: var(--muted); padding: var(--s1) 0; width: fit-content; }
details > summary:hover { color: var(--ink); }
`;
