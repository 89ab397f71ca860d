import { Worker } from 'node:worker_threads';
import { CODES, type ErrorCode } from '../shared/codes/index.ts';
import { GatewayError } from '../shared/error.ts';
import { silentLog } from '../shared/log.ts';
import { Counters } from './guard/counters.ts';
import type { SipContact, SipServer, SipServerWorkerOptions } from './types.ts';
import type { WorkerCommand, WorkerEvent, WorkerFailure, WorkerStart } from './worker-protocol.ts';

/**
 * `startSipServer` in a thread of its own: signalling storms never touch the caller's event loop, nor the other way
 * round. Log and trace are carried over; the counters are shared memory.
 *
 * @throws GatewayError as `startSipServer` does, and SIP_SERVER_WORKER
 */
export async function startSipServerWorker(options: SipServerWorkerOptions): Promise<SipServer> {
  const { log = silentLog, trace, ...settings } = options;
  const counters = new Counters();
  const start: WorkerStart = { settings, counters: counters.memory, trace: trace !== undefined };
  // From a checkout this file is TypeScript, from the published package JavaScript.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./worker-main.${extension}`, import.meta.url), { workerData: start });
  let closing = false;
  const reloads = new Map<number, (failure: WorkerFailure | undefined) => void>();
  let reload = 0;
  let gone = false;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  const settle = (id: number, outcome: WorkerFailure | undefined): void => {
    reloads.get(id)?.(outcome);
    reloads.delete(id);
  };

  const { control, contacts } = await new Promise<{ control: SipServer['control']; contacts: SipContact[] }>(
    (resolve, reject) => {
      worker.on('message', (event: WorkerEvent) => {
        if (event.type === 'listening') resolve(event);
        else if (event.type === 'failed') reject(failure(event));
        else if (event.type === 'reloaded') settle(event.id, event.failure);
        else if (event.type === 'log') log[event.level](event.fields, event.event);
        else if (event.type === 'trace') trace?.({ ...event.event, message: Buffer.from(event.message) });
      });
      worker.on('error', (cause) => {
        log.error({ error: cause }, 'sip_server.worker_failed');
        reject(new GatewayError('SIP_SERVER_WORKER', undefined, {}, { cause }));
      });
      worker.once('exit', (code) => {
        if (!closing) log.error({ code }, 'sip_server.worker_exited');
        gone = true;
        for (const id of reloads.keys()) settle(id, { code: 'SIP_SERVER_WORKER', message: '', detail: {} });
        reject(new GatewayError('SIP_SERVER_WORKER', undefined, { code }));
      });
    },
  );
  return {
    control,
    contacts,
    stats: () => counters.read(),
    reload: () =>
      new Promise<void>((resolve, reject) => {
        reload += 1;
        if (gone) return reject(new GatewayError('SIP_SERVER_WORKER'));
        reloads.set(reload, (outcome) => (outcome ? reject(failure(outcome)) : resolve()));
        worker.postMessage({ type: 'reload', id: reload } satisfies WorkerCommand);
      }),
    close: async () => {
      if (!closing) {
        closing = true;
        worker.postMessage({ type: 'close' } satisfies WorkerCommand);
      }
      await exited;
    },
  };
}

function failure(event: WorkerFailure): GatewayError {
  const code = event.code in CODES ? (event.code as ErrorCode) : 'SIP_SERVER_WORKER';
  return new GatewayError(code, event.message || undefined, event.detail as Record<string, string>);
}
