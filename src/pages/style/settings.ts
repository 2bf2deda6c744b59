/** Settings: what is ticked, and what is written in monospace. */
export const SETTINGS = `
input[type=checkbox] { width: 1.05rem; height: 1.05rem; margin: .2rem 0 0; padding: 0; accent-color: var(--ink); flex: none; }
#trustedRoot { font-family: var(--mono); font-size: .8125rem; }
details > form { margin-top: var(--s3); }
`;
