/** A proposal, and beside it what it comes to. */
export const WELCOME = `
.beside { display: grid; grid-template-columns: minmax(0, 1fr) 21rem; gap: 0 var(--s6); align-items: start; }
.beside > *, .check > span { min-width: 0; }
.beside aside { position: sticky; top: 0; }
.beside aside > section { margin-top: var(--s6); }
.prop { padding: var(--s4); border-top: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--s2); }
.prop:first-child { border-top: 0; }
.prop .check { padding: 0; }
.check b { font-weight: 600; }
.prop .why { color: var(--muted); font-size: .8125rem; padding-left: 1.55rem; }
.stack > section { margin-top: var(--s6); }
.big2 { font-size: 1.25rem; font-weight: 600; line-height: 1.3; }
input[type=checkbox] { width: 1.05rem; height: 1.05rem; margin: .2rem 0 0; accent-color: var(--ink); flex: none; }
@media (max-width: 60rem) {
  .beside { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .beside aside { position: static; }
}
`;
