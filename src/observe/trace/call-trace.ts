import type { TraceEntry, TraceHead, TraceView } from './entry.ts';

/** Objects, numbers and pointers of an entry, bytes; measured on V8 (test/observe/trace-memory.test.ts). */
const ENTRY_BYTES = 400;
const QUALITY_BYTES = 1_200;
const SIP_BYTES = 400;
const DATUM_BYTES = 100;
/** One message that is kept whole; SIP over TCP may be longer, characters. */
const MAX_SIP_TEXT = 16_384;
const MAX_WHAT = 300;

/** An entry before it has its number. */
export type NewEntry = Omit<TraceEntry, 'seq'>;

/**
 * The entries of one call, within a bound of memory: the first half of it stays (how the call came up), the second is
 * for the newest, and what lies between is dropped and counted.
 */
export class CallTrace {
  readonly head: TraceHead;
  readonly #maxBytes: number;
  readonly #first: TraceEntry[] = [];
  #last: { readonly entry: TraceEntry; readonly bytes: number }[] = [];
  #firstBytes = 0;
  #lastBytes = 0;
  #firstFull = false;
  #seq = 0;
  #dropped = 0;
  #metaCallId: string | undefined;
  #ended = false;

  /** @param maxBytes of memory, as far as it can be told */
  constructor(head: TraceHead, maxBytes: number) {
    this.head = head;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#firstBytes + this.#lastBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
  }

  /** Meta's name of a call that has another one here. */
  named(metaCallId: string): void {
    if (metaCallId !== this.head.callId) this.#metaCallId = metaCallId;
  }

  add(given: NewEntry): TraceEntry {
    this.#seq += 1;
    const entry = { ...bounded(given), seq: this.#seq };
    const bytes = bytesOf(entry);
    const half = this.#maxBytes / 2;
    if (!this.#firstFull && this.#firstBytes + bytes <= half) {
      this.#first.push(entry);
      this.#firstBytes += bytes;
      return entry;
    }
    this.#firstFull = true;
    this.#last.push({ entry, bytes });
    this.#lastBytes += bytes;
    let gone = 0;
    while (this.#lastBytes > half && gone < this.#last.length) {
      this.#lastBytes -= this.#last[gone]?.bytes ?? 0;
      gone += 1;
    }
    if (gone > 0) this.#last = this.#last.slice(gone);
    this.#dropped += gone;
    return entry;
  }

  /** Those behind number `after`, in the order of time: reports of other threads come a little late. */
  view(after = 0): TraceView {
    const all = [...this.#first, ...this.#last.map(({ entry }) => entry)];
    return {
      v: 1,
      ...this.head,
      ...(this.#metaCallId === undefined ? {} : { metaCallId: this.#metaCallId }),
      ended: this.#ended,
      dropped: this.#dropped,
      entries: all.filter(({ seq }) => seq > after).sort((a, b) => a.atMs - b.atMs || a.seq - b.seq),
    };
  }
}

function bounded(entry: NewEntry): NewEntry {
  const { what, sip } = entry;
  const short = what.length > MAX_WHAT ? { ...entry, what: `${what.slice(0, MAX_WHAT)}…` } : entry;
  if (!sip || sip.text.length <= MAX_SIP_TEXT) return short;
  const rest = sip.text.length - MAX_SIP_TEXT;
  return { ...short, sip: { ...sip, text: `${sip.text.slice(0, MAX_SIP_TEXT)}\r\n[${rest} more]` } };
}

function bytesOf({ what, data, sip, quality }: TraceEntry): number {
  let bytes = ENTRY_BYTES + sizeOf(what);
  for (const value of Object.values(data ?? {}))
    bytes += DATUM_BYTES + (typeof value === 'string' ? sizeOf(value) : 0);
  if (sip) bytes += SIP_BYTES + sizeOf(sip.text);
  if (quality) bytes += QUALITY_BYTES;
  return bytes;
}

/** V8 keeps a text of Latin-1 with one byte a character, any other with two. */
const sizeOf = (text: string): number => (/[^\0-\xff]/.test(text) ? text.length * 2 : text.length);
