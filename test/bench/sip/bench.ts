import { type Bench, type BenchCase, type BenchOptions, benchCase } from '../bench.ts';
import { callsSipp, type Stretch, sippCalls, sippCallsSipp } from './calls.ts';
import { hold } from './held-calls.ts';
import { sustained } from './search.ts';
import { Subject } from './subject.ts';

const CALLS_A_SECOND = 300;
const HELD = 10_000;
/** The rate found must hold for longer than a transaction lives (64*T1 = 32 s), with all that it keeps. */
const PROOF_SECONDS = 40;

type Direction = (subject: Subject, rate: number, seconds: number) => Promise<Stretch>;

/**
 * INVITE, ACK, BYE through an unmodified drachtio-srf application on the embedded server. Server and application are
 * one process on one core; sipp has the others. The baseline is sipp answering sipp: a C++ responder without
 * transactions' memory, dialogs or an application, thus the least that could be done.
 */
export const sip: Bench = {
  name: 'sip',
  run: async (options) => {
    const baseline = await sippAlone(options);
    const incoming = await direction('sipp calls us', sippCalls, baseline, options);
    const outgoing = await direction('we call sipp', callsSipp, baseline, options);
    return [...incoming, ...outgoing, ...(await heldCalls(options))];
  },
};

async function sippAlone({ seconds, say }: BenchOptions): Promise<{ rate: number; cpuMs: number }> {
  const rate = await sustained(1000, async (each) => {
    const { fault } = await sippCallsSipp(each, seconds);
    say(`sipp calls sipp, ${each} a second: ${fault || 'clean'}`);
    return fault === '';
  });
  const { calleeCpuMs } = await sippCallsSipp(CALLS_A_SECOND, seconds);
  return { rate, cpuMs: calleeCpuMs };
}

async function direction(
  name: string,
  run: Direction,
  baseline: { rate: number; cpuMs: number },
  { seconds, say }: BenchOptions,
): Promise<BenchCase[]> {
  const subject = await Subject.start();
  try {
    const step = async (rate: number, length: number): Promise<Stretch> => {
      const stretch = await run(subject, rate, length);
      const { fault, serverCpuMs, processCpuMs } = stretch;
      const cpu = `${serverCpuMs.toFixed(3)} ms server, ${processCpuMs.toFixed(3)} ms process a call`;
      say(`${name}, ${rate} a second for ${length} s: ${fault || 'clean'}; ${cpu}`);
      return stretch;
    };
    // Warm, so that compiling is not counted.
    await step(100, seconds);
    const atTarget = await step(CALLS_A_SECOND, seconds);
    const rate = await sustained(CALLS_A_SECOND, async (each) => (await step(each, seconds)).fault === '');
    const proved = await firstOf(
      [rate, rate * 0.8, rate * 0.6, CALLS_A_SECOND].map(Math.round),
      async (each) => {
        return (await step(each, PROOF_SECONDS)).fault === '';
      },
    );
    const { serverCpuMs, processCpuMs, answerMs } = atTarget;
    const at = `at ${CALLS_A_SECOND} a second`;
    const cpu = { baseline: baseline.cpuMs };
    return [
      benchCase(`${name}: sustained without a retransmission, one core`, 'calls/s', proved ?? 0, {
        baseline: baseline.rate,
        target: { atLeast: CALLS_A_SECOND },
      }),
      benchCase(`${name}: CPU of the server's thread ${at}`, 'ms/call', serverCpuMs, cpu),
      benchCase(`${name}: CPU of server and application ${at}`, 'ms/call', processCpuMs, {
        ...cpu,
        target: { atMost: 1000 / CALLS_A_SECOND },
      }),
      ...(Number.isNaN(answerMs)
        ? []
        : [benchCase(`${name}: 99 % of INVITEs answered within, ${at}`, 'ms', answerMs)]),
    ];
  } finally {
    await subject.stop();
  }
}

async function firstOf<T>(of: readonly T[], test: (each: T) => Promise<boolean>): Promise<T | undefined> {
  for (const each of of) if (await test(each)) return each;
  return undefined;
}

/** Server and application in processes of their own, so that the memory of each is told apart. */
async function heldCalls({ say }: BenchOptions): Promise<BenchCase[]> {
  const server = await Subject.start('server');
  const app = await Subject.start('app', String(server.controlPort));
  try {
    await sippCalls(server, 100, 3);
    const { dialogs, peakRssBytes, appPeakRssBytes, bytesPerDialog } = await hold(server, app, HELD);
    const [ours, theirs] = [peakRssBytes, appPeakRssBytes].map((bytes) => Math.round(bytes / 1e6));
    say(`${dialogs} dialogs held, peak ${ours} MB, the application ${theirs} MB`);
    return [
      benchCase('dialogs held at once', 'dialogs', dialogs, { target: { atLeast: HELD } }),
      benchCase(`RSS of the server, peak while ${HELD} calls come and stay`, 'MB', peakRssBytes / 1e6, {
        target: { atMost: 400 },
      }),
      benchCase('RSS of the drachtio-srf application meanwhile', 'MB', appPeakRssBytes / 1e6),
      benchCase("a dialog in the server's heap, transactions ended", 'kB', bytesPerDialog / 1e3),
    ];
  } finally {
    await Promise.all([server.stop(), app.stop()]);
  }
}
