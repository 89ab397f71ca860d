import { extname } from 'node:path';
import { renderHtml, renderMermaid, renderText, type TraceView } from '../observe/index.ts';

export type TraceFormat = 'text' | 'mermaid' | 'html' | 'json';

/** @param messages in text: whole SIP messages */
export function traceAs(trace: TraceView, format: TraceFormat, messages = false): string {
  switch (format) {
    case 'text':
      return renderText(trace, { messages });
    case 'mermaid':
      return renderMermaid(trace);
    case 'html':
      return renderHtml(trace);
    case 'json':
      return `${JSON.stringify(trace, undefined, 2)}\n`;
  }
}

/** By the name of a file; text where it tells nothing. */
export function formatOf(file: string): TraceFormat {
  const known = { '.html': 'html', '.htm': 'html', '.mmd': 'mermaid', '.json': 'json' } as const;
  return known[extname(file).toLowerCase() as keyof typeof known] ?? 'text';
}
