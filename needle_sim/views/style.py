"""The look of the report: calm, printable, one column on a phone."""

STYLE = """
:root { --ink: #1d2b36; --faint: #5d6c79; --rule: #d6dde3; --good: #17795e; --bad: #b3261e;
  --unknown: #7a5f00; --tint: #f4f7f9; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); line-height: 1.5; font-size: 1rem;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem 2rem; }
.banner { margin: 1rem 0; padding: .4rem .9rem; border: 1px solid var(--bad); border-radius: .4rem;
  color: var(--bad); font-weight: 600; text-align: center; }
.kicker { margin: 1.6rem 0 0; color: var(--faint); letter-spacing: .02em; }
h1 { margin: .1rem 0 .4rem; font-size: 1.7rem; line-height: 1.25; font-weight: 650; }
h2 { margin: 2.2rem 0 .7rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule);
  font-size: 1.2rem; }
.lead { margin: 0; font-size: 1.05rem; }
.faint { color: var(--faint); }
header .faint { margin: .4rem 0 0; }
.verdict { display: grid; grid-template-columns: minmax(12rem, 1fr) 2fr; gap: 1.5rem;
  align-items: center; margin: 1.4rem 0; padding: 1.1rem 1.4rem; border-radius: .6rem;
  background: var(--tint); border-left: .4rem solid var(--good); }
.verdict.bad { border-left-color: var(--bad); }
.verdict p { margin: 0; }
.verdict .total { font-size: 2rem; font-weight: 700; line-height: 1.15; color: var(--good); }
.verdict.bad .total { color: var(--bad); }
.verdict.aborted { border-left-color: #d9a400; }
.verdict.aborted .total { color: var(--unknown); }
.verdict .faint { margin-top: .5rem; }
.way { margin: 1.2rem 0; padding: .6rem 1.4rem; border-left: .4rem solid #2563a8;
  background: var(--tint); border-radius: .6rem; }
h3 { margin: 1.4rem 0 0; font-size: 1rem; }
h3 ~ .table tbody th { width: 52%; }
h3 + .faint { margin: .1rem 0 .5rem; font-size: .9rem; }
.step { display: inline-block; min-width: 1.6em; margin-right: .3rem; border-radius: 1em;
  background: #6b7a87; color: #fff; text-align: center; font-size: .85em; font-weight: 700;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.step.view { background: #2563a8; } .step.contrast { background: #6b4fa0; }
.step.inject { background: #17795e; } .step.heat { background: #c9253f; }
.step.aspirate { background: #8a6d00; }
.step.redirect, .step.abort { background: var(--bad); }
.gates { list-style: none; margin: 0; padding: 0; }
.sign { font-weight: 700; }
.sign.good { color: var(--good); } .sign.bad { color: var(--bad); }
.sign.unknown { color: var(--unknown); }
.notes { margin: 1.4rem 0; padding: .8rem 1.4rem; border-radius: .6rem; background: #fff8e6;
  border-left: .4rem solid #d9a400; }
.notes h2 { margin: 0 0 .3rem; border: 0; font-size: 1.05rem; }
.notes ul { margin: 0; padding-left: 1.2rem; }
.grid { display: grid; gap: 1.2rem; margin-bottom: 1.4rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 0; break-inside: avoid; }
figure img { display: block; width: 100%; height: auto; border-radius: .4rem; }
figcaption { margin-top: .4rem; color: var(--faint); font-size: .9rem; }
figcaption b { display: block; color: var(--ink); }
figcaption em { display: block; font-style: normal; color: var(--unknown); }
.wide { margin-bottom: 1.4rem; }
.table { overflow-x: auto; margin-bottom: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
thead th { color: var(--faint); font-size: .85rem; font-weight: 600; }
tbody th { font-weight: 500; }
th small { display: block; max-width: 34rem; color: var(--faint); font-weight: 400; }
td { white-space: nowrap; }
.fine { font-size: .85rem; color: var(--faint); padding-left: 1.2rem; }
pre { margin: 0; padding: .8rem 1rem; border-radius: .4rem; background: var(--tint);
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .verdict { grid-template-columns: 1fr; gap: .8rem; }
  h1 { font-size: 1.35rem; }
  th, td { padding-right: .5rem; font-size: .9rem; }
  td { white-space: normal; }
  .wide { overflow-x: auto; }
  .wide img { width: 46rem; }
  .wide figcaption { position: sticky; left: 0; }
}
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .verdict, .notes, .banner, img { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  .grid { grid-template-columns: 1fr 1fr; }
}
"""
