/** Colours, type and plain elements. Colour is spent on verdicts; everything else is ink, paper and lines. */
export const BASE = `
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --surface: #fff; --sunken: #efefec; --ink: #15181c; --muted: #565c65; --line: #d8dad6;
  --control: #7d838b; --focus: #0b57d0; --inverse: #15181c; --on-inverse: #f6f6f4;
  --trusted: #00567c; --trusted-tint: #e2f0f7; --trusted-mark: #28779f;
  --pending: #775000; --pending-mark: #d9a62e;
  --rogue: #a51d0c; --rogue-tint: #fdebe7; --rogue-mark: #b3230f; --rogue-fill: #b3230f; --on-rogue: #fff;
  --undet: #4d525a; --undet-tint: #ececea; --undet-mark: #6f757d;
  --sans: -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
  --s1: .25rem; --s2: .5rem; --s3: .75rem; --s4: 1rem; --s5: 1.5rem; --s6: 2rem; --s7: 3rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1012; --surface: #15181b; --sunken: #1d2125; --ink: #e7e9ec; --muted: #a3aab3; --line: #2c3137;
    --control: #7f8791; --focus: #8ab4f8; --inverse: #e7e9ec; --on-inverse: #0e1012;
    --trusted: #83c9ee; --trusted-tint: #10293a; --trusted-mark: #4598c4;
    --pending: #f0c463; --pending-mark: #f5d67a;
    --rogue: #ffa08c; --rogue-tint: #3a1611; --rogue-mark: #e2503a; --rogue-fill: #c23a25;
    --undet: #bcc2ca; --undet-tint: #23272c; --undet-mark: #8e959e;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: .9375rem/1.5 var(--sans); }
h1, h2, h3, p, ul, ol, dl, dd, table, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: inherit; text-decoration-thickness: 1px; text-underline-offset: .18em; text-decoration-color: var(--control); }
a:hover { text-decoration-color: currentColor; text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
code, kbd, pre { font-family: var(--mono); font-size: .92em; }
h1 { font-size: 1.375rem; line-height: 1.25; font-weight: 600; letter-spacing: -.01em; }
h2 { font-size: 1rem; line-height: 1.35; font-weight: 600; }
h3 { font-size: .9375rem; line-height: 1.4; font-weight: 600; }
small, .small { font-size: .8125rem; }
.muted { color: var(--muted); }
.vh { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.sprite { position: absolute; width: 0; height: 0; }
.i { width: 1em; height: 1em; flex: none; vertical-align: -.14em; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
time { font-variant-numeric: tabular-nums; white-space: nowrap; }
time + small { white-space: nowrap; }
[hidden] { display: none !important; }
`;
