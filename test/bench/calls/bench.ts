import { availableParallelism } from 'node:os';
import type { Bench, BenchCase, BenchOptions } from '../bench.ts';
import { asRealtime, onCore, stayOn } from '../machine.ts';
import { type Course, casesOf, type Flavour } from './cases.ts';
import { checkHeard } from './ear.ts';
import { gatewayCarrier } from './gateway-carrier.ts';
import { type Carrier, Ladder, type Step, sentOf } from './ladder.ts';
import { CallLoad } from './load.ts';
import { middleStep } from './rounds.ts';
import { Rtpengine } from './rtpengine.ts';
import { faultOf, type Limit, search } from './search.ts';
import { makeVoices } from './voice.ts';

const STEPS: readonly number[] = [20, 100, 200];
const MOST_CALLS = 1_000;
/** The machine is not the same from one minute to the next: the carriers take turns, and what is told is the middle. */
const ROUNDS = 3;

const FLAVOURS: readonly Flavour[] = [
  { name: 'pass-through', codec: 'opus', complexity: 1, targetMs: 2, callsACore: 500, kbACall: 250 },
  { name: 'transcoded', codec: 'PCMU', complexity: 1, targetMs: 5, callsACore: 150, kbACall: 400 },
];

/**
 * Real calls through the whole gateway, held; rtpengine carries the same calls in the same run. The carrier has one
 * core to itself (where there is more than one), the ends of the calls and their signalling have the others.
 */
export const calls: Bench = {
  name: 'calls',
  seconds: 60,
  awake: true,
  run: async (options) => {
    const launcher = onCore(0);
    const isPinned = launcher.length > 0;
    if (!isPinned)
      options.say('calls: the carrier and the load share their cores here: there is no other, or no taskset');
    if (asRealtime().length === 0)
      options.say('calls: neither carrier goes before other programs: SCHED_RR is not allowed here');
    const cores = availableParallelism();
    if (isPinned) stayOn(`1-${cores - 1}`);
    try {
      return await run(options, launcher);
    } finally {
      if (isPinned) stayOn(`0-${cores - 1}`);
    }
  },
};

async function run(options: BenchOptions, launcher: readonly string[]): Promise<BenchCase[]> {
  const load = await CallLoad.start(await makeVoices());
  if (!load) return [];
  try {
    const cases: BenchCase[] = [];
    for (const flavour of FLAVOURS) {
      const ours: Course[] = [];
      const theirs: Course[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        // The limit is looked for once, at the end.
        const each = {
          ...options,
          seconds: options.seconds / ROUNDS,
          stepsOnly: options.stepsOnly || round < ROUNDS,
        };
        const our = await climb(() => ourGateway(flavour, launcher), flavour, load, each, flavour.targetMs);
        if (our) ours.push(our);
        const unbounded = Number.POSITIVE_INFINITY;
        const their = await climb(() => theirEngine(flavour, launcher), flavour, load, each, unbounded);
        if (their) theirs.push(their);
      }
      cases.push(...casesOf(flavour, middle(ours), middle(theirs)));
    }
    return cases;
  } finally {
    await load.stop();
  }
}

/** Of the steps that most rounds came to, and of what the last round held beside them. */
function middle(rounds: readonly Course[]): Course | undefined {
  const last = rounds.at(-1);
  if (!last) return undefined;
  const byCalls = new Map<number, Step[]>();
  for (const step of rounds.flatMap((round) => round.steps))
    byCalls.set(step.calls, [...(byCalls.get(step.calls) ?? []), step]);
  const steps = [...byCalls.values()].filter((same) => same.length * 2 > rounds.length).map(middleStep);
  const others = last.held.filter(({ calls }) => !steps.some((step) => step.calls === calls));
  return { steps, held: [...steps, ...others], limit: last.limit };
}

function ourGateway({ codec, complexity }: Flavour, launcher: readonly string[]): Promise<Carrier> {
  return gatewayCarrier(codec, {
    opusComplexity: complexity,
    priority: 'realtime',
    maxCalls: MOST_CALLS,
    launcher,
    // How calls are let in is what `overload` is about.
    configure: (yaml) => {
      yaml['limits'] = {
        maxCalls: MOST_CALLS,
        setupsPerSecond: 1_000,
        maxLoopDelayMs: 10_000,
        maxWorkerLoadPercent: 100,
      };
    },
  });
}

function theirEngine(
  { codec, complexity }: Flavour,
  launcher: readonly string[],
): Promise<Carrier | undefined> {
  return Rtpengine.start({ codec, launcher, ...(codec === 'PCMU' ? { complexity } : {}) });
}

/** All the steps on one carrier, and then the search for its limit: 99 % of its packets within `withinMs`. */
async function climb(
  start: () => Promise<Carrier | undefined>,
  flavour: Flavour,
  load: CallLoad,
  { seconds, calls: wanted, stepsOnly, say }: BenchOptions,
  withinMs: number,
): Promise<Course | undefined> {
  const carrier = await start();
  if (!carrier) return undefined;
  const ladder = new Ladder(carrier, load);
  const held: Step[] = [];
  const hold = async (count: number, forSeconds: number): Promise<Step> => {
    const last = held.at(-1);
    // Of a step that lost packets, calls may have ended: what follows begins with none of them.
    if (last && faultOf(last, Number.POSITIVE_INFINITY) !== undefined) await ladder.descend();
    await ladder.climb(count);
    const step = await ladder.measure(forSeconds);
    held.push(step);
    say(`${flavour.name}, ${carrier.name}: ${told(step)}`);
    return step;
  };
  let steps: readonly Step[] = [];
  let limit: Limit | undefined;
  try {
    for (const count of wanted ?? STEPS) {
      const step = await hold(count, seconds);
      steps = [...held];
      if (count === (wanted ?? STEPS)[0]) await checkHeard(await ladder.listen(5), flavour.codec);
      // Further up it would only be worse, and its calls begin to fail.
      if (faultOf(step, 20 * flavour.targetMs) !== undefined) break;
    }
    const short = Math.min(seconds, 10);
    if (!stepsOnly) limit = await search(steps, withinMs, MOST_CALLS, (count) => hold(count, short));
    await ladder.descend();
  } catch (error) {
    say(
      `${flavour.name}, ${carrier.name}, at ${ladder.calls} calls: ${error instanceof Error ? error.message : String(error)}`,
    );
    say(carrier.lastWords());
    await ladder.forget();
  } finally {
    await carrier.stop();
  }
  return { steps, held, limit };
}

function told({ calls, cpuMs, busy, load, lost, rssBytes, refused, pauseMs, mediaPauseMs }: Step): string {
  const way = ({ p50Ms, p99Ms, maxMs }: Step['load']['toPhone']): string => `${p50Ms} / ${p99Ms} / ${maxMs}`;
  return [
    `${calls} calls: ${cpuMs.toFixed(2)} ms CPU a call-second (${(busy * 100).toFixed(0)} % of a core)`,
    `latency p50 / p99 / max ms to the phone ${way(load.toPhone)}, to the consumer ${way(load.toConsumer)}`,
    `lost ${lost} of ${sentOf(load)}, without a place ${load.toPhone.unplaced + load.toConsumer.unplaced}, calls turned away so far ${refused}`,
    `${(rssBytes / 1e6).toFixed(0)} MB, longest collection ${pauseMs} ms (media thread within ${mediaPauseMs}), load late p99 ${load.lagP99Ms} ms, not timed ${((100 * load.untimed) / sentOf(load)).toFixed(1)} %`,
  ].join('; ');
}
