import { workersOf } from '../../config/index.ts';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { REPORT_EVERY_MS } from './load-meter.ts';
import { isFull, place } from './placement.ts';
import type { CallRequestName, LiveMedia, MediaEvent, MediaRequests, WorkerOptions } from './protocol.ts';
import type { WorkerStats } from './slot-totals.ts';
import { WorkerSlot } from './worker-slot.ts';

export interface MediaPlaneOptions {
  /** How many threads; `auto` is one a core. 1 to 64. */
  readonly workers: 'auto' | number;
  /** Asked at each start of a worker, replacements included. */
  readonly worker: () => WorkerOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds until a request to a worker fails with GATEWAY_MEDIA_TIMEOUT. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** The worker's program; default: the one that stands beside this file. */
  readonly workerFile?: URL;
  readonly onEvent: (call: string, event: MediaEvent) => void;
  /** A worker died or hung; the named calls, of which some may just have been closed, have no media any more. The others go on. */
  readonly onLost: (calls: readonly string[]) => void;
}

/** As .ts in a checkout and as .js when built. */
const ownWorkerFile = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js',
  import.meta.url,
);

/**
 * The media workers, as the main thread sees them: a call is opened on the least loaded one and stays there. No packet
 * ever comes here. Owns the workers and the timer that looks whether they live.
 */
export class MediaPlane {
  readonly #clock: Clock;
  readonly #slots: readonly WorkerSlot[];
  readonly #calls: Map<string, WorkerSlot>;
  #watch: TimerHandle | undefined;
  #stopping = false;

  private constructor(clock: Clock, slots: readonly WorkerSlot[], calls: Map<string, WorkerSlot>) {
    this.#clock = clock;
    this.#slots = slots;
    this.#calls = calls;
    this.#arm();
  }

  /** Starts the workers and waits until they have their codecs. Rejects with GATEWAY_MEDIA_WORKER_START. */
  static async start(options: MediaPlaneOptions): Promise<MediaPlane> {
    const { workers, requestTimeoutMs = 10_000, workerFile: file = ownWorkerFile, clock, log } = options;
    const count = workersOf(workers);
    const calls = new Map<string, WorkerSlot>();
    const onLost = (lost: readonly string[]): void => {
      for (const call of lost) calls.delete(call);
      options.onLost(lost);
    };
    const starts = await Promise.allSettled(
      Array.from({ length: count }, (_, index) =>
        WorkerSlot.start(index, {
          file,
          worker: options.worker,
          clock,
          log,
          requestTimeoutMs,
          onEvent: options.onEvent,
          onLost,
        }),
      ),
    );
    const slots = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      await Promise.all(slots.map((slot) => slot.stop()));
      throw failed.reason;
    }
    return new MediaPlane(clock, slots, calls);
  }

  /**
   * Asks the worker of the call; `open` chooses it. Settles with the reply, a GatewayError of the worker, or a time-out.
   * A call that is on no worker (any more) is GATEWAY_NO_CALL, and is closed already.
   */
  request<N extends CallRequestName>(
    name: N,
    params: MediaRequests[N]['params'],
  ): Promise<MediaRequests[N]['result']> {
    const { call } = params;
    if (this.#stopping) return lost();
    const slot = this.#calls.get(call) ?? (name === 'open' ? place(this.#slots) : undefined);
    if (!slot) {
      if (name === 'open') return lost();
      if (name === 'close') return Promise.resolve(undefined) as Promise<MediaRequests[N]['result']>;
      return Promise.reject(new GatewayError('GATEWAY_NO_CALL'));
    }
    if (name === 'open') this.#calls.set(call, slot);
    if (name === 'close') this.#calls.delete(call);
    return slot.request(name, params);
  }

  /** A live view of the call's legs, with the worker that holds them. Rejects as `request` does. */
  async dump(call: string): Promise<LiveMedia & { readonly worker: number | undefined }> {
    const legs = await this.request('dump', { call });
    return { worker: this.workerOf(call), ...legs };
  }

  /** Which worker holds the call, from 0. */
  workerOf(call: string): number | undefined {
    return this.#calls.get(call)?.index;
  }

  /** What is open in all workers: a leak check for tests and operators. */
  async inventory(): Promise<MediaRequests['inventory']['result']> {
    const living = this.#slots.filter(({ state }) => state !== 'dead');
    const all = await Promise.all(living.map((slot) => slot.request('inventory', {})));
    return {
      calls: all.reduce((sum, { calls }) => sum + calls, 0),
      bridges: all.reduce((sum, { bridges }) => sum + bridges, 0),
      resources: all.flatMap(({ resources }) => resources),
    };
  }

  /** For calls that are opened from now on; those that are up keep what they have. */
  configure(options: WorkerOptions): void {
    for (const slot of this.#slots) slot.configure(options);
  }

  /** False while no worker can take a call. */
  get alive(): boolean {
    return this.#slots.some(({ state }) => state === 'up');
  }

  /** Whether every worker takes at least `limit` of its core, 0 to 1, so that one more call would cost the others. */
  isFull(limit: number): boolean {
    return isFull(this.#slots, limit);
  }

  get stats(): readonly WorkerStats[] {
    return this.#slots.map((slot) => slot.stats());
  }

  /** Ends a worker's thread as a crash would; for tests of what follows. */
  async crash(worker = 0): Promise<void> {
    await this.#slots[worker]?.crash();
  }

  /** Ends the threads. Calls must have been closed before; what is left is dropped. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#watch?.clear();
    await Promise.all(this.#slots.map((slot) => slot.stop()));
  }

  #arm(): void {
    this.#watch = this.#clock.after(REPORT_EVERY_MS, () => {
      this.#arm();
      for (const slot of this.#slots) slot.check();
    });
  }
}

function lost(): Promise<never> {
  return Promise.reject(new GatewayError('GATEWAY_MEDIA_WORKER_LOST'));
}
