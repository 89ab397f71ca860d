import { parentPort, workerData } from 'node:worker_threads';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import type { WillChanges } from './engine/last-wills.ts';
import { Counters } from './guard/counters.ts';
import { startCounted } from './server.ts';
import { WillFile } from './will-file.ts';
import type { LogLevel, WorkerCommand, WorkerEvent, WorkerFailure, WorkerStart } from './worker-protocol.ts';

/** How often the gauges are written into the shared counters, and last wills of what nobody touched looked at, ms. */
const REPORT_EVERY_MS = 250;

const port = parentPort;
if (!port) throw new Error('worker-main.ts runs in a worker thread only');
const post = (event: WorkerEvent): void => port.postMessage(event);
const start = workerData as WorkerStart;

const logTo =
  (level: LogLevel) =>
  (fields: object, event: string): void =>
    post({ type: 'log', level, fields, event });
const log: Log = { debug: logTo('debug'), info: logTo('info'), warn: logTo('warn'), error: logTo('error') };

// The last resort: a bug in a timer or a socket handler must not take every call with it.
process.on('uncaughtException', (error) =>
  log.error({ error: error.stack ?? error.message }, 'sip_server.bug'),
);

const counters = new Counters(start.counters);
const file = start.willsPath === undefined ? undefined : new WillFile(start.willsPath, log);

try {
  const server = await startCounted(
    {
      ...start.settings,
      log,
      ...(start.trace && {
        trace: ({ message, ...event }) => post({ type: 'trace', event, message: Uint8Array.from(message) }),
      }),
    },
    counters,
  );
  const keep = ({ left, settled }: WillChanges): void => {
    if (left.length + settled.length === 0) return;
    file?.write({ left, settled });
    post({ type: 'wills', left, settled });
  };
  server.wills.onChanges = keep;
  const report = (): void => {
    counters.beat();
    keep(server.wills.changes());
    server.refresh();
  };
  const gauges = setInterval(report, REPORT_EVERY_MS);
  port.on('message', (command: WorkerCommand) => {
    if (command.type === 'reload') {
      const { id, access } = command;
      server.reload(access).then(
        () => post({ type: 'reloaded', id }),
        (error: unknown) => post({ type: 'reloaded', id, failure: failure(error) }),
      );
      return;
    }
    clearInterval(gauges);
    void server.close().then(() => {
      file?.close();
      port.close();
    });
  });
  post({ type: 'listening', control: server.control, contacts: [...server.contacts] });
  server.wills.execute(start.wills, (ids) => keep({ left: [], settled: ids }));
} catch (error) {
  post({ type: 'failed', ...failure(error) });
  port.close();
}

function failure(error: unknown): WorkerFailure {
  const known = error instanceof GatewayError;
  const message = error instanceof Error ? error.message : String(error);
  return { code: known ? error.code : 'SIP_SERVER_WORKER', message, detail: known ? error.detail : {} };
}
