"""How the report's page looks: light and dark, wide and narrow, on screens and on paper."""

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --text: #1b1f24; --soft: #59626c; --line: #d9dee4;
  --production: #1f6fc4; --shadow: #b8560f; --pass: #17743a; --fail: #b3261e; --inconclusive: #7a5600; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --text: #e8ebee; --soft: #a3adb7;
  --line: #343b43; --production: #6db3ff; --shadow: #ffa35c; --pass: #6fd08c; --fail: #ff8a80;
  --inconclusive: #f0c04f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
p { max-width: 46rem; } .summary { font-size: 1.0625rem; margin: 0 0 1rem; }
small { color: var(--soft); font-size: .8125rem; font-weight: 400; }
a { color: var(--production); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .5rem 1.5rem;
  margin: 0; }
dt { color: var(--soft); font-size: .8125rem; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-size: .8125rem; font-weight: 600; }
td small { display: block; white-space: nowrap; }
.plain { max-width: 46rem; margin-top: 1rem; }
.pass { color: var(--pass); } .fail { color: var(--fail); } .inconclusive { color: var(--inconclusive); }
td:nth-child(-n+5) { white-space: nowrap; } td:last-child { white-space: normal; }
td span { font-weight: 600; white-space: nowrap; }
td svg { display: block; width: 150px; height: 22px; }
.charts { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; } figcaption { font-size: .9375rem; font-weight: 600; }
figure svg { display: block; width: 100%; max-width: 30rem; height: auto; }
svg path { fill: none; } svg text { fill: var(--soft); font-size: 11px; } svg .end { text-anchor: end; }
.grid { stroke: var(--line); stroke-width: 1; } .limit { stroke: var(--fail); stroke-width: 2; }
.line { stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.production { stroke: var(--production); }
.line.shadow, .line.challenger { stroke: var(--shadow); stroke-dasharray: 5 3; }
.line.planned { stroke: var(--soft); stroke-width: 1; }
.took { fill: var(--production); } td.bar svg { height: 12px; margin-top: .375rem; }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
li { margin: .25rem 0; overflow-wrap: anywhere; } ul { padding-left: 1.25rem; max-width: 60rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
.interval { stroke: currentColor; stroke-width: 6; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 .75rem; }
.key::before { content: ""; display: inline-block; width: 1.5rem; margin-right: .4rem; vertical-align: middle;
  border-top: 2px solid var(--production); }
.key.shadow::before, .key.challenger::before { border-top: 2px dashed var(--shadow); }
.key.planned::before { border-top: 1px solid var(--soft); }
@media (max-width: 46rem) {
  table:not(.plain) thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden; }
  table:not(.plain) tr { display: block; padding: .75rem 0; border-bottom: 1px solid var(--line); }
  table:not(.plain) td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); border: 0;
    padding: .125rem 0; overflow-wrap: anywhere; }
  table:not(.plain) td::before { content: attr(data-head); color: var(--soft); font-size: .8125rem; }
  table:not(.plain) td.none { display: none; } td:nth-child(-n+5) { white-space: normal; }
  table:not(.plain) td > small { grid-column: 2; } table:not(.plain) td:first-child { font-weight: 600; }
}
@media print { body { font-size: 12px; } figure, tr { break-inside: avoid; } }
"""
"""Text and marks have a contrast of 4.5 : 1 and more on their ground (WCAG 2.2, 1.4.3); the shadow's line is
dashed, so that print and eyes without colour tell it apart."""
