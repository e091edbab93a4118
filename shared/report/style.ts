/** The page's only style sheet; its hash stands in the page's Content-Security-Policy. */
export const STYLE = `
:root{color-scheme:light dark;--ink:light-dark(#1b1f24,#e6e9ee);--soft:light-dark(#57606a,#a3adb9);--paper:light-dark(#fff,#14181d);
--card:light-dark(#f6f8fa,#1c2229);--line:light-dark(#d0d7de,#3a434e);--good:light-dark(#1a7f4b,#3fb27f);--bad:light-dark(#b3261e,#ff7b72);
--warn:light-dark(#8a5a00,#e0a63a);--wait:light-dark(#0b63b5,#6cb6ff)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.25rem;font:16px/1.5 system-ui,"Segoe UI",sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}
p{margin:.25rem 0}.note,header p{color:var(--soft)}
a{color:inherit}
.verdict{border-left:.4rem solid var(--good);background:var(--card);padding:.75rem 1rem;margin:1rem 0;font-size:1.1rem}
.verdict.warning{border-color:var(--warn)}.verdict.alert{border-color:var(--bad)}
.attention{list-style:none;padding:0;margin:0}
.attention li{border:1px solid var(--line);border-left:.4rem solid var(--warn);border-radius:.4rem;padding:.6rem .9rem;margin:.5rem 0;overflow-wrap:anywhere}
.attention li.alert{border-left-color:var(--bad)}
.level{font-weight:700;text-transform:uppercase;font-size:.8rem;letter-spacing:.04em;color:var(--warn)}.alert .level{color:var(--bad)}
code{font:.9em ui-monospace,Consolas,monospace;background:var(--card);border:1px solid var(--line);border-radius:.25rem;padding:.05rem .3rem;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.8rem,1fr));gap:.5rem;margin:.75rem 0;padding:0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.4rem .6rem}
.figures dt{color:var(--soft);font-size:.85rem}.figures dd{margin:0;font-size:1.2rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.95rem}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
thead th{font-weight:600;color:var(--soft)}tbody th{font-weight:600}
td.n,th.n{text-align:right}td.n,.nowrap{white-space:nowrap}
.exports tbody th{overflow-wrap:anywhere;min-width:10rem;width:28%}th .note{font-weight:400;font-size:.9rem}
svg{max-width:100%;display:block}
svg.days{width:100%;height:auto;max-height:14rem}svg.days text{font:11px system-ui,sans-serif;fill:var(--soft)}svg.days line{stroke:var(--line)}
svg.progress{width:100%;height:.9rem;margin:.5rem 0 .2rem;border-radius:.3rem}.todo{fill:var(--line)}
svg .good{fill:var(--good)}svg .bad{fill:var(--bad)}
.legend{font-size:.9rem}.key{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem 0 .9rem;vertical-align:-.05rem;border:1px solid transparent}
.key:first-child{margin-left:0}.key.good{background:var(--good)}.key.bad{background:var(--bad)}.key.todo{background:var(--line)}.key.gap{border:1px dashed var(--bad)}
svg .gap rect{fill:none;stroke:var(--bad);stroke-dasharray:3 2}svg.days .gap text{fill:var(--bad);font-weight:700}
svg.strip{margin-top:.3rem}
.c-n{fill:var(--line)}.c-p{fill:var(--wait)}.c-d{fill:var(--good)}.c-w{fill:var(--warn)}.c-h,.c-f{fill:var(--bad)}
.state{font-weight:600}
:focus-visible{outline:.15rem solid var(--wait);outline-offset:.1rem}
details{margin:.5rem 0}summary{cursor:pointer}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.75rem;color:var(--soft);font-size:.9rem}
@media screen and (max-width:48rem){.exports thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.exports,.exports tbody,.exports tr,.exports th,.exports td{display:block;text-align:left}
.exports tr{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .75rem;margin:.5rem 0}
.exports tbody th,.exports td{width:auto;border:0;padding:.15rem 0}.exports td{display:flex;justify-content:space-between;gap:1rem}
.exports td>span{text-align:right}.exports td::before{content:attr(data-name);color:var(--soft);font-weight:400}}
@media print{:root{color-scheme:light}@page{size:A4;margin:14mm}html{font-size:10.5px}body{max-width:none;padding:0;font-size:1rem}.scroll{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}details::details-content{content-visibility:visible;height:auto}dl.figures{grid-template-columns:repeat(9,auto)}.figures div{padding:.2rem .4rem}.exports tbody th{min-width:8rem}
th,td{padding:.2rem .4rem}li,tr,svg,dl{break-inside:avoid}h2,h3{break-after:avoid}}
`;
