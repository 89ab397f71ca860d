import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MediaPlane, type MediaPlaneOptions } from '../../src/gateway/media/plane.ts';
import type { WorkerOptions } from '../../src/gateway/media/protocol.ts';
import { renderMetrics } from '../../src/observe/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { Log } from '../../src/shared/log.ts';
import { freeUdpPort } from '../support/ports.ts';

const worker: WorkerOptions = {
  webrtc: { bindAddress: '127.0.0.1', setupTimeoutMs: 15_000 },
  rtp: { address: '127.0.0.1', portMin: 0, portMax: 0, mediaTimeoutMs: 30_000 },
  opus: 'auto',
  opusComplexity: 5,
  io: 'auto',
  priority: 'auto',
  workers: 1,
  sounds: {
    data: [],
    tones: 'generic',
    toneLevelDb: -20,
    fileGainDb: 0,
    leadInMs: 300,
    hold: undefined,
    transfer: undefined,
  },
  record: undefined,
};

const withButtons = new URL('./support/worker-with-buttons.ts', import.meta.url);

interface Started {
  readonly plane: MediaPlane;
  readonly lost: string[][];
  readonly logged: string[];
  /** What was logged with an event last. */
  readonly fields: ReadonlyMap<string, object>;
}

async function start(options: Partial<MediaPlaneOptions> = {}): Promise<Started> {
  const logged: string[] = [];
  const fields = new Map<string, object>();
  const lost: string[][] = [];
  const note = (said: object, event: string): void => {
    logged.push(event);
    fields.set(event, said);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const plane = await MediaPlane.start({
    workers: 2,
    worker: () => worker,
    clock: systemClock,
    log,
    onEvent: () => {},
    onLost: (calls) => lost.push([...calls]),
    ...options,
  });
  onTestFinished(() => plane.stop());
  return { plane, lost, logged, fields };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe('a pool of media workers', () => {
  it('spreads calls, keeps each where it was opened, and names the worker in a dump', async () => {
    const { plane } = await start({ workers: 3 });
    const calls = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(calls.map((call) => plane.request('open', { call })));
    expect(calls.map((call) => plane.workerOf(call))).toEqual([0, 1, 2, 0, 1, 2]);
    expect(await plane.dump('e')).toMatchObject({ worker: 1, call: 'e' });
    expect(await plane.inventory()).toMatchObject({ calls: 6, bridges: 6 });
    await plane.request('close', { call: 'b' });
    await plane.request('open', { call: 'g' });
    expect(plane.workerOf('g')).toBe(1);
    await Promise.all([...calls, 'g'].map((call) => plane.request('close', { call })));
    expect(await plane.inventory()).toMatchObject({ calls: 0, bridges: 0 });
  });

  it('reports what each worker carries, about once a second', async () => {
    const { plane } = await start();
    await plane.request('open', { call: 'a' });
    expect(plane.stats).toMatchObject([
      { worker: 0, up: true, calls: 1, restarts: 0 },
      { worker: 1, up: true, calls: 0, restarts: 0 },
    ]);
    await until(() => plane.stats.every(({ cpuSeconds }) => cpuSeconds > 0));
    expect(plane.stats[0]?.packets.dropped).toMatchObject({ malformed: 0 });
  });

  it('counts what strangers sent and nobody read, at the ports of both legs, for its dump and the metrics', async () => {
    const { plane } = await start({ workers: 1 });
    const { localSdp, phonePort } = await plane.request('open', { call: 'a' });
    const metaPort = Number(/^m=audio (\d+)/m.exec(localSdp)?.[1]);
    const stranger = createSocket('udp4');
    onTestFinished(() => void stranger.close());
    const send = (port: number): Promise<void> =>
      new Promise((resolve) => stranger.send(new Uint8Array(20), port, '127.0.0.1', () => resolve()));
    const unread = async (): Promise<(number | undefined)[]> => {
      const { webrtc, bridge } = await plane.dump('a');
      return [webrtc?.strangers, bridge?.consumer.strangers, bridge?.phone.strangers];
    };
    expect(await unread()).toEqual([0, 0, 0]);
    // As long as it takes: a hundred a second are read.
    while (!(await unread()).every(Boolean))
      await Promise.all(Array.from({ length: 200 }, (_, i) => send(i % 2 ? metaPort : phonePort)));
    const stats = await plane.request('close', { call: 'a' });
    const counted = (): unknown => {
      const { consumer, phone } = plane.stats[0]?.packets ?? {};
      return [consumer?.strangers, phone?.strangers];
    };
    const [consumer, phone] = [stats?.consumer.strangers, stats?.phone.strangers];
    await until(() => String(counted()) === String([consumer, phone]));
    const { text } = await renderMetrics({ media: plane.stats });
    expect(text).toContain(`msgw_media_strangers_total{worker="0",leg="consumer"} ${consumer}\n`);
    expect(text).toContain(`msgw_media_strangers_total{worker="0",leg="phone"} ${phone}\n`);
  });

  it('opens the next call elsewhere when a worker took much CPU of late', async () => {
    const { plane } = await start({ workerFile: withButtons });
    await Promise.all(['a', 'b'].map((call) => plane.request('open', { call })));
    await plane.request('close', { call: 'a' });
    await plane.request('dump', { call: 'b' });
    // Its start took CPU as well, on a busy machine for more than one report.
    await until(() =>
      plane.stats.slice(0, 1).every(({ cpuSeconds, cpuShare }) => cpuSeconds > 0 && cpuShare < 0.02),
    );
    await plane.request('open', { call: 'busy' });
    expect(plane.workerOf('busy')).toBe(0);
    // Half a second of CPU is a small share of the time that it takes where many want the cores, and of one report only.
    const share = (worker: number): number => plane.stats[worker]?.cpuShare ?? 0;
    while (share(0) < share(1) + 0.05) await plane.request('dump', { call: 'busy' });
    // It has no call and the other one has, but it is the busier one.
    const closed = plane.request('close', { call: 'busy' });
    const opened = plane.request('open', { call: 'c' });
    expect(plane.workerOf('c')).toBe(1);
    await Promise.all([closed, opened]);
  });

  it('loses only the calls of the worker that dies, opens none on it, and replaces it', async () => {
    const { plane, lost } = await start();
    await Promise.all(['a', 'b'].map((call) => plane.request('open', { call })));
    const answered = plane.request('dump', { call: 'a' }).catch(codeOf);
    await plane.crash(0);
    expect(lost).toEqual([['a']]);
    await answered;
    await expect(plane.request('dump', { call: 'a' })).rejects.toMatchObject({ code: 'GATEWAY_NO_CALL' });
    expect(await plane.request('close', { call: 'a' })).toBeUndefined();
    expect(plane.alive).toBe(true);
    await Promise.all(['c', 'd'].map((call) => plane.request('open', { call })));
    expect(['c', 'd'].map((call) => plane.workerOf(call))).toEqual([1, 1]);
    expect(await plane.dump('b')).toMatchObject({ worker: 1, call: 'b' });
    await until(() => plane.stats.every(({ up }) => up));
    expect(plane.stats.map(({ restarts }) => restarts)).toEqual([1, 0]);
    await plane.request('open', { call: 'e' });
    expect(plane.workerOf('e')).toBe(0);
  });

  it('a call that was just being closed is lost with its worker, too: what it recorded must be finished', async () => {
    const { plane, lost } = await start({ workers: 1, workerFile: withButtons });
    await Promise.all(['hang', 'a', 'b'].map((call) => plane.request('open', { call })));
    await plane.request('close', { call: 'a' });
    const asked = plane.request('dump', { call: 'hang' }).catch(codeOf);
    const closed = plane.request('close', { call: 'b' }).catch(codeOf);
    await plane.crash();
    expect(await Promise.all([asked, closed])).toEqual([
      'GATEWAY_MEDIA_WORKER_LOST',
      'GATEWAY_MEDIA_WORKER_LOST',
    ]);
    expect(lost).toEqual([['hang', 'b']]);
  });

  it('ends and replaces a worker that hangs; the calls of the other one go on', async () => {
    const clock = new FakeClock();
    const { plane, lost, fields } = await start({ workerFile: withButtons, clock });
    await Promise.all(['hang', 'b'].map((call) => plane.request('open', { call })));
    const asked = plane.request('dump', { call: 'hang' }).catch(codeOf);
    const { cpuSeconds = 0 } = plane.stats[1] ?? {};
    clock.advance(6_000);
    // The other one reports meanwhile, in real time.
    await until(() => (plane.stats[1]?.cpuSeconds ?? 0) > cpuSeconds);
    expect(lost).toEqual([]);
    clock.advance(5_000);
    expect(lost).toEqual([['hang']]);
    expect(await asked).toMatch(/GATEWAY_MEDIA_(WORKER_LOST|TIMEOUT)/);
    expect(fields.get('media.worker-hung')).toMatchObject({
      worker: 0,
      // It loops, and these two looks come at once.
      ...(process.platform === 'linux'
        ? { thread: { state: 'R' }, ranMs: expect.any(Number), ofMs: 1_000 }
        : {}),
    });
    expect(await plane.dump('b')).toMatchObject({ worker: 1 });
    clock.advance(0);
    await until(() => plane.stats.every(({ up }) => up));
    await plane.request('open', { call: 'c' });
    expect(plane.workerOf('c')).toBe(0);
  });

  it('does not start when one of its workers cannot, and leaves none behind', async () => {
    const count = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Worker').length;
    const before = count();
    const missing = new URL('./support/no-such-worker.ts', import.meta.url);
    await expect(start({ workerFile: missing })).rejects.toMatchObject({
      code: 'GATEWAY_MEDIA_WORKER_START',
    });
    await until(() => count() === before);
  });

  it('does not wait for ever for a worker that hangs in its start', async () => {
    const clock = new FakeClock();
    const workerFile = new URL('./support/worker-that-hangs.ts', import.meta.url);
    const starting = start({ workerFile, clock });
    const refused = expect(starting).rejects.toMatchObject({
      code: 'GATEWAY_MEDIA_WORKER_START',
      message: expect.stringContaining('it hung'),
    });
    clock.advance(40_000);
    await refused;
  });

  it('does not wait for ever for a thread whose disk hangs when all is closed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hung-'));
    const directory = join(folder, 'disk');
    execFileSync('mkfifo', [directory]);
    const clock = new FakeClock();
    const { plane, logged } = await start({
      workers: 1,
      workerFile: new URL('./support/worker-on-a-hung-disk.ts', import.meta.url),
      worker: () => ({
        ...worker,
        record: { directory, format: 'wav', bitrate: 24_000, consentToneMs: 0 },
      }),
      clock,
    });
    const stopped = plane.stop();
    clock.advance(3_000);
    clock.advance(2_000);
    await stopped;
    expect(logged).toContain('media.worker-left');
    // Lets the thread go.
    closeSync(openSync(directory, constants.O_RDWR | constants.O_NONBLOCK));
    rmSync(folder, { recursive: true });
  });

  it('finds free ports for as many calls as its ranges have, on all workers at once, and then says so', async () => {
    const first = (await freeUdpPort()) & ~1;
    const { plane } = await start({
      worker: () => ({
        ...worker,
        webrtc: { ...worker.webrtc, portMin: first + 100, portMax: first + 159 },
        rtp: { ...worker.rtp, portMin: first, portMax: first + 39 },
      }),
    });
    const open = (call: string): Promise<unknown> =>
      plane.request('open', { call }).then(({ phonePort }) => phonePort, codeOf);
    const opened = await Promise.all(Array.from({ length: 20 }, (_, i) => open(`c${i}`)));
    // A port of these may be somebody else's on this machine; no call may be without one for another reason.
    const ports = opened.filter((port) => typeof port === 'number');
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports.length).toBeGreaterThan(15);
    expect(await Promise.all(Array.from({ length: 20 - ports.length + 1 }, (_, i) => open(`d${i}`)))).toEqual(
      Array.from({ length: 20 - ports.length + 1 }, () => 'MEDIA_RTP_PORTS'),
    );
  });
});

it('is born again also when no thread is to be had at first, after a pause each time', async () => {
  const clock = new FakeClock();
  // What cannot be cloned makes the thread's constructor throw, as a lack of memory does.
  let data = { ...worker, unclonable: undefined as unknown };
  const { plane, lost, logged } = await start({ workers: 1, clock, worker: () => data });
  await plane.request('open', { call: 'c_1' });
  data = { ...worker, unclonable: () => {} };
  await plane.crash();
  expect(lost).toEqual([['c_1']]);
  expect(plane.alive).toBe(false);
  await expect(plane.request('open', { call: 'c_2' })).rejects.toMatchObject({
    code: 'GATEWAY_MEDIA_WORKER_LOST',
  });
  clock.advance(500);
  expect(plane.alive).toBe(false);
  expect(logged.filter((event) => event === 'media.worker-lost')).toHaveLength(2);
  data = { ...worker, unclonable: undefined };
  clock.advance(1_000);
  // A request waits until the worker has its codecs.
  await plane.request('open', { call: 'c_3' });
  expect(plane.alive).toBe(true);
  expect(await plane.inventory()).toMatchObject({ calls: 1 });
  expect(lost).toEqual([['c_1'], []]);
});
