import type { CallSetup } from '../../call/index.ts';
import {
  type CapturedPacket,
  maskTrace,
  type TracedMessage,
  type TracedSip,
  TraceFiles,
  TraceStore,
  type TraceView,
} from '../../observe/index.ts';
import type { TimerHandle } from '../../shared/clock.ts';
import { steadyNow } from '../call-clock.ts';
import type { CallObserver } from '../call-observer.ts';
import type { MediaEvent } from '../media/protocol.ts';
import { CallTracer } from './call-tracer.ts';
import { CaptureDesk, type CaptureWish } from './capture-desk.ts';
import { HepFeed } from './hep-feed.ts';
import { togetherSafely } from './observers.ts';
import type { TraceDeskOptions } from './options.ts';
import { SpanObserver } from './span-observer.ts';

/** What a phone still says when its call is over goes into the file too, ms. */
const AFTERWORD_MS = 1_000;

/** Traces of all calls: memory, files, HEP, spans, and captures on demand. Looks on; no call depends on it. */
export class TraceDesk {
  readonly #options: TraceDeskOptions;
  readonly #store: TraceStore;
  readonly #hep: HepFeed;
  #files: TraceFiles | undefined;
  #folder: string | undefined;
  /** Files of a folder that the configuration named before. */
  #formerFiles: Promise<unknown> = Promise.resolve();
  readonly #captures: CaptureDesk;
  readonly #observers = new Map<string, CallObserver>();
  /** Calls that are over and not written yet. */
  readonly #writing = new Map<string, TimerHandle>();

  constructor(options: TraceDeskOptions) {
    const { clock, log, logLevel } = options;
    const hep = new HepFeed(options.config.observe.hep, clock, log);
    const stray = (sip: TracedSip, atMs: number): void => hep.sip(sip, atMs);
    this.#options = options;
    this.#hep = hep;
    this.#store = new TraceStore({
      get bytesPerCall() {
        return options.config.trace.bytesPerCall;
      },
      get keepEnded() {
        return options.config.trace.calls;
      },
      personal: () => (logLevel ?? options.config.log).level === 'debug',
      monotonic: () => clock.monotonic(),
      onEntry: ({ head }, entry) => hep.entry(head.callId, entry),
      get onStray() {
        return hep.isOn ? stray : undefined;
      },
    });
    this.#captures = new CaptureDesk(options);
    this.#openFiles();
  }

  /** The configuration is another one: what is over from now on goes where it says. */
  changed(): void {
    this.#hep.replace(this.#options.config.observe.hep);
    this.#openFiles();
  }

  #openFiles(): void {
    const options = this.#options;
    const { directory } = options.config.trace;
    if (directory === this.#folder) return;
    this.#folder = directory;
    this.#formerFiles = Promise.all([this.#formerFiles, this.#files?.close()]);
    const { log } = options;
    this.#files =
      directory === undefined
        ? undefined
        : new TraceFiles({
            directory,
            get keep() {
              return options.config.trace.keepFiles;
            },
            log,
          });
  }

  /** What the configuration lets be shown. */
  get settings(): Pick<TraceDeskOptions['config'], 'trace' | 'capture'> {
    return this.#options.config;
  }

  /** Packets of the next seconds. Rejects with CAPTURE_BUSY. */
  capture(callId: string, wish: CaptureWish): Promise<CapturedPacket[]> {
    return this.#captures.capture(callId, wish);
  }

  /** Looks on at one call from its beginning. */
  observe({ facts, callerName }: Pick<CallSetup, 'facts' | 'callerName'>): CallObserver {
    const { callId, pageId, direction, receivedAtMs: startedAtMs, platform } = facts;
    const { clock, config, log } = this.#options;
    const now = steadyNow(clock);
    const head = { callId, pageId, platform: platform.name, direction, startedAtMs };
    this.#store.begin(head, callerName === undefined ? [facts.psid] : [facts.psid, callerName]);
    const hasWire = config.sip.server === 'embedded';
    const tracer = new CallTracer({ callId, store: this.#store, now, hasWire });
    const spans = SpanObserver.of({ ...head, now });
    const observer = togetherSafely([tracer, ...(spans ? [spans] : [])], log, () => this.#over(callId));
    this.#observers.set(callId, observer);
    return observer;
  }

  /** A message that crossed a socket of the embedded SIP server. */
  sip(message: TracedMessage): void {
    this.#store.sip(message);
  }

  /** The listener, and before it we. */
  watching(then: (callId: string, event: MediaEvent) => void): (callId: string, event: MediaEvent) => void {
    return (callId, event) => {
      this.#media(callId, event);
      then(callId, event);
    };
  }

  #media(callId: string, event: MediaEvent): void {
    if (event.kind === 'captured') return this.#captures.captured(callId, event.captured);
    const observer = this.#observers.get(callId);
    // A call that was given up may be told of once more.
    if (!observer) return;
    if (event.kind === 'traced') this.#hep.media(callId, event.traced);
    observer.media(event);
  }

  /** The trace of a call that is up, or over and kept, in memory or in a file; with its true addresses. */
  async view(callId: string, after = 0): Promise<TraceView | undefined> {
    return this.#store.get(callId)?.view(after) ?? (await this.#files?.read(callId));
  }

  /** Memory and calls of the traces. */
  get stats(): { readonly calls: number; readonly bytes: number } {
    return { calls: this.#store.size, bytes: this.#store.bytes };
  }

  /** Idempotent; what was not written yet is on the disk when it resolves. */
  async close(): Promise<void> {
    for (const callId of [...this.#writing.keys()]) this.#write(callId);
    await Promise.all([this.#formerFiles, this.#files?.close()]);
    this.#hep.close();
  }

  #over(callId: string): void {
    this.#observers.delete(callId);
    this.#hep.over(callId);
    if (!this.#files) return this.#store.end(callId);
    // It is kept until it is written, however few are.
    const timer = this.#options.clock.after(AFTERWORD_MS, () => this.#write(callId));
    this.#writing.set(callId, timer);
  }

  #write(callId: string): void {
    this.#writing.get(callId)?.clear();
    this.#writing.delete(callId);
    const trace = this.#store.get(callId);
    if (!trace) return;
    trace.end();
    const view = trace.view();
    void this.#files?.write(this.#options.config.trace.addresses === 'masked' ? maskTrace(view) : view);
    this.#store.end(callId);
  }
}
