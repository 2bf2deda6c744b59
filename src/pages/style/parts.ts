/** Verdicts, banners, answers, digests, findings and lists. Only "rogue" is a filled block. */
export const PARTS = `
.v { display: inline-flex; align-items: center; gap: .3rem; font-size: .8125rem; font-weight: 600; line-height: 1.25; padding: .12rem .45rem .12rem .35rem; border-radius: 4px; border: 1px solid transparent; white-space: nowrap; }
.v-trusted { color: var(--trusted); background: var(--trusted-tint); }
.v-pending { color: var(--pending); border: 1px dashed currentColor; }
.v-rogue { color: var(--on-rogue); background: var(--rogue-fill); }
.v-undetermined { color: var(--undet); border-color: var(--undet-mark); background: repeating-linear-gradient(135deg, var(--undet-tint) 0 4px, transparent 4px 8px) var(--surface); }
.v-plain { padding-left: .45rem; color: var(--muted); border-color: var(--line); font-weight: 400; }
.ev { display: inline-flex; gap: .35rem; align-items: center; font-weight: 600; white-space: nowrap; }
.ev.unavailable { color: var(--undet); }

.banner { border: 1px solid var(--line); border-left-width: 6px; border-radius: 6px; background: var(--surface); padding: var(--s4) var(--s5); }
.banner h1, .banner h2 { font-size: 1.375rem; line-height: 1.25; letter-spacing: -.01em; }
.banner p { max-width: 62rem; margin-top: var(--s1); }
.banner .line { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s3); align-items: center; margin-bottom: var(--s2); font-size: .8125rem; }
.banner.rogue { border-color: var(--rogue-mark); background: var(--rogue-tint); }
.banner.rogue .line { color: var(--rogue); }
.banner.handled { border-left-color: var(--rogue-mark); }
.banner.over { border-left-color: var(--undet-mark); }
.banner.calm { border-left-color: var(--trusted-mark); }
.banner.wait { border-left-color: var(--pending-mark); border-left-style: dashed; }
.banner.blind { border: 2px solid var(--undet-mark); padding-left: 2.5rem; background: linear-gradient(var(--surface), var(--surface)) 1.25rem 0 / 100% 100% no-repeat, repeating-linear-gradient(135deg, var(--undet-mark) 0 3px, var(--surface) 3px 8px); }
.banner.plain { border-left-color: var(--ink); padding: var(--s3) var(--s4); }
.banner.plain p { margin-top: 0; }
.banner + .banner, .banner + .top { margin-top: var(--s4); }
.banner .btns { margin-top: var(--s3); }

.answers { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); border: 1px solid var(--line); border-radius: 6px; background: var(--surface); margin-top: var(--s3); }
.answers > div { padding: var(--s4) var(--s5); border-left: 1px solid var(--line); }
.answers > div:first-child { border-left: 0; }
.answers dt { font-size: .8125rem; color: var(--muted); }
.answers dd { margin-top: .1rem; }
.answers .big { font-size: 1.0625rem; font-weight: 600; line-height: 1.4; }
.answers .why { color: var(--muted); font-size: .8125rem; margin-top: var(--s1); }
.note { display: flex; gap: var(--s2); align-items: baseline; margin-top: var(--s3); font-size: .875rem; border: 1px solid var(--undet-mark); border-radius: 6px; padding: var(--s2) var(--s4); background: var(--surface); }

.dg { white-space: nowrap; user-select: all; -webkit-user-select: all; cursor: text; }
.dg .al { color: var(--muted); }
.dg .mid { font-size: 0; }
.dg .mid::before { content: "…"; font-size: .8125rem; color: var(--muted); }
.dg.full { white-space: normal; }
.big .dg { font-weight: 600; }
.secret { display: block; user-select: all; -webkit-user-select: all; background: var(--sunken); border-radius: 4px; padding: var(--s2) var(--s3); }
.copy { font: inherit; font-size: .8125rem; font-weight: 400; color: inherit; background: transparent; border: 1px solid var(--control); border-radius: 4px; padding: .1rem .5rem; cursor: pointer; display: inline-flex; align-items: center; gap: .3rem; min-height: 1.5rem; }

.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: var(--s2) var(--s4); font-size: .875rem; }
.facts dt { color: var(--muted); }
.steps { counter-reset: step; }
.steps > li { counter-increment: step; position: relative; padding: 0 0 var(--s4) 2.25rem; }
.steps > li:last-child { padding-bottom: 0; }
.steps > li::before { content: counter(step); position: absolute; left: 0; top: 0; width: 1.5rem; height: 1.5rem; border-radius: 50%; border: 1px solid var(--control); font-size: .8125rem; font-weight: 600; display: grid; place-items: center; }
.steps form { margin-top: var(--s2); }
.cmd { margin-top: var(--s2); padding: .5rem .75rem; background: var(--sunken); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8125rem; line-height: 1.5; user-select: all; -webkit-user-select: all; }
.finding { padding: var(--s3) var(--s4); border-top: 1px solid var(--line); }
.finding:first-child { border-top: 0; }
.finding h3 { display: flex; flex-wrap: wrap; gap: 0 var(--s2); align-items: baseline; }
.finding h3 .i { color: var(--rogue); align-self: center; }
.finding.wait h3 .i { color: var(--pending); }
.finding code { color: var(--muted); font-weight: 400; }
.finding p { font-size: .875rem; max-width: 46rem; }
.finding .when { color: var(--muted); font-size: .8125rem; }
.log { border-left: 2px solid var(--line); padding-left: var(--s4); font-size: .875rem; }
.log li { padding: .2rem 0; display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: var(--s2); }
.log time { color: var(--muted); }
`;
