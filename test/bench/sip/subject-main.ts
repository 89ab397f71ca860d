import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { startSipServerWorker } from '../../../src/sip-server/index.ts';
import { connectSrf, SDP, SECRET } from '../../sip-server/support/app.ts';
import { collectedHeap } from '../../support/worker-heap.ts';
import type { Called, Reading, SubjectCommand, SubjectEvent } from './subject-protocol.ts';

/**
 * The process under test: the embedded server in its worker thread and, on the main thread, an unmodified drachtio-srf
 * application that answers every call, and makes calls when told to. The first argument may leave one of them out:
 * `server`, or `app` with the control port of the server as second.
 */
const [part = 'both', controlPort] = process.argv.slice(2);
let worker: Worker | undefined;
process.on('worker', (each) => {
  worker = each;
});
const server =
  part === 'app'
    ? undefined
    : await startSipServerWorker({
        secret: SECRET,
        listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
        // All the load comes from one address.
        rateLimit: false,
      });
const control = server?.control ?? { host: '127.0.0.1', port: Number(controlPort) };
const srf =
  part === 'server'
    ? undefined
    : await connectSrf({ control }, (app) =>
        app.invite((req, res) => {
          app.createUAS(req, res, { localSdp: SDP(4000) }).catch(() => {});
        }),
      );
const SETTLED_WITHIN_MS = 70_000;
const send = (event: SubjectEvent): void => void process.send?.(event);

async function read(): Promise<Reading> {
  const [cpu, heap] = await Promise.all([worker?.cpuUsage(), worker?.getHeapStatistics()]);
  const whole = process.cpuUsage();
  const stats = server?.stats();
  return {
    serverCpuMs: cpu ? (cpu.user + cpu.system) / 1000 : 0,
    processCpuMs: (whole.user + whole.system) / 1000,
    rssBytes: process.memoryUsage.rss(),
    serverHeapBytes: heap ? heap.used_heap_size + heap.external_memory : 0,
    dialogs: stats?.dialogs ?? 0,
    retransmissions: stats ? stats.retransmissionsIn + stats.retransmissionsOut : 0,
    invites: (stats?.requestsIn['INVITE'] ?? 0) + (stats?.requestsOut['INVITE'] ?? 0),
  };
}

async function call(target: string, rate: number, calls: number): Promise<Called> {
  if (!srf) throw new Error('there is no application here to make calls');
  let answered = 0;
  const one = async (): Promise<void> => {
    try {
      const dialog = await srf.createUAC(`sip:service@${target}`, { localSdp: SDP(5000) });
      await dialog.destroy();
      answered += 1;
    } catch {
      // Counted by what is missing.
    }
  };
  const running: Promise<void>[] = [];
  const began = performance.now();
  while (running.length < calls) {
    const due = Math.min(calls, Math.ceil(((performance.now() - began) * rate) / 1000));
    while (running.length < due) running.push(one());
    await sleep(2);
  }
  const spentMs = performance.now() - began;
  // Longer than the server gives any request (64*T1) twice: what has no end by then has failed, whoever lost it.
  const late = new AbortController();
  await Promise.race([Promise.all(running), sleep(SETTLED_WITHIN_MS, undefined, { signal: late.signal })]);
  late.abort();
  return { answered, failed: calls - answered, spentMs };
}

process.on('message', (command: SubjectCommand) => {
  void (async () => {
    if (command.type === 'call') {
      send({ type: 'called', called: await call(command.target, command.rate, command.calls) });
      return;
    }
    if (command.type === 'settle' && worker) await collectedHeap(worker);
    send({ type: 'reading', reading: await read() });
  })();
});
process.on('disconnect', () => process.exit());
const { address = '', port = 0 } = server?.contacts[0] ?? {};
send({ type: 'ready', address: `${address}:${port}`, controlPort: control.port });
