import { type Bench, type BenchCase, type BenchOptions, benchCase, median } from '../bench.ts';
import { asRealtime, onCore } from '../machine.ts';
import { compileNative } from '../native/compile.ts';
import { type Run, run } from './forwarder.ts';

const CALLS = 100;
const ROUNDS = 3;
const WARMUP_SECONDS = 2;
/** An Opus frame of 20 ms at 24 kbit/s. */
const PAYLOAD_BYTES = 60;

/**
 * One packet from socket to socket, SRTP on one side, the same codec: our bridge on each engine, and a C loop of
 * epoll_wait, recvfrom, libsrtp2 and sendto under the same load, both directions, taking turns.
 */
export const forwardBench: Bench = { name: 'forward', awake: true, run: measure };

const subject = new URL('./subject-main.ts', import.meta.url).pathname;
/** The C loop with our own trick, which no ordinary one has. */
const PAUSING = 'C that sleeps 1 ms';
const ENGINES = ['epoll', 'dgram'] as const;

interface Forwarder {
  readonly name: string;
  readonly command: readonly string[];
}

async function measure({ seconds, say }: BenchOptions): Promise<readonly BenchCase[]> {
  const source = (name: string): URL => new URL(`../native/${name}.c`, import.meta.url);
  const load = await compileNative(source('forward-load'), ['srtp2']);
  const native = await compileNative(source('forward'), ['srtp2']);
  if (!load) return [];
  const runs = new Map<string, Run[]>();
  // Each as our media threads are: on a core of its own, before other programs.
  const realtime = asRealtime();
  if (realtime.length === 0) say('forward: nobody goes before other programs: SCHED_RR is not allowed here');
  const ourPriority = realtime.length > 0 ? 'realtime' : 'normal';
  const forwarders: Forwarder[] = ENGINES.map((io) => ({
    name: io,
    command: [process.execPath, subject, io, String(CALLS), ourPriority],
  }));
  if (native) {
    forwarders.push({ name: 'C', command: [...realtime, native, String(CALLS)] });
    forwarders.push({ name: PAUSING, command: [...realtime, native, String(CALLS), '1000'] });
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { name, command } of forwarders) {
      const options = {
        command: [...onCore(0), ...command],
        load: [...onCore(1), load],
        payloadBytes: PAYLOAD_BYTES,
        warmupSeconds: WARMUP_SECONDS,
        seconds,
      };
      const done = await run(options);
      runs.set(name, [...(runs.get(name) ?? []), done]);
      say(
        `forward ${name} ${round}/${ROUNDS}: ${done.cpuUs.toFixed(2)} us a packet, latency p50 ${done.p50Us} p99 ${done.p99Us} us, not timed ${(100 * done.untimed).toFixed(1)} %, lost ${done.lost}`,
      );
    }
  }
  const cases = ENGINES.flatMap((io) => casesOf(io, runs.get(io) ?? [], runs.get('C')));
  const pausing = runs.get(PAUSING);
  if (!pausing) return cases;
  const cpu = (each: readonly Run[]): number => median(each.map((one) => one.cpuUs));
  const baseline = cpu(pausing);
  return [
    ...cases,
    benchCase(`${ENGINES[0]}, CPU a packet beside ${PAUSING}`, 'us', cpu(runs.get(ENGINES[0]) ?? []), {
      baseline,
    }),
  ];
}

function casesOf(io: string, ours: readonly Run[], native: readonly Run[] | undefined): BenchCase[] {
  const of = (runs: readonly Run[], pick: (run: Run) => number): number => median(runs.map(pick));
  const beside = (pick: (run: Run) => number): number | null => (native ? of(native, pick) : null);
  const isChosen = io === ENGINES[0];
  const cpu = benchCase(
    `${io}, CPU a packet`,
    'us',
    of(ours, (run) => run.cpuUs),
    {
      baseline: beside((run) => run.cpuUs),
    },
  );
  const ratioOk = !isChosen || cpu.ratio === null || cpu.ratio <= 1.1;
  return [
    { ...cpu, target: isChosen ? 'ratio <= 1.1' : null, ok: cpu.ok && ratioOk },
    benchCase(
      `${io}, added latency p99`,
      'ms',
      of(ours, (run) => run.p99Us / 1_000),
      {
        baseline: beside((run) => run.p99Us / 1_000),
        ...(isChosen ? { target: { atMost: 2 } } : {}),
      },
    ),
    benchCase(
      `${io}, heap a packet`,
      'bytes',
      of(ours, (run) => run.heapBytes ?? 0),
      {
        ...(isChosen ? { target: { atMost: 50 } } : {}),
      },
    ),
    benchCase(`${io}, longest collection`, 'ms', Math.max(...ours.map((run) => run.longestGcMs ?? 0)), {
      ...(isChosen ? { target: { atMost: 5 } } : {}),
    }),
    benchCase(
      `${io}, lost packets`,
      'packets',
      of(ours, (run) => run.lost),
      {
        baseline: beside((run) => run.lost),
      },
    ),
  ];
}
