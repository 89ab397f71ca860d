import { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { YOUNG_LIMITS } from '../../shared/young-heap.ts';
import { REPORT_EVERY_MS } from './load-meter.ts';
import type { Placeable } from './placement.ts';
import type { FromWorker, MediaEvent, MediaRequestName, MediaRequests, WorkerOptions } from './protocol.ts';
import { SlotTotals, type WorkerStats } from './slot-totals.ts';
import { type ThreadFacts, threadFacts } from './thread-facts.ts';

export interface SlotOptions {
  /** Of the worker's program. */
  readonly file: URL;
  /** Asked at each start of the worker. */
  readonly worker: () => WorkerOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds until a request fails with GATEWAY_MEDIA_TIMEOUT. */
  readonly requestTimeoutMs: number;
  readonly onEvent: (call: string, event: MediaEvent) => void;
  /** The worker died; the named calls have no media any more. */
  readonly onLost: (calls: readonly string[]) => void;
}

interface PendingRequest {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: GatewayError) => void;
  readonly timer: TimerHandle;
}

/** A worker that lived shorter than this died of its start, ms. */
const EARLY_DEATH_MS = 5_000;
const MAX_PAUSE_MS = 30_000;
/** So many checks without a report are a hung worker; one that starts has longer. */
const PATIENCE = { starting: 30, up: 10 } as const;
/** How long a worker that is told to stop may take, ms. */
const STOP_MS = 3_000;
/** How long its thread may take to go once it is ended: one whose file operation hangs in the system never goes, ms. */
const GO_MS = 2_000;

/**
 * One place of the pool, and the worker that fills it: typed requests with a time limit, events by call, and a
 * replacement when the worker dies or hangs. Owns the thread, its listeners and the timers of its requests.
 */
export class WorkerSlot implements Placeable {
  /** From 0. */
  readonly index: number;
  readonly #options: SlotOptions;
  readonly #pending = new Map<number, PendingRequest>();
  /** Calls that it was asked to close, until it replies, by request: a recording may still be on its way to the disk. */
  readonly #closing = new Map<number, string>();
  /** Whether the audio of each call was open when the worker last measured itself. */
  readonly #calls = new Map<string, 'quiet' | 'talking' | 'measured'>();
  readonly #totals: SlotTotals;
  #worker: Worker | undefined;
  #state: 'starting' | 'up' | 'dead' = 'dead';
  #first: PromiseWithResolvers<void> | undefined = Promise.withResolvers<void>();
  #why = 'it ended at once';
  #nextId = 1;
  #stopping = false;
  #startedMs = 0;
  #deaths = 0;
  #missed = 0;
  /** Of the worker's thread, the system's number. */
  #thread: number | undefined;
  #before: { readonly facts: ThreadFacts | undefined; readonly atMs: number } | undefined;
  #respawn: TimerHandle | undefined;

  private constructor(index: number, options: SlotOptions) {
    this.index = index;
    this.#options = options;
    this.#totals = new SlotTotals(index, options.clock);
  }

  /** Starts the worker and waits until its codecs are loaded. Rejects with GATEWAY_MEDIA_WORKER_START. */
  static async start(index: number, options: SlotOptions): Promise<WorkerSlot> {
    const slot = new WorkerSlot(index, options);
    const started = slot.#first?.promise;
    slot.#bear();
    const watch = slot.#watchStart();
    try {
      await started;
    } finally {
      watch.clear();
    }
    return slot;
  }

  get state(): 'starting' | 'up' | 'dead' {
    return this.#state;
  }

  get calls(): number {
    return this.#calls.size;
  }

  get unmeasured(): number {
    let count = 0;
    for (const state of this.#calls.values()) if (state !== 'measured') count += 1;
    return count;
  }

  get cpuShare(): number {
    return this.#totals.cpuShare;
  }

  get steadyShare(): number {
    return this.#totals.steadyShare;
  }

  stats(): WorkerStats {
    return this.#totals.read(this.#state === 'up', this.#calls.size);
  }

  /** Sends one request; settles with the reply, a GatewayError of the worker, or a time-out. */
  request<N extends MediaRequestName>(
    name: N,
    params: MediaRequests[N]['params'],
  ): Promise<MediaRequests[N]['result']> {
    const worker = this.#worker;
    if (!worker || this.#stopping) return Promise.reject(new GatewayError('GATEWAY_MEDIA_WORKER_LOST'));
    const id = this.#nextId++;
    if ('call' in params) this.#note(name, params.call);
    if ('call' in params && name === 'close') this.#closing.set(id, params.call);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = this.#options.clock.after(this.#options.requestTimeoutMs, () => {
      this.#pending.delete(id);
      reject(
        new GatewayError('GATEWAY_MEDIA_TIMEOUT', undefined, { request: name, worker: String(this.index) }),
      );
    });
    this.#pending.set(id, { resolve, reject, timer });
    worker.postMessage({ type: 'request', id, name, params });
    return promise as Promise<MediaRequests[N]['result']>;
  }

  /** For calls that are opened from now on; one that is born later asks by itself. */
  configure(options: WorkerOptions): void {
    this.#worker?.postMessage({ type: 'configure', options });
  }

  /** Counted in checks, not in time: a machine that slept has missed none. To be called about once a second. */
  check(): void {
    if (this.#state === 'dead' || this.#stopping) return;
    this.#missed += 1;
    const patience = PATIENCE[this.#state];
    // Two looks, a check apart, tell a thread that loops from one that waits.
    const { log, clock } = this.#options;
    if (this.#missed === patience)
      this.#before = { facts: threadFacts(this.#thread), atMs: clock.monotonic() };
    if (this.#missed <= patience) return;
    const thread = threadFacts(this.#thread);
    const before = this.#before;
    const ran = thread &&
      before?.facts && {
        ranMs: thread.cpuMs - before.facts.cpuMs,
        ofMs: Math.round(clock.monotonic() - before.atMs),
      };
    log.error({ worker: this.index, checks: this.#missed, thread, ...ran }, 'media.worker-hung');
    this.#why = 'it hung';
    const worker = this.#worker;
    // Its calls are ended now: a thread that is stuck in the system may take its time to go.
    worker?.removeAllListeners();
    worker?.on('error', () => {});
    void worker?.terminate();
    this.#ended('hung');
  }

  /** Nobody else checks a worker before all have started. */
  #watchStart(): TimerHandle {
    let timer: TimerHandle | undefined;
    const arm = (): void => {
      timer = this.#options.clock.after(REPORT_EVERY_MS, () => {
        arm();
        this.check();
      });
    };
    arm();
    return { clear: () => timer?.clear() };
  }

  /** Ends the thread as a crash would; for tests of what follows. */
  async crash(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the thread. Calls must have been closed before; what is left is dropped. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#respawn?.clear();
    const worker = this.#worker;
    if (worker) {
      const { clock, log } = this.#options;
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      worker.once('exit', () => resolve());
      worker.postMessage({ type: 'stop' });
      let timer = clock.after(STOP_MS, () => {
        void worker.terminate();
        timer = clock.after(GO_MS, () => {
          // What else is to be closed must not wait for it: records, the journal.
          log.error({ worker: this.index }, 'media.worker-left');
          resolve();
        });
      });
      await gone;
      timer.clear();
    }
    this.#failPending();
  }

  #note(name: MediaRequestName, call: string): void {
    if (name === 'open') this.#calls.set(call, 'quiet');
    const isOpened = name === 'setOpen' || name === 'openEarly';
    if (isOpened && this.#calls.get(call) === 'quiet') this.#calls.set(call, 'talking');
    if (name === 'close') this.#calls.delete(call);
  }

  /** It takes requests at once: messages queue until its codecs are loaded. */
  #bear(): void {
    const { clock, log, file } = this.#options;
    this.#startedMs = clock.monotonic();
    this.#missed = 0;
    this.#thread = undefined;
    let worker: Worker;
    try {
      worker = new Worker(file, {
        workerData: this.#options.worker(),
        resourceLimits: YOUNG_LIMITS,
      });
    } catch (error) {
      // No thread or no memory is to be had: a death like any other.
      this.#why = String(error);
      log.error({ worker: this.index, err: this.#why }, 'media.worker-error');
      return this.#ended(1);
    }
    this.#worker = worker;
    this.#state = 'starting';
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) => {
      this.#why = error.message;
      log.error({ worker: this.index, err: error.message, stack: error.stack }, 'media.worker-error');
    });
    worker.once('exit', (exitCode) => this.#ended(exitCode));
  }

  #receive(message: FromWorker): void {
    const { log, onEvent } = this.#options;
    switch (message.type) {
      case 'event':
        return onEvent(message.call, message.event);
      case 'log':
        if (this.#state === 'starting') this.#why = JSON.stringify(message.fields);
        return log[message.level]({ ...message.fields, worker: this.index }, message.event);
      case 'thread':
        this.#thread = message.thread;
        return;
      case 'started':
        this.#state = 'up';
        this.#missed = 0;
        log.info(
          { worker: this.index, opus: message.opus, io: message.io, priority: message.priority },
          'media.worker-started',
        );
        this.#first?.resolve();
        this.#first = undefined;
        return;
      case 'report':
        this.#missed = 0;
        this.#totals.take(message.report);
        for (const [call, state] of this.#calls) {
          if (state === 'talking') this.#calls.set(call, 'measured');
        }
        return;
      case 'reply':
        return this.#settle(message);
    }
  }

  #settle(message: FromWorker & { type: 'reply' }): void {
    this.#closing.delete(message.id);
    const pending = this.#pending.get(message.id);
    if (!pending) return; // timed out before
    this.#pending.delete(message.id);
    pending.timer.clear();
    if (message.ok) pending.resolve(message.value);
    else pending.reject(new GatewayError(message.error.code ?? 'GATEWAY_BUG', message.error.message));
  }

  #ended(how: number | 'hung'): void {
    this.#worker = undefined;
    this.#state = 'dead';
    if (this.#stopping) return;
    if (this.#first) {
      const text = `A media worker did not start: ${this.#why}.`;
      this.#stopping = true;
      this.#failPending();
      return this.#first.reject(
        new GatewayError('GATEWAY_MEDIA_WORKER_START', text, { exitCode: String(how) }),
      );
    }
    const { clock, log, onLost } = this.#options;
    const lost = [...this.#calls.keys(), ...this.#closing.values()];
    this.#calls.clear();
    this.#closing.clear();
    this.#totals.died();
    this.#deaths = clock.monotonic() - this.#startedMs < EARLY_DEATH_MS ? this.#deaths + 1 : 0;
    // One that dies as soon as it lives must not be born in a tight loop.
    const pauseMs = this.#deaths === 0 ? 0 : Math.min(MAX_PAUSE_MS, 250 * 2 ** this.#deaths);
    log.error({ worker: this.index, exitCode: how, calls: lost.length, pauseMs }, 'media.worker-lost');
    this.#failPending();
    this.#respawn = clock.after(pauseMs, () => this.#bear());
    onLost(lost);
  }

  #failPending(): void {
    for (const { reject, timer } of this.#pending.values()) {
      timer.clear();
      reject(new GatewayError('GATEWAY_MEDIA_WORKER_LOST'));
    }
    this.#pending.clear();
  }
}
