/** The calendar of uses. */
export const CREDENTIALS = `
:root { --heat-1: #b9d8e8; --heat-2: #6fafcf; --heat-3: #1f7199; }
@media (prefers-color-scheme: dark) { :root { --heat-1: #17405a; --heat-2: #2a739c; --heat-3: #63b6e2; } }
figure { margin: 0; }
.cal .halves { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: var(--s3); margin-top: var(--s3); }
.cal .halves svg { display: block; width: 100%; height: auto; }
.cal text { font: 9px var(--sans); fill: var(--muted); }
.cal .c0 { stroke: var(--sunken); stroke-width: 11; }
.cal .c1 { fill: var(--heat-1); }
.cal .c2 { fill: var(--heat-2); }
.cal .c3 { fill: var(--heat-3); }
.cal .c1, .cal .c2, .cal .c3 { stroke: var(--heat-3); stroke-width: .9; }
.cal .cx { fill: var(--rogue-mark); }
.cal .cb { stroke: var(--undet-mark); stroke-width: .6; }
.cal .cn { stroke: var(--control); stroke-width: 1.5; stroke-linecap: round; }
.cal .mark { stroke: #fff; stroke-width: 1.6; fill: none; stroke-linecap: round; }
.key { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s4); font-size: .8125rem; margin-top: var(--s3); }
.key li { display: inline-flex; gap: .35rem; align-items: center; }
.key svg { width: .85rem; height: .85rem; }
.cal .below { margin-top: var(--s2); }
.two { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 0 var(--s4); }
input[type=checkbox] { width: 1.05rem; height: 1.05rem; margin: .2rem 0 0; accent-color: var(--ink); flex: none; }
td .v-plain { white-space: normal; }
@media (max-width: 60rem) { .cols > .panel + div { margin-top: var(--s4); } }
@media (max-width: 40rem) {
  .cal .halves { grid-template-columns: minmax(0, 1fr); }
  .cal text { font-size: 12px; }
}
`;
