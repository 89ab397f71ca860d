import { Worker } from 'node:worker_threads';
import { CODES, type ErrorCode } from '../shared/codes/index.ts';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { YOUNG_LIMITS } from '../shared/young-heap.ts';
import type { SipAccess, TraceEvent } from './types.ts';
import type { Listening, WorkerCommand, WorkerEvent, WorkerFailure, WorkerStart } from './worker-protocol.ts';

export interface ThreadEvents {
  readonly log: Log;
  readonly trace: ((event: TraceEvent) => void) | undefined;
  readonly onWills: (changes: WorkerEvent & { type: 'wills' }) => void;
}

/** One life of the server's thread. */
export class ServerThread {
  readonly #worker: Worker;
  /** Rejects with what stopped the server from starting: a GatewayError. */
  readonly listening: Promise<Listening>;
  /** Resolves with the exit code; never rejects. */
  readonly exited: Promise<number>;

  readonly #reloads = new Map<number, (failure: WorkerFailure | undefined) => void>();
  #lastReload = 0;
  #gone = false;

  constructor(start: WorkerStart, { log, trace, onWills }: ThreadEvents) {
    // From a checkout this file is TypeScript, from the published package JavaScript.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#worker = new Worker(new URL(`./worker-main.${extension}`, import.meta.url), {
      workerData: start,
      resourceLimits: YOUNG_LIMITS,
    });
    this.exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.listening = new Promise((resolve, reject) => {
      this.#worker.on('message', (event: WorkerEvent) => {
        if (event.type === 'listening') resolve(event);
        else if (event.type === 'failed') reject(failure(event));
        else if (event.type === 'reloaded') this.#settle(event.id, event.failure);
        else if (event.type === 'log') log[event.level](event.fields, event.event);
        else if (event.type === 'trace') trace?.({ ...event.event, message: Buffer.from(event.message) });
        else onWills(event);
      });
      this.#worker.on('error', (cause) => {
        log.error({ error: cause }, 'sip_server.worker_failed');
        reject(new GatewayError('SIP_SERVER_WORKER', undefined, {}, { cause }));
      });
      this.#worker.once('exit', (code) => {
        this.#gone = true;
        for (const id of this.#reloads.keys()) this.#settle(id, GONE);
        reject(new GatewayError('SIP_SERVER_WORKER', undefined, { code }));
      });
    });
    // Whoever awaits it hears of a failure; after the start nobody does.
    this.listening.catch(() => {});
  }

  /** Rejects with a GatewayError. */
  reload(access: SipAccess | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#gone) return reject(failure(GONE));
      this.#lastReload += 1;
      this.#reloads.set(this.#lastReload, (outcome) => (outcome ? reject(failure(outcome)) : resolve()));
      this.#worker.postMessage({ type: 'reload', id: this.#lastReload, access } satisfies WorkerCommand);
    });
  }

  #settle(id: number, outcome: WorkerFailure | undefined): void {
    this.#reloads.get(id)?.(outcome);
    this.#reloads.delete(id);
  }

  /** Closes the server; resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#worker.postMessage({ type: 'close' } satisfies WorkerCommand);
    await this.exited;
  }

  /** Ends the thread wherever it is. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}

const GONE: WorkerFailure = { code: 'SIP_SERVER_WORKER', message: '', detail: {} };

function failure(event: WorkerFailure): GatewayError {
  const code = event.code in CODES ? (event.code as ErrorCode) : 'SIP_SERVER_WORKER';
  return new GatewayError(code, event.message || undefined, event.detail as Record<string, string>);
}
