import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { Log } from '../../src/shared/log.ts';
import { Counters } from '../../src/sip-server/guard/counters.ts';
import { startSipServerWorker, type TraceEvent } from '../../src/sip-server/index.ts';
import { endThread } from '../../src/sip-server/thread-end.ts';
import type { WorkerEvent, WorkerStart } from '../../src/sip-server/worker-protocol.ts';
import { connectSrf, SDP, SECRET, startApp } from './support/app.ts';
import type { SrfDialog } from './support/srf.ts';

const listen = [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] as const;

test('a server in a worker thread serves an application and closes', async () => {
  const seen: TraceEvent[] = [];
  const logged: string[] = [];
  const log = (_: object, event: string): number => logged.push(event);
  const server = await startSipServerWorker({
    secret: SECRET,
    listen,
    trace: (event) => seen.push(event),
    log: { debug: log, info: log, warn: log, error: log },
  });
  const srf = await connectSrf(server, (each) => each.options((_req, res) => res.send(200)));
  const peer = await startApp();
  const { address, port } = server.contacts[0]!;
  const request = await peer.srf.request(`sip:${address}:${port}`, { method: 'OPTIONS' });
  const status = await new Promise((resolve) =>
    request.on('response', (res: { status: number }) => resolve(res.status)),
  );
  expect(status).toBe(200);
  expect(server.stats().requestsIn).toEqual({ OPTIONS: 1 });
  expect(server.stats().responsesOut).toEqual({ OPTIONS: { 200: 1 } });
  srf.disconnect();
  await peer.close();
  await server.close();
  expect(seen.map(({ direction, message }) => `${direction} ${message.toString().split(' ', 1)[0]}`)).toEqual(
    ['in OPTIONS', 'out SIP/2.0'],
  );
  expect(logged).toContain('sip_server.listening');
});

test('what stops the server from starting comes out of the worker with its code', async () => {
  const public_ = [{ protocol: 'udp', address: '0.0.0.0', port: 0 }] as const;
  await expect(startSipServerWorker({ secret: SECRET, listen: public_ })).rejects.toMatchObject({
    code: 'SIP_SERVER_ALLOW_MISSING',
    detail: { address: '0.0.0.0' },
  });
});

/** A log whose events can be awaited. */
function events(): { log: Log; seen: string[]; next(event: string): Promise<void> } {
  const seen: string[] = [];
  const waiting = new Map<string, () => void>();
  const write = (_: object, event: string): void => {
    seen.push(event);
    waiting.get(event)?.();
  };
  return {
    log: { debug: write, info: write, warn: write, error: write },
    seen,
    next: (event) => new Promise((resolve) => waiting.set(event, resolve)),
  };
}

test('a server whose thread dies is back on its ports; its calls are hung up, applications reconnect', async () => {
  const { log, next } = events();
  const server = await startSipServerWorker({ secret: SECRET, listen, log });
  const srf = await connectSrf(server, (each) => each.options((_req, res) => res.send(200)));
  const peer = await startApp((each) =>
    each.invite((req, res) => {
      void each.createUAS(req, res, { localSdp: SDP(4000) }).then((dialog) => answered(dialog));
    }),
  );
  let answered: (dialog: SrfDialog) => void = () => {};
  onTestFinished(async () => {
    srf.disconnect();
    await peer.close();
    await server.close();
  });
  const { control, contacts } = server;
  const callee = new Promise<SrfDialog>((resolve) => {
    answered = resolve;
  });
  await srf.createUAC(`sip:desk@${peer.address}`, { localSdp: SDP(4002) });
  const dialog = await callee;
  await expect.poll(() => server.stats().stableDialogs).toBe(1);

  const ended = once(dialog, 'destroy') as Promise<[{ get(name: string): string }]>;
  const restarted = next('sip_server.restarted');
  const back = next('sip_server.control_connected');
  await server.crash();
  expect(server.stats()).toMatchObject({ clients: 0, dialogs: 0, stableDialogs: 0 });
  const [bye] = await ended;
  expect(bye.get('Reason')).toBe('SIP;cause=503;text="Server restarted"');
  await restarted;
  expect({ control: server.control, contacts: server.contacts }).toEqual({ control, contacts });
  expect(server.stats()).toMatchObject({ restarts: 1, requestsOut: { INVITE: 1, ACK: 1, BYE: 1 } });
  await back;
  const { address, port } = contacts[0]!;
  await expect
    .poll(async () => {
      const request = await peer.srf.request(`sip:${address}:${port}`, { method: 'OPTIONS' });
      const [response] = (await once(request, 'response')) as [{ status: number }];
      return response.status;
    })
    .toBe(200);
});

test('while its port is taken it tries again, and stops trying when closed', async () => {
  const { log, seen, next } = events();
  const server = await startSipServerWorker({ secret: SECRET, listen, log });
  const blocker = createServer();
  const exited = next('sip_server.worker_exited').then(() =>
    blocker.listen(server.control.port, server.control.host),
  );
  const failed = next('sip_server.restart_failed');
  await server.crash();
  await exited;
  await failed;
  await next('sip_server.restart_failed');
  const restarted = next('sip_server.restarted');
  blocker.close();
  await restarted;
  expect(server.stats().restarts).toBe(1);
  await server.crash();
  await server.close();
  const lines = seen.length;
  await server.close();
  expect(seen.slice(lines)).toEqual([]);
  await expect(server.reload()).rejects.toMatchObject({ code: 'SIP_SERVER_WORKER' });
});

test('an exception that nobody catches is logged, and the thread serves on', async () => {
  const counters = new Counters();
  const start: WorkerStart = {
    settings: { secret: SECRET, listen },
    counters: counters.memory,
    trace: false,
    wills: [],
  };
  const file = new URL('../../src/sip-server/worker-main.ts', import.meta.url);
  const worker = new Worker(file, { workerData: start });
  const until = (matches: (event: WorkerEvent) => boolean): Promise<WorkerEvent> =>
    new Promise((resolve) => worker.on('message', (event: WorkerEvent) => matches(event) && resolve(event)));
  const listening = await until(({ type }) => type === 'listening');
  if (listening.type !== 'listening') throw new Error('unreachable');
  const bug = until((event) => event.type === 'log' && event.event === 'sip_server.bug');
  // Its message handler cannot take this.
  worker.postMessage(null);
  expect(await bug).toMatchObject({ level: 'error', fields: { error: expect.stringMatching(/TypeError/) } });
  const peer = await startApp();
  const { address, port } = listening.contacts[0]!;
  const request = await peer.srf.request(`sip:${address}:${port}`, { method: 'OPTIONS' });
  const [response] = (await once(request, 'response')) as [{ status: number }];
  expect(response.status).toBe(503);
  const exited = once(worker, 'exit');
  worker.postMessage({ type: 'close' });
  expect(await exited).toEqual([0]);
  await peer.close();
});

test('a thread that hangs is ended, and one that cannot even be ended is left', async () => {
  const clock = new FakeClock();
  const { log, seen } = events();
  const worker = new Worker('for (;;);', { eval: true });
  const exited = once(worker, 'exit');
  const hangs = { close: () => exited.then(() => {}), kill: () => worker.terminate().then(() => {}) };
  const ended = endThread(hangs, clock, log);
  clock.advance(3_000);
  await ended;
  await exited;
  expect(seen).toEqual(['sip_server.worker_hangs']);
  const never = new Promise<void>(() => {});
  const left = endThread({ close: () => never, kill: () => never }, clock, log);
  clock.advance(3_000);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  await left;
  expect(seen.at(-1)).toBe('sip_server.worker_left');
  expect(clock.armed).toBe(0);
});
