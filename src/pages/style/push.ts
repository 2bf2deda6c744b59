/** A push: its evidence as a chain, and what changed in the image. */
export const PUSH = `
.chain > li { position: relative; padding: var(--s4) var(--s4) var(--s4) 2.75rem; border-top: 1px solid var(--line); }
.chain > li:first-child { border-top: 0; }
.chain > li::before { content: ""; position: absolute; left: 1.25rem; top: 0; bottom: 0; border-left: 2px solid var(--line); }
.chain > li:first-child::before { top: 1.5rem; }
.chain > li:last-child::before { bottom: auto; height: 1.5rem; }
.chain > li::after { content: ""; position: absolute; left: 1rem; top: 1.35rem; width: .6rem; height: .6rem; border: 2px solid var(--control); border-radius: 50%; background: var(--surface); }
.chain .ask { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s3); align-items: baseline; justify-content: space-between; }
.chain p, .chain .facts { max-width: 58rem; }
.chain .facts { margin-top: var(--s2); font-size: .8125rem; gap: var(--s1) var(--s4); }
.chain .facts:empty { display: none; }
.chain .facts + .small { margin-top: var(--s2); }
.chain .asked, .chain .found { margin-top: var(--s2); font-size: .8125rem; }
.chain .asked li { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: var(--s2); padding: .1rem 0; }
.chain .found { border-left: 2px solid var(--line); padding-left: var(--s3); }
.chain .fake { color: var(--muted); font-size: .8125rem; margin-top: var(--s2); }
.diff > * + * { margin-top: var(--s3); }
.diff del, .diff ins { display: block; text-decoration: none; padding-left: 1.2rem; text-indent: -1.2rem; }
.diff del::before, .diff ins::before { content: "− "; display: inline-block; width: 1.2rem; text-indent: 0; }
.diff ins::before { content: "+ "; font-weight: 700; }
.diff del { color: var(--muted); }
.diff ins { font-weight: 600; }
@media (max-width: 52rem) {
  .diff table.rows td[data-label]:not(.vd) { display: block; }
  .diff table.rows td[data-label]:not(.vd)::before { content: none; }
}
@media (max-width: 40rem) {
  .chain > li { padding-left: 2rem; }
  .chain .facts { grid-template-columns: 6rem minmax(0, 1fr); gap: var(--s1) var(--s2); }
  .chain .facts dd { margin-bottom: 0; }
  .chain > li::before { left: .85rem; }
  .chain > li::after { left: .6rem; }
}
`;
