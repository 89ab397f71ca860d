import { availableParallelism } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import {
  ComplexityControl,
  createDatagramIo,
  createOpusLibrary,
  isCpuLimited,
  LOOK_EVERY_MS,
  MediaEngine,
  openScheduling,
  RecordDesk,
  SoundBank,
  ThreadPriority,
} from '../../media/index.ts';
import { systemClock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { CallMedia, type WorkerParts } from './call-media.ts';
import { LoadMeter, REPORT_EVERY_MS } from './load-meter.ts';
import type {
  FromWorker,
  MediaRequestName,
  MediaRequests,
  ToWorker,
  WorkerOptions,
  WorkerReport,
} from './protocol.ts';
import { ownThread } from './thread-facts.ts';

/**
 * A media worker: the thread on which every packet of its calls lives and dies. It composes the WebRTC leg and the
 * packet path, and knows nothing of SIP or Graph.
 */
const port = parentPort;
if (!port) throw new Error('worker.ts runs as a worker thread only');
let options = workerData as WorkerOptions;
const tell = (message: FromWorker): void => port.postMessage(message);
tell({ type: 'thread', thread: ownThread() });
const log: Log = {
  debug: (fields, event) => tell({ type: 'log', level: 'debug', fields, event }),
  info: (fields, event) => tell({ type: 'log', level: 'info', fields, event }),
  warn: (fields, event) => tell({ type: 'log', level: 'warn', fields, event }),
  error: (fields, event) => tell({ type: 'log', level: 'error', fields, event }),
};
// The last resort: a bug in a library's socket handler must not take every call of this thread with it.
process.on('uncaughtException', (error) => log.error({ err: error.stack ?? error.message }, 'media.bug'));
process.on('unhandledRejection', (error) => log.error({ err: String(error) }, 'media.bug'));
/** Of two encoders a recording: voice that is kept needs less than voice that is talked with. */
const RECORD_COMPLEXITY = 3;
const calls = new Map<string, CallMedia>();
/** Reports from one sample of a call's quality to its next. */
const QUALITY_EVERY = 5;
let round = 0;
const queue: ToWorker[] = [];
let handle = (message: ToWorker): void => void queue.push(message);
port.on('message', (message: ToWorker) => handle(message));

const opus = await createOpusLibrary(options.opus).catch((error: unknown) => {
  log.error({ err: String(error) }, 'media.worker-start-failed');
  process.exit(1);
});
const { io, refused } = await createDatagramIo(options.io);
if (refused.length > 0) log.warn({ io: io.name, refused }, 'media.io-refused');
const machine = { cores: availableParallelism(), workers: options.workers, isLimited: isCpuLimited() };
const priority = new ThreadPriority(options.priority, machine, await openScheduling());
if (options.priority === 'realtime' && priority.refused !== undefined)
  log.warn(
    { err: priority.refused, remedy: 'LimitRTPRIO=10, or --ulimit rtprio=10' },
    'media.priority-refused',
  );
const engine = new MediaEngine({ opus, io, clock: systemClock, log, opusComplexity: options.opusComplexity });
/** Those of before a change may have recordings, and get more from calls of before it. */
const desks: RecordDesk[] = [];
let parts: WorkerParts = { engine, io, bank: new SoundBank(options.sounds.data), desk: deskOf(options) };
tell({ type: 'started', opus: opus.name, io: io.name, priority: priority.name });
const meter = new LoadMeter(engine);
let complexity = new ComplexityControl(options.opusComplexity);
// A worker that is silent for long has hung; one that only waits for calls must not live because of this.
const reports = setInterval(() => {
  const { wakeShare, ...load } = meter.report(calls.size);
  followLoad(load, wakeShare);
  tell({ type: 'report', report: { ...load, realtime: priority.name === 'realtime' } });
  sampleSome();
}, REPORT_EVERY_MS);
reports.unref();
const looks = setInterval(lookAll, LOOK_EVERY_MS);
looks.unref();

type Handlers = { [N in MediaRequestName]: (params: MediaRequests[N]['params']) => unknown };

const handlers: Handlers = {
  open: async ({ call, ...wanted }) => {
    if (calls.has(call)) throw new GatewayError('GATEWAY_BUG', 'The call is open already.');
    const media = new CallMedia(call, parts, options, log, (event) => tell({ type: 'event', call, event }));
    calls.set(call, media);
    try {
      return await media.open(wanted);
    } catch (error) {
      calls.delete(call);
      await media.close();
      throw error;
    }
  },
  applyAnswer: ({ call, sdp }) => callOf(call).applyAnswer(sdp),
  applyRenegotiation: ({ call, sdp }) => callOf(call).applyRenegotiation(sdp),
  setPhonePlan: ({ call, plan }) => callOf(call).setPhonePlan(plan),
  choose: ({ call, audio }) => callOf(call).choose(audio),
  wait: ({ call, waiting }) => callOf(call).wait(waiting),
  expectPhone: ({ call, ms }) => callOf(call).expectPhone(ms),
  answered: ({ call }) => callOf(call).answered(),
  infoKey: ({ call, digit, durationMs }) => callOf(call).infoKey(digit, durationMs),
  setOpen: ({ call, open }) => callOf(call).setOpen(open),
  openEarly: ({ call, ringback }) => callOf(call).openEarly(ringback),
  play: ({ call, ...wanted }) => callOf(call).play({ call, ...wanted }),
  stop: ({ call, leg }) => callOf(call).stop({ call, leg }),
  announce: ({ call, sound }) => callOf(call).announce({ call, sound }),
  record: ({ call, action }) => callOf(call).record({ call, action }),
  startCapture: ({ call, ...wanted }) => callOf(call).startCapture(wanted),
  stopCapture: ({ call }) => callOf(call).stopCapture(),
  dump: ({ call }) => callOf(call).dump(),
  close: ({ call }) => {
    const media = calls.get(call);
    calls.delete(call);
    return media?.close();
  },
  inventory: () => ({
    calls: calls.size,
    bridges: engine.bridges,
    resources: process.getActiveResourcesInfo(),
  }),
};

handle = (message) => {
  if (message.type === 'stop') return void stop();
  if (message.type === 'configure') return configure(message.options);
  void answer(message.id, message.name, message.params);
};
for (const message of queue.splice(0)) handle(message);

function deskOf({ record }: WorkerOptions): RecordDesk | undefined {
  if (!record) return undefined;
  const desk = new RecordDesk({ clock: systemClock, opus, complexity: RECORD_COMPLEXITY, ...record });
  desks.push(desk);
  return desk;
}

/** For calls that are opened from now on: those that are there hold the options and parts of before. */
function configure(next: WorkerOptions): void {
  const before = options;
  options = next;
  const sameDesk = isDeepStrictEqual(next.record, before.record);
  parts = { ...parts, bank: new SoundBank(next.sounds.data), desk: sameDesk ? parts.desk : deskOf(next) };
  if (next.opusComplexity === before.opusComplexity) return;
  complexity = new ComplexityControl(next.opusComplexity);
  engine.setOpusComplexity(complexity.complexity);
}

/** Each time a fifth of the calls: all at once would keep packets waiting. */
function sampleSome(): void {
  round = (round + 1) % QUALITY_EVERY;
  let i = 0;
  for (const media of calls.values()) if (i++ % QUALITY_EVERY === round) media.sample();
}

/** A bug of a look must not keep the other calls from theirs. */
function lookAll(): void {
  for (const media of calls.values()) {
    try {
      media.look();
    } catch (error) {
      log.error({ err: error instanceof Error ? error.stack : String(error) }, 'media.bug');
    }
  }
}

function followLoad({ cpuShare, tickLateMs }: Omit<WorkerReport, 'realtime'>, wakeShare?: number): void {
  if (priority.observe(wakeShare)) {
    const { name, refused } = priority;
    log[refused === undefined ? 'info' : 'warn'](
      { priority: name, wakeShare, err: refused },
      'media.priority',
    );
  }

  const before = engine.opusComplexity;
  engine.setOpusComplexity(complexity.observe(cpuShare, tickLateMs));
  const after = engine.opusComplexity;
  if (after !== before) log.info({ from: before, to: after, cpuShare, tickLateMs }, 'media.opus-complexity');
}

async function answer(id: number, name: MediaRequestName, params: unknown): Promise<void> {
  try {
    const run = handlers[name] as (params: unknown) => unknown;
    tell({ type: 'reply', id, ok: true, value: await run(params) });
  } catch (error) {
    const known = error instanceof GatewayError;
    if (!known)
      log.error({ err: error instanceof Error ? error.stack : String(error), request: name }, 'media.bug');
    const message = error instanceof Error ? error.message : String(error);
    tell({ type: 'reply', id, ok: false, error: { code: known ? error.code : undefined, message } });
  }
}

function callOf(call: string): CallMedia {
  const media = calls.get(call);
  if (!media) throw new GatewayError('GATEWAY_NO_CALL');
  return media;
}

async function stop(): Promise<void> {
  clearInterval(reports);
  clearInterval(looks);
  meter.close();
  await Promise.all([...calls.values()].map((media) => media.close()));
  await engine.close();
  await Promise.all(desks.map((desk) => desk.close()));
  await io.close();
  port?.close();
}
