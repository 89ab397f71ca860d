import type { TraceParty, TraceView } from './entry.ts';
import { headWords, sinceStart, wordsOf } from './words.ts';

const NAMES: Readonly<Record<TraceParty, string>> = { meta: 'Meta', gateway: 'Gateway', phone: 'Phone' };

/** The trace as a sequence diagram of Mermaid. */
export function renderMermaid(view: TraceView): string {
  const since = sinceStart(view);
  const lines = view.entries.map((entry) => {
    const words = escaped(`${since(entry.atMs).toFixed(0)} ms: ${wordsOf(entry)}`);
    return entry.from === entry.to
      ? `  Note over ${NAMES[entry.to]}: ${words}`
      : `  ${NAMES[entry.from]}->>${NAMES[entry.to]}: ${words}`;
  });
  return [
    'sequenceDiagram',
    `  %% ${headWords(view).replace(/[{}]/g, '.')}`,
    ...Object.values(NAMES).map((name) => `  participant ${name}`),
    ...lines,
    '',
  ].join('\n');
}

/** Mermaid ends a statement at `;`, begins an entity at `#`, and takes the rest for text or markup. */
const escaped = (text: string): string => text.replace(/[#;<>&"%{}\\`]/g, (c) => `#${c.charCodeAt(0)};`);
