import { readFile } from 'node:fs/promises';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { LineFile } from './line-file.ts';
import { isNewer, sayNewer } from './set-aside.ts';

/** A short number that phones can dial, and the consumer behind it: PSIDs are scoped to a Page. */
export interface DirectoryEntry {
  readonly number: string;
  readonly pageId: string;
  readonly psid: string;
}

/** Numbers given out by themselves, both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

type Line =
  | ({ readonly v: 1; readonly set: true } & DirectoryEntry)
  | { readonly v: 1; readonly set: false; readonly number: string };

/** Digits as a keypad has them. */
const NUMBER = /^[0-9*#]{1,20}$/;

/**
 * Who has which short number. A consumer keeps a number for good: a phone's redial list must never reach somebody
 * else. Pure but for `write`, which gets every change as a line to append.
 */
export class Directory {
  readonly #range: NumberRange | undefined;
  readonly #write: (line: string) => void;
  readonly #byNumber = new Map<string, DirectoryEntry>();
  readonly #byPerson = new Map<string, DirectoryEntry>();
  /** Every number that anybody ever had: it is in redial lists. */
  readonly #used = new Set<string>();
  #next: number;

  /** @param range unset: no number is given out by itself */
  constructor(range: NumberRange | undefined, write: (line: string) => void) {
    this.#range = range;
    this.#write = write;
    this.#next = range?.first ?? 0;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  list(): DirectoryEntry[] {
    return [...this.#byNumber.values()];
  }

  find(number: string): DirectoryEntry | undefined {
    return this.#byNumber.get(number);
  }

  numberOf(pageId: string, psid: string): string | undefined {
    return this.#byPerson.get(key(pageId, psid))?.number;
  }

  /** The consumer's number, a new one if need be; undefined when the range is used up, or there is none. */
  assign(pageId: string, psid: string): string | undefined {
    const known = this.numberOf(pageId, psid);
    if (known !== undefined || !this.#range) return known;
    while (this.#next <= this.#range.last && this.#used.has(String(this.#next))) this.#next += 1;
    if (this.#next > this.#range.last) return undefined;
    const number = String(this.#next);
    this.set({ number, pageId, psid });
    return number;
  }

  /** Gives a consumer this number, in place of any before; false when the number is another's or none at all. */
  set(entry: DirectoryEntry): boolean {
    if (!this.#take(entry)) return false;
    this.#write(JSON.stringify({ v: 1, set: true, ...entry } satisfies Line));
    return true;
  }

  remove(number: string): boolean {
    if (!this.#drop(number)) return false;
    this.#write(JSON.stringify({ v: 1, set: false, number } satisfies Line));
    return true;
  }

  /** Takes in what was written before; how many lines could not be read. */
  load(text: string): number {
    let damaged = 0;
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const parsed = parseLine(line);
      if (!parsed) damaged += 1;
      else if (parsed.set) this.#take({ number: parsed.number, pageId: parsed.pageId, psid: parsed.psid });
      else this.#drop(parsed.number);
    }
    return damaged;
  }

  #take(entry: DirectoryEntry): boolean {
    if (!NUMBER.test(entry.number)) return false;
    const holder = this.#byNumber.get(entry.number);
    if (holder && key(holder.pageId, holder.psid) !== key(entry.pageId, entry.psid)) return false;
    const before = this.numberOf(entry.pageId, entry.psid);
    if (before !== undefined) this.#drop(before);
    this.#byNumber.set(entry.number, entry);
    this.#used.add(entry.number);
    this.#byPerson.set(key(entry.pageId, entry.psid), entry);
    return true;
  }

  #drop(number: string): boolean {
    const entry = this.#byNumber.get(number);
    if (!entry) return false;
    this.#byNumber.delete(number);
    this.#byPerson.delete(key(entry.pageId, entry.psid));
    return true;
  }
}

export interface OpenDirectory {
  readonly directory: Directory;
  close(): Promise<void>;
}

/**
 * The directory of a file, JSON lines as they were changed, readable by its owner only; without a path it lives as
 * long as the process. Rejects with STORE_OPEN.
 */
export async function openDirectory(
  path: string | undefined,
  range: NumberRange | undefined,
  log: Log,
): Promise<OpenDirectory> {
  if (path === undefined) return { directory: new Directory(range, () => {}), close: async () => {} };
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  });
  const file = await LineFile.open({ path, fsync: false });
  const directory = new Directory(range, (line) => {
    file.append(line).catch((error: unknown) => log.error({ err: String(error) }, 'directory.write-failed'));
  });
  const damaged = directory.load(text);
  if (damaged > 0) log.warn({ path, damaged }, 'directory.damaged-lines');
  // They stay where they are: this file is never made anew.
  const newer = damaged > 0 ? text.split('\n').filter(isNewer).length : 0;
  if (newer > 0) sayNewer(log, { path, lines: newer });
  return { directory, close: () => file.close() };
}

const key = (pageId: string, psid: string): string => `${pageId} ${psid}`;

function parseLine(line: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, set, number, pageId, psid } = value as Record<string, unknown>;
  if (v !== 1 || typeof number !== 'string') return undefined;
  if (set === false) return { v: 1, set: false, number };
  if (set !== true || typeof pageId !== 'string' || typeof psid !== 'string') return undefined;
  return { v: 1, set: true, number, pageId, psid };
}
