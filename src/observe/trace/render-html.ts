import { TRACE_PARTIES, type TraceEntry, type TraceView } from './entry.ts';
import { qualityPlots } from './plots.ts';
import { headWords, sinceStart, wordsOf } from './words.ts';

/** No script runs in the page, and nothing is fetched by it, whatever a header of a stranger says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE = `
body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;color:#222;background:#fff;max-width:75rem}
h1{font-size:1.1rem;overflow-wrap:anywhere}h2{font-size:1rem;margin-top:2rem}
.ladder{border-collapse:collapse;width:100%;table-layout:fixed}
.ladder th{text-align:left;position:sticky;top:0;background:#fff}
.ladder td{padding:1px 0;vertical-align:top}.ladder .t{width:6rem;text-align:right;padding-right:1rem;color:#666;font-variant-numeric:tabular-nums}
.ladder .lane{border-left:1px solid #bbb}
.msg{border-bottom:1.5px solid currentColor;position:relative;padding:0 14px;text-align:center;overflow-wrap:anywhere}
.right::after,.left::before{position:absolute;bottom:-6px;font-size:10px;line-height:10px}
.right::after{content:"\\25B6";right:0}.left::before{content:"\\25C0";left:0}
.note{padding-left:.5rem;overflow-wrap:anywhere}.note::before{content:"\\2022\\00a0"}
details summary{cursor:pointer;list-style:none}pre{text-align:left;background:#f6f6f6;padding:.5rem;overflow-x:auto;font-size:12px;color:#222}
.sip{color:#1565c0}.graph,.webhook{color:#6a1b9a}.ice,.dtls{color:#00695c}.rtp,.media,.dtmf{color:#2e7d32}
.rtcp{color:#777}.timer{color:#ef6c00}.recording,.transfer{color:#ad1457}.call{color:#222;font-weight:600}
.plots{display:grid;gap:1rem}svg{max-width:44rem;width:100%;font:11px system-ui,sans-serif}
`;

/** The trace as one HTML file: plots of quality, the ladder, and each SIP message behind its arrow. */
export function renderHtml(view: TraceView): string {
  const since = sinceStart(view);
  const plots = qualityPlots(view);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(POLICY)}">
<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">
<title>${escaped(`call ${view.callId}`)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(headWords(view))}</h1>
${plots.length > 0 ? `<h2>Quality</h2><div class="plots">${plots.join('\n')}</div>` : ''}
<h2>Ladder</h2>
<table class="ladder"><tr><th class="t">ms</th><th>Meta</th><th>gateway</th><th>phone</th></tr>
${view.entries.map((entry) => row(entry, since(entry.atMs))).join('\n')}
</table></body></html>
`;
}

function row(entry: TraceEntry, ms: number): string {
  const [a, b] = [TRACE_PARTIES.indexOf(entry.from), TRACE_PARTIES.indexOf(entry.to)];
  const [left, right] = a < b ? [a, b] : [b, a];
  const words = escaped(wordsOf(entry));
  const shape = a === b ? 'note' : `msg ${a < b ? 'right' : 'left'}`;
  const label = `<div class="${shape} ${entry.kind}">${words}</div>`;
  const shown = entry.sip ? `<details><summary>${label}</summary>${message(entry.sip)}</details>` : label;
  // A lane is what lies right of its party's line; words of one party may run on to the edge.
  const span = a === b ? TRACE_PARTIES.length - left : right - left;
  const lanes = [
    ...Array.from({ length: left }, () => '<td class="lane"></td>'),
    `<td class="lane" colspan="${span}">${shown}</td>`,
    ...Array.from({ length: TRACE_PARTIES.length - left - span }, () => '<td class="lane"></td>'),
  ];
  return `<tr><td class="t">${ms.toFixed(1)}</td>${lanes.join('')}</tr>`;
}

function message({ direction, protocol, local, remote, text }: NonNullable<TraceEntry['sip']>): string {
  const arrow = direction === 'in' ? '<-' : '->';
  const way = `${protocol} ${local.address}:${local.port} ${arrow} ${remote.address}:${remote.port}`;
  return `<pre>${escaped(`${way}\n\n${text.replaceAll('\r\n', '\n')}`)}</pre>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? '').replace(/[^\P{Cc}\t\n]/gu, '.');
