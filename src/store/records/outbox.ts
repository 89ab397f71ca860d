import type { Clock, TimerHandle } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { LineFile } from '../line-file.ts';
import { rewrite } from '../rewrite.ts';
import { setAside } from '../set-aside.ts';
import { readTail } from '../tail.ts';
import type { StoredRecord } from './types.ts';

export interface OutboxOptions {
  /** undefined: what waits is lost with the process. */
  readonly path: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Lines after which the file is made anew. */
  readonly shortenAfter?: number;
}

/** What an earlier run left, oldest first. */
export interface LeftRecord {
  readonly record: StoredRecord;
  /** Names of the sinks that have not taken it. */
  readonly to: readonly string[];
}

interface Entry {
  readonly record: StoredRecord;
  readonly to: Set<string>;
  stored: boolean;
  readonly settle: () => void;
}

/** More than couriers let wait, twice: the file is never longer. */
const READ_BYTES = 256 * 1024 * 1024;
const SHORTEN_AFTER = 5_000;
/** Calls that are known to be recorded, so that none is recorded twice: the newest. */
const REMEMBERED = 10_000;
/** Between two attempts to write what the disk refused, ms. */
const AGAIN_MS = 2_000;

/**
 * Records that some sink has not taken yet, in one file for all sinks: a record is in it once, whole, before any sink
 * sees it, so that a crash leaves it to all of them or to none. Each sink acknowledges for itself.
 */
export class Outbox {
  readonly left: readonly LeftRecord[];
  readonly #options: OutboxOptions;
  readonly #entries = new Map<string, Entry>();
  /** Calls whose record every sink has; the oldest first. */
  readonly #over: Set<string>;
  #file: LineFile | undefined;
  #timer: TimerHandle | undefined;
  #troubled = false;
  #closed = false;

  /** Rejects with STORE_OPEN. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { path, log, shortenAfter = SHORTEN_AFTER } = options;
    if (path === undefined) return new Outbox(options, [], []);
    const { left, over, ...bad } = parsed(await textOf(path));
    const staying = await setAside({ path, ...bad, log, event: 'records.spool-damaged-lines' });
    const outbox = new Outbox(options, left, over);
    const lines = (): string[] => [...staying, ...outbox.#lines()];
    // Of a full disk the old one will do.
    await rewrite(
      path,
      lines()
        .map((line) => `${line}\n`)
        .join(''),
    ).catch((error: unknown) => log.warn({ path, err: String(error) }, 'records.spool-not-shortened'));
    outbox.#file = await LineFile.open({
      path,
      fsync: true,
      shorten: { lines, after: shortenAfter },
    });
    return outbox;
  }

  private constructor(options: OutboxOptions, left: readonly LeftRecord[], over: readonly string[]) {
    this.#options = options;
    this.left = left;
    this.#over = new Set(over);
    for (const { record, to } of left)
      this.#entries.set(record.id, { record, to: new Set(to), stored: true, settle: () => {} });
  }

  /** The record of this call was handed in, as far as is remembered. */
  has(id: string): boolean {
    return this.#entries.has(id) || this.#over.has(id);
  }

  /** Resolves when it is on the disk, or every sink has it; a disk that refuses is asked again. */
  add(record: StoredRecord, to: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Entry = { record, to: new Set(to), stored: false, settle: resolve };
    this.#entries.set(record.id, entry);
    if (this.#file === undefined) resolve();
    else this.#store(entry);
    return promise;
  }

  done(id: string, sink: string): void {
    const entry = this.#entries.get(id);
    if (!entry?.to.delete(sink)) return;
    const isOver = entry.to.size === 0;
    if (isOver) {
      this.#entries.delete(id);
      this.#remember(id);
      entry.settle();
    }
    // Lost in a crash it costs a second delivery, which no sink makes a second record of: nobody waits for the disk.
    if (entry.stored || isOver)
      void this.#append(lineOf(isOver ? { id, over: true } : { id, did: sink }), false);
  }

  /** Writes what the disk refused once more, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.clear();
    for (const entry of this.#entries.values()) if (!entry.stored) this.#store(entry);
    await this.#file?.close();
    const lost = [...this.#entries.values()].filter(({ stored }) => !stored).length;
    if (lost > 0) this.#options.log.error({ records: lost }, 'records.lost');
  }

  #store(entry: Entry): void {
    this.#append(addLine(entry), true)?.then(
      () => {
        entry.stored = true;
        entry.settle();
        this.#troubled = false;
      },
      () => this.#again(),
    );
  }

  #append(line: string, sync: boolean): Promise<void> | undefined {
    const appended = this.#file?.append(line, sync);
    appended?.catch((error: unknown) => {
      const { path, log } = this.#options;
      if (!this.#troubled) log.error({ path, err: String(error) }, 'records.spool-write-failed');
      this.#troubled = true;
    });
    return appended;
  }

  #again(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = this.#options.clock.after(AGAIN_MS, () => {
      this.#timer = undefined;
      for (const entry of this.#entries.values()) if (!entry.stored) this.#store(entry);
    });
  }

  #remember(id: string): void {
    this.#over.add(id);
    for (const oldest of this.#over) {
      if (this.#over.size <= REMEMBERED) break;
      this.#over.delete(oldest);
    }
  }

  /** All that is of use; what is written anew is stored. */
  #lines(): string[] {
    return [
      ...[...this.#over].map((id) => lineOf({ id, over: true })),
      ...[...this.#entries.values()].map(addLine),
    ];
  }
}

const lineOf = (line: object): string => JSON.stringify({ v: 1, ...line });

/** The record goes in as the text that it is: it is made once. */
const addLine = ({ record: { id, line, atMs }, to }: Entry): string =>
  `${lineOf({ id, at: atMs, to: [...to] }).slice(0, -1)},"record":${line}}`;

async function textOf(path: string): Promise<string> {
  return readTail(path, READ_BYTES).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  });
}

interface Parsed {
  readonly left: readonly LeftRecord[];
  readonly over: readonly string[];
  readonly damaged: number;
  /** What is damaged and whole. */
  readonly lines: readonly string[];
}

/** What makes no sense is counted and passed over; of a torn line only the record in it was never acknowledged. */
function parsed(text: string): Parsed {
  const entries = new Map<string, { record: StoredRecord; to: Set<string> }>();
  const over = new Set<string>();
  const all = text.split('\n');
  const bad: string[] = [];
  for (const line of all) {
    if (line === '') continue;
    const { v, id, at, to, record, did, over: isOver } = partsOf(line);
    if (v !== 1 || typeof id !== 'string') {
      bad.push(line);
    } else if (isOver === true) {
      entries.delete(id);
      over.add(id);
    } else if (typeof did === 'string') {
      const entry = entries.get(id);
      entry?.to.delete(did);
    } else if (typeof at === 'number' && Array.isArray(to) && typeof record === 'object' && record !== null) {
      const names = to.filter((name) => typeof name === 'string');
      entries.set(id, { record: { id, line: JSON.stringify(record), atMs: at }, to: new Set(names) });
    } else {
      bad.push(line);
    }
  }
  for (const [id, { to }] of entries) if (to.size === 0 && entries.delete(id)) over.add(id);
  const left = [...entries.values()].map(({ record, to }) => ({ record, to: [...to] }));
  const lines = bad.filter((line) => line !== all.at(-1));
  return { left, over: [...over].slice(-REMEMBERED), damaged: bad.length, lines };
}

function partsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
