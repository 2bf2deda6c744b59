/** Buttons and fields. */
export const FORMS = `
.btn { font: inherit; font-weight: 600; line-height: 1.25; display: inline-flex; align-items: center; gap: .4rem; padding: .5rem .875rem; border-radius: 5px; border: 1px solid var(--control); background: var(--surface); color: var(--ink); text-decoration: none; cursor: pointer; }
.btn:hover { border-color: var(--ink); }
.btn.block { width: 100%; justify-content: center; }
.btn.main { background: var(--inverse); color: var(--on-inverse); border-color: var(--inverse); }
.btn.low { font-weight: 400; font-size: .8125rem; padding: .2rem .6rem; min-height: 1.5rem; }
.btns { display: flex; flex-wrap: wrap; gap: var(--s2); align-items: center; }
input, select, textarea { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--control); border-radius: 5px; padding: .375rem .6rem; max-width: 100%; }
textarea { width: 100%; }
input[type=radio] { width: 1.05rem; height: 1.05rem; margin: .2rem 0 0; accent-color: var(--ink); flex: none; }
[aria-invalid=true] { border-width: 2px; border-color: var(--ink); }
::placeholder { color: var(--muted); opacity: 1; }
label, legend { font-weight: 600; }
legend { padding: 0; }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
.field { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--s1); }
.field select, .field input { width: 100%; }
.field small { color: var(--muted); font-weight: 400; }
.row { display: flex; flex-wrap: wrap; gap: var(--s3); align-items: end; }
.check { display: flex; gap: var(--s2); align-items: flex-start; font-weight: 400; padding: var(--s1) 0; }
.check small { display: block; color: var(--muted); }
.inline { display: flex; flex-wrap: wrap; gap: var(--s2); align-items: center; }
`;
