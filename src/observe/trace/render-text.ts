import { TRACE_PARTIES, type TraceEntry, type TraceView } from './entry.ts';
import { headWords, oneLine, sinceStart, wordsOf } from './words.ts';

/** Characters between two columns of the ladder. */
const SPAN = 44;
const TIME = 10;

export interface TextOptions {
  /** Whole SIP messages below their arrows. */
  readonly messages?: boolean;
}

/** The trace as lines of text: milliseconds since the call began, then the ladder Meta, gateway, phone. */
export function renderText(view: TraceView, options: TextOptions = {}): string {
  const rows = view.entries.flatMap((entry) => textRows(entry, sinceStart(view), options));
  return `${[headWords(view), textHeader(), ...rows].join('\n')}\n`;
}

export const textHeader = (): string =>
  `${'ms'.padStart(TIME)}  ${TRACE_PARTIES.map((party) => party.padEnd(SPAN)).join('')}`.trimEnd();

/** Lines of one entry. `since` makes of a time the milliseconds since the call began. */
export function textRows(
  entry: TraceEntry,
  since: (atMs: number) => number,
  { messages = false }: TextOptions = {},
): string[] {
  const time = since(entry.atMs).toFixed(1).padStart(TIME);
  const [a, b] = [TRACE_PARTIES.indexOf(entry.from), TRACE_PARTIES.indexOf(entry.to)];
  const line = a === b ? note(a, wordsOf(entry)) : arrow(a, b, wordsOf(entry));
  const rows = [`${time}  ${line}`.trimEnd()];
  if (!messages || !entry.sip) return rows;
  return [
    ...rows,
    ...entry.sip.text
      .trimEnd()
      .split(/\r?\n/)
      .map((each) => `${' '.repeat(TIME + 6)}${oneLine(each)}`),
  ];
}

function note(column: number, words: string): string {
  const before = TRACE_PARTIES.slice(0, column).map(() => '|'.padEnd(SPAN));
  return `${before.join('')}* ${words}`;
}

function arrow(a: number, b: number, words: string): string {
  const [left, right] = a < b ? [a, b] : [b, a];
  const room = (right - left) * SPAN - 4;
  const label = words.length > room - 2 ? `${words.slice(0, room - 3)}…` : words;
  const dashes = ` ${label} `.padStart(Math.ceil((room + label.length + 2) / 2), '-').padEnd(room, '-');
  const drawn = a < b ? `|${dashes}> ` : `|<${dashes} `;
  return TRACE_PARTIES.map((_, column) => {
    if (column === left) return drawn.padEnd((right - left) * SPAN);
    return column > left && column < right ? '' : '|'.padEnd(SPAN);
  }).join('');
}
