import { GatewayError } from '../shared/error.ts';
import { LineFile } from './line-file.ts';
import { rewrite } from './rewrite.ts';
import { LEFT_BYTES, readTail } from './tail.ts';
import type { JournalEntry, JournalWriter } from './types.ts';

export interface JournalOptions {
  readonly path: string;
  /** Whether `append` resolves only when the entry is on the disk; default true. */
  readonly fsync?: boolean | undefined;
  /** What need not stay in it; unset: all does. */
  readonly keeping?: Keeping | undefined;
}

/** What of a journal is still of use. */
export interface Keeping {
  /** What is in it now. */
  readonly entries: readonly JournalEntry[];
  /** Nothing comes after this note of a call. */
  readonly isLast: (note: JournalEntry['note']) => boolean;
  /** Of a call that is over, this note is still needed, `forMs` long. */
  readonly outlives: (note: JournalEntry['note']) => boolean;
  readonly forMs: number;
  /** So many stay in any case, the newest: a clock that jumps ahead makes none of them old. Default 0. */
  readonly least?: number | undefined;
  /** Lines of the file that stay as they are, whatever they mean. Default none. */
  readonly staying?: readonly string[] | undefined;
  /** Lines after which the file is made anew; default that of `LineFile`. */
  readonly after?: number | undefined;
}

/** Opens the journal for appending. Rejects with STORE_OPEN. */
export async function openJournal({ path, fsync = true, keeping }: JournalOptions): Promise<JournalWriter> {
  if (!keeping) {
    const file = await LineFile.open({ path, fsync });
    return {
      append: (entry) => file.append(JSON.stringify(entry)),
      written: () => file.written(),
      close: () => file.close(),
    };
  }
  const kept = new KeptEntries(keeping);
  for (const entry of keeping.entries) kept.add(entry);
  const file = await LineFile.open({
    path,
    fsync,
    shorten: { lines: () => [...(keeping.staying ?? []), ...kept.lines()], after: keeping.after },
  });
  return {
    append: (entry) => {
      kept.add(entry);
      return file.append(JSON.stringify(entry));
    },
    written: () => file.written(),
    close: () => file.close(),
  };
}

/** The entries of calls that are open, and what outlives those that are over. */
class KeptEntries {
  readonly #keeping: Keeping;
  readonly #open = new Map<string, JournalEntry[]>();
  /** The oldest end first. */
  readonly #over = new Map<string, JournalEntry[]>();

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  add(entry: JournalEntry): void {
    const { callId, note, at } = entry;
    const { isLast, outlives, forMs, least = 0 } = this.#keeping;
    const entries = this.#open.get(callId) ?? [];
    entries.push(entry);
    if (!isLast(note)) {
      this.#open.set(callId, entries);
      return;
    }
    this.#open.delete(callId);
    this.#over.delete(callId);
    this.#over.set(
      callId,
      entries.filter((each) => outlives(each.note)),
    );
    for (const [oldest, left] of this.#over) {
      if (this.#over.size <= least || at - (left.at(-1)?.at ?? 0) <= forMs) break;
      this.#over.delete(oldest);
    }
  }

  lines(): string[] {
    return [...this.#over.values(), ...this.#open.values()].flat().map((entry) => JSON.stringify(entry));
  }
}

/** For installations without a journal: nothing is remembered over a crash. */
export const noJournal: JournalWriter = {
  append: () => Promise.resolve(),
  written: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

export interface JournalContents {
  readonly entries: readonly JournalEntry[];
  /** Lines that are no entry: torn by a crash or a full disk, or of a version that this program does not know. */
  readonly damaged: number;
  /** The whole ones of them, as they are. */
  readonly unread: readonly string[];
}

/** Puts these entries, behind lines that stay as they are, in the place of a journal's. Rejects with STORE_OPEN. */
export function rewriteJournal(
  path: string,
  entries: readonly JournalEntry[],
  staying: readonly string[] = [],
): Promise<void> {
  const lines = [...staying, ...entries.map((entry) => JSON.stringify(entry))];
  return rewrite(path, lines.map((line) => `${line}\n`).join(''));
}

/**
 * Reads a journal in the order in which it was written, of a long one the newest 64 MiB; a file that is not there is
 * empty. Rejects with STORE_OPEN.
 */
export async function readJournal(path: string): Promise<JournalContents> {
  try {
    return parseJournal(await readTail(path, LEFT_BYTES));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
      return { entries: [], damaged: 0, unread: [] };
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  }
}

/** Pure part of `readJournal`. Only whole lines count: a last line without line break was never acknowledged. */
export function parseJournal(text: string): JournalContents {
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const entries: JournalEntry[] = [];
  const unread: string[] = [];
  for (const line of lines) {
    if (line === '') continue; // separates a torn line from the next good one
    const entry = parseEntry(line);
    if (entry) entries.push(entry);
    else unread.push(line);
  }
  return { entries, damaged: unread.length + (tail === '' ? 0 : 1), unread };
}

function parseEntry(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isEntry(value) ? value : undefined;
}

/** No Date is later. */
const LAST_DATE_MS = 8.64e15;

function isEntry(value: unknown): value is JournalEntry {
  if (!isObject(value)) return false;
  const { v, at, callId, note } = value;
  const isTime = typeof at === 'number' && Math.abs(at) <= LAST_DATE_MS;
  return v === 1 && isTime && typeof callId === 'string' && isObject(note);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
