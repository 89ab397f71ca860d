import { redactSip, type TracedMessage } from '../sip-trace.ts';
import { CallTrace, type NewEntry } from './call-trace.ts';
import type { TracedSip, TraceEntry, TraceHead } from './entry.ts';
import { hideKnown, hidePersons } from './persons.ts';
import { fitLength, sipHeader, sipSummary } from './sip-text.ts';

/** Numbers are read when they are needed: a reload changes them. */
export interface TraceStoreOptions {
  /** Memory of one call's trace, bytes. */
  readonly bytesPerCall: number;
  /** How many calls that are over are kept. */
  readonly keepEnded: number;
  /** Ids and names of persons may be shown: at log level debug. */
  readonly personal: () => boolean;
  /** Monotonic ms. */
  readonly monotonic: () => number;
  readonly onEntry?: (trace: CallTrace, entry: TraceEntry) => void;
  /** A SIP message that belongs to no call of ours (OPTIONS, REGISTER, refused INVITEs), some seconds after it came. */
  readonly onStray?: ((sip: TracedSip, atMs: number) => void) | undefined;
}

interface Known {
  readonly trace: CallTrace;
  /** Who must not be shown. */
  readonly persons: string[];
  readonly dialogs: string[];
}

interface Stray {
  readonly message: TracedMessage;
  readonly atMs: number;
}

/** A message may be here before its call knows the Call-ID; after this it is nobody's, ms. */
const WAIT_MS = 5_000;
/** What may wait meanwhile, bytes: a flood of INVITEs must not cost memory. */
const MAX_WAITING_BYTES = 2_000_000;

/** The traces of calls that are up and of the last that are over. Owns memory only. */
export class TraceStore {
  readonly #options: TraceStoreOptions;
  readonly #calls = new Map<string, Known>();
  /** Meta's ids of calls that have another here. */
  readonly #aliases = new Map<string, string>();
  /** SIP Call-ID -> call. */
  readonly #dialogs = new Map<string, string>();
  /** Over, oldest first. */
  readonly #ended = new Set<string>();
  readonly #waiting = new Map<string, Stray[]>();
  #waitingBytes = 0;

  constructor(options: TraceStoreOptions) {
    this.#options = options;
  }

  /** Calls with a trace, those that are over included. */
  get size(): number {
    return this.#calls.size;
  }

  /** Memory of all traces, bytes, as far as it can be told. */
  get bytes(): number {
    let sum = 0;
    for (const { trace } of this.#calls.values()) sum += trace.bytes;
    return sum;
  }

  /** By our name of the call, or by Meta's. */
  get(callId: string): CallTrace | undefined {
    return (this.#calls.get(callId) ?? this.#calls.get(this.#aliases.get(callId) ?? ''))?.trace;
  }

  begin(head: TraceHead, persons: readonly string[]): void {
    this.#forget(head.callId);
    const trace = new CallTrace(head, this.#options.bytesPerCall);
    this.#calls.set(head.callId, { trace, persons: [...persons], dialogs: [] });
  }

  /** Somebody else who must not be shown, from now on. */
  person(callId: string, person: string | undefined): void {
    const known = this.#calls.get(callId);
    if (known && person && !known.persons.includes(person)) known.persons.push(person);
  }

  named(callId: string, metaCallId: string): void {
    const known = this.#calls.get(callId);
    if (!known || callId === metaCallId) return;
    known.trace.named(metaCallId);
    this.#aliases.set(metaCallId, callId);
  }

  add(callId: string, entry: NewEntry): void {
    const known = this.#calls.get(callId);
    if (!known) return;
    const what = this.#options.personal() ? entry.what : hideKnown(entry.what, known.persons);
    const added = known.trace.add({ ...entry, what });
    this.#options.onEntry?.(known.trace, added);
  }

  /** Messages of this SIP dialog are the call's, those included that came a moment ago. */
  own(sipCallId: string, callId: string): void {
    const known = this.#calls.get(callId);
    if (!known) return;
    if (!known.dialogs.includes(sipCallId)) known.dialogs.push(sipCallId);
    this.#dialogs.set(sipCallId, callId);
    const waiting = this.#waiting.get(sipCallId) ?? [];
    this.#waiting.delete(sipCallId);
    for (const { message } of waiting) {
      this.#waitingBytes -= message.message.length;
      this.#take(known, message);
    }
  }

  /** A message on the wire, whosever it is. */
  sip(message: TracedMessage): void {
    const id = sipHeader(textOf(message.message), 'call-id', 'i') ?? '';
    const known = this.#calls.get(this.#dialogs.get(id) ?? '');
    if (known) return this.#take(known, message);
    const atMs = this.#options.monotonic();
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.push({ message, atMs });
    else this.#waiting.set(id, [{ message, atMs }]);
    this.#waitingBytes += message.message.length;
    this.#sweep(atMs);
  }

  end(callId: string): void {
    const known = this.#calls.get(callId);
    if (!known) return;
    known.trace.end();
    this.#ended.add(callId);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= this.#options.keepEnded) break;
      this.#forget(oldest);
    }
  }

  #take({ trace, persons }: Known, message: TracedMessage): void {
    const sip = this.#shown(message, persons);
    const [from, to] = message.direction === 'in' ? PHONE_TO_US : US_TO_PHONE;
    const what = sipSummary(sip.text);
    const entry = trace.add({ atMs: message.at, kind: 'sip', from, to, what, sip });
    this.#options.onEntry?.(trace, entry);
  }

  #shown(
    { direction, protocol, local, remote, message }: TracedMessage,
    persons: readonly string[],
  ): TracedSip {
    const clean = redactSip(textOf(message));
    const text = fitLength(this.#options.personal() ? clean : hidePersons(clean, persons));
    return { direction, protocol, local, remote, text };
  }

  /** What waited too long is nobody's; so is the oldest where there is too much. */
  #sweep(nowMs: number): void {
    for (const [id, messages] of this.#waiting) {
      const isOld = (messages[0]?.atMs ?? 0) < nowMs - WAIT_MS;
      if (!isOld && this.#waitingBytes <= MAX_WAITING_BYTES) return;
      this.#waiting.delete(id);
      const { onStray } = this.#options;
      for (const { message } of messages) {
        this.#waitingBytes -= message.message.length;
        onStray?.(this.#shown(message, []), message.at);
      }
    }
  }

  #forget(callId: string): void {
    const known = this.#calls.get(callId);
    this.#calls.delete(callId);
    this.#ended.delete(callId);
    for (const dialog of known?.dialogs ?? []) this.#dialogs.delete(dialog);
    const { metaCallId } = known?.trace.view(Number.POSITIVE_INFINITY) ?? {};
    if (metaCallId !== undefined) this.#aliases.delete(metaCallId);
  }
}

/** Without a copy of the bytes. */
const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8');

const PHONE_TO_US = ['phone', 'gateway'] as const;
const US_TO_PHONE = ['gateway', 'phone'] as const;
