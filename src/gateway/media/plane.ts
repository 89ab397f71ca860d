import { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { ErrorCode } from '../../shared/codes/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import type { FromWorker, MediaEvent, MediaRequestName, MediaRequests, WorkerOptions } from './protocol.ts';

export interface MediaPlaneOptions {
  readonly worker: WorkerOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds until a request to the worker fails with GATEWAY_MEDIA_TIMEOUT. */
  readonly requestTimeoutMs?: number;
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

/** The worker's file stands beside this one, as .ts in a checkout and as .js when built. */
const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/**
 * The main thread's end of a media worker: typed requests with a time limit, events by call, and one
 * replacement when the worker dies. Owns the thread, its listeners and the timers of its requests.
 */
export class MediaPlane {
  readonly #options: MediaPlaneOptions;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #calls = new Set<string>();
  #worker: Worker | undefined;
  #nextId = 1;
  #stopping = false;
  #startedMs: number;
  #deaths = 0;
  #respawn: TimerHandle | undefined;

  private constructor(options: MediaPlaneOptions, worker: Worker) {
    this.#options = options;
    this.#worker = worker;
    this.#startedMs = options.clock.monotonic();
  }

  /** Starts the worker and waits until its codecs are loaded. Rejects with GATEWAY_MEDIA_WORKER_START. */
  static async start(options: MediaPlaneOptions): Promise<MediaPlane> {
    const worker = await spawn(options);
    const plane = new MediaPlane(options, worker);
    plane.#watch(worker);
    return plane;
  }

  /** Sends one request; settles with the reply, a GatewayError of the worker, or a time-out. */
  request<N extends MediaRequestName>(
    name: N,
    params: MediaRequests[N]['params'],
  ): Promise<MediaRequests[N]['result']> {
    const worker = this.#worker;
    if (!worker || this.#stopping) return Promise.reject(new GatewayError('GATEWAY_MEDIA_WORKER_LOST'));
    const id = this.#nextId++;
    const call = 'call' in params ? params.call : undefined;
    if (call && name === 'open') this.#calls.add(call);
    if (call && name === 'close') this.#calls.delete(call);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = this.#options.clock.after(this.#options.requestTimeoutMs ?? 10_000, () => {
      this.#pending.delete(id);
      reject(new GatewayError('GATEWAY_MEDIA_TIMEOUT', undefined, { request: name }));
    });
    this.#pending.set(id, { resolve, reject, timer });
    worker.postMessage({ type: 'request', id, name, params });
    return promise as Promise<MediaRequests[N]['result']>;
  }

  /** False from the death of a worker until there is another one. */
  get alive(): boolean {
    return this.#worker !== undefined;
  }

  /** Calls whose media this worker holds. */
  get calls(): number {
    return this.#calls.size;
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
      const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({ type: 'stop' });
      const impatient = this.#options.clock.after(3_000, () => void worker.terminate());
      await gone;
      impatient.clear();
    }
    this.#failPending('GATEWAY_MEDIA_WORKER_LOST');
  }

  #watch(worker: Worker): void {
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) => {
      this.#options.log.error({ err: error.message, stack: error.stack }, 'media.worker-error');
    });
    worker.once('exit', (exitCode) => {
      if (!this.#stopping) this.#replace(exitCode);
    });
  }

  #receive(message: FromWorker): void {
    if (message.type === 'event') return this.#options.onEvent(message.call, message.event);
    if (message.type === 'log') return this.#options.log[message.level](message.fields, message.event);
    if (message.type !== 'reply') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return; // timed out before
    this.#pending.delete(message.id);
    pending.timer.clear();
    if (message.ok) pending.resolve(message.value);
    else pending.reject(new GatewayError(message.error.code ?? 'GATEWAY_BUG', message.error.message));
  }

  #replace(exitCode: number): void {
    const { clock, log, onLost } = this.#options;
    const lost = [...this.#calls];
    this.#calls.clear();
    this.#worker = undefined;
    this.#deaths = clock.monotonic() - this.#startedMs < EARLY_DEATH_MS ? this.#deaths + 1 : 0;
    // One that dies as soon as it lives must not be born in a tight loop.
    const pauseMs = this.#deaths === 0 ? 0 : Math.min(MAX_PAUSE_MS, 250 * 2 ** this.#deaths);
    log.error({ exitCode, calls: lost.length, pauseMs }, 'media.worker-lost');
    this.#failPending('GATEWAY_MEDIA_WORKER_LOST');
    this.#respawn = clock.after(pauseMs, () => this.#bear());
    onLost(lost);
  }

  /** It takes requests at once: messages queue until its codecs are loaded. */
  #bear(): void {
    this.#startedMs = this.#options.clock.monotonic();
    let worker: Worker;
    try {
      worker = new Worker(workerFile, { workerData: this.#options.worker });
    } catch (error) {
      // No thread or no memory is to be had: a death like any other.
      this.#options.log.error({ err: String(error) }, 'media.worker-error');
      return this.#replace(1);
    }
    this.#worker = worker;
    this.#watch(worker);
  }

  #failPending(code: ErrorCode): void {
    for (const { reject, timer } of this.#pending.values()) {
      timer.clear();
      reject(new GatewayError(code));
    }
    this.#pending.clear();
  }
}

function spawn(options: MediaPlaneOptions): Promise<Worker> {
  const worker = new Worker(workerFile, { workerData: options.worker });
  return new Promise((resolve, reject) => {
    let why = 'it ended at once';
    const settle = (): void => {
      worker.off('error', onError);
      worker.off('exit', onExit);
      worker.off('message', onMessage);
    };
    const onError = (error: Error): void => {
      why = error.message;
    };
    const onExit = (exitCode: number): void => {
      settle();
      reject(
        new GatewayError('GATEWAY_MEDIA_WORKER_START', `A media worker did not start: ${why}.`, { exitCode }),
      );
    };
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'log') {
        why = JSON.stringify(message.fields);
        return options.log[message.level](message.fields, message.event);
      }
      if (message.type !== 'started') return;
      settle();
      options.log.info({ opus: message.opus }, 'media.worker-started');
      resolve(worker);
    };
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.on('message', onMessage);
  });
}
