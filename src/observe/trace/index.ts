export { maskAddresses, maskEntry, maskTrace } from './addresses.ts';
export { CallTrace, type NewEntry } from './call-trace.ts';
export type {
  TraceData,
  TracedSip,
  TraceEntry,
  TraceHead,
  TraceKind,
  TraceParty,
  TraceView,
} from './entry.ts';
export { TraceFiles } from './files.ts';
export { renderHtml } from './render-html.ts';
export { renderMermaid } from './render-mermaid.ts';
export { renderText, textHeader, textRows } from './render-text.ts';
export { TraceStore } from './store.ts';
export { headWords, sinceStart } from './words.ts';
