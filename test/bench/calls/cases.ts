import { type BenchCase, benchCase } from '../bench.ts';
import type { Codec } from './gateway-calls.ts';
import { type Step, sentOf } from './ladder.ts';
import { faultOf, type Limit } from './search.ts';

export interface Flavour {
  readonly name: 'pass-through' | 'transcoded';
  readonly codec: Codec;
  readonly complexity: number;
  /** What 99 % of the packets must be within, ms. */
  readonly targetMs: number;
  readonly callsACore: number;
  readonly kbACall: number;
}

/** What one carrier did. */
export interface Course {
  /** Those that were asked for and came off, and all that were held. */
  readonly steps: readonly Step[];
  readonly held: readonly Step[];
  readonly limit: Limit | undefined;
}

const MOST_GROWTH = 1.2;
const LONGEST_PAUSE_MS = 5;

export function casesOf(flavour: Flavour, ours: Course | undefined, theirs: Course | undefined): BenchCase[] {
  const { name, targetMs } = flavour;
  const steps = ours?.steps ?? [];
  const cases = steps.flatMap((step) => stepCases(flavour, step, theirs));
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return [benchCase(`${name}: calls were held`, 'calls', Number.NaN)];
  if (first !== last) {
    const [theirFirst, theirLast] = [sameStep(theirs, first.calls), sameStep(theirs, last.calls)];
    cases.push(
      benchCase(
        `${name}: CPU a call, ${last.calls} calls / ${first.calls} calls`,
        'x',
        last.cpuMs / first.cpuMs,
        {
          baseline: theirFirst && theirLast ? theirLast.cpuMs / theirFirst.cpuMs : null,
          target: { atMost: MOST_GROWTH },
        },
      ),
      benchCase(`${name}: memory a call, ${first.calls} to ${last.calls} calls`, 'kB', kbACall(first, last), {
        baseline: theirFirst && theirLast ? kbACall(theirFirst, theirLast) : null,
        target: { atMost: flavour.kbACall },
      }),
    );
  }
  cases.push(
    benchCase(
      `${name}: longest collection pause of the media thread (bound)`,
      'ms',
      Math.max(...steps.map(({ mediaPauseMs }) => mediaPauseMs)),
      { target: { atMost: LONGEST_PAUSE_MS } },
    ),
    // No packet waits for the others while the media thread goes before them.
    benchCase(
      `${name}: longest collection pause of any thread`,
      'ms',
      Math.max(...steps.map(({ pauseMs }) => pauseMs)),
    ),
  );
  const limit = ours?.limit;
  if (limit)
    cases.push(
      benchCase(
        `${name}: calls a core at p99 within ${targetMs} ms (limit: ${limit.because})`,
        'calls',
        limit.calls,
        {
          baseline: theirs?.limit?.calls ?? null,
          target: { atLeast: flavour.callsACore },
        },
      ),
    );
  return cases;
}

function stepCases({ name, targetMs }: Flavour, step: Step, theirs: Course | undefined): BenchCase[] {
  const same = sameStep(theirs, step.calls);
  const at = `${name}, ${step.calls} calls`;
  const latency = (way: 'toPhone' | 'toConsumer', label: string): BenchCase[] => [
    benchCase(`${at}: latency p50 ${label}`, 'ms', step.load[way].p50Ms, {
      baseline: same?.load[way].p50Ms ?? null,
    }),
    benchCase(`${at}: latency p99 ${label}`, 'ms', step.load[way].p99Ms, {
      baseline: same?.load[way].p99Ms ?? null,
      target: { atMost: targetMs },
    }),
  ];
  const lost = (of: Step): number => (1e6 * of.lost) / sentOf(of.load);
  return [
    benchCase(`${at}: CPU`, 'ms/call-s', step.cpuMs, {
      baseline: cpuOf(theirs, step.calls),
      target: { ratioAtMost: 1 },
    }),
    ...latency('toPhone', 'consumer -> phone'),
    ...latency('toConsumer', 'phone -> consumer'),
    benchCase(`${at}: lost`, 'packets/million', lost(step), { baseline: same ? lost(same) : null }),
  ];
}

const sameStep = (course: Course | undefined, calls: number): Step | undefined =>
  course?.steps.find((step) => step.calls === calls);

/**
 * rtpengine's CPU a call at as many calls, or at the most that its core still carried: one that drops packets is
 * cheap for the wrong reason.
 */
function cpuOf(theirs: Course | undefined, calls: number): number | null {
  const carried = (theirs?.held ?? [])
    .filter((step) => step.calls <= calls && faultOf(step, Number.POSITIVE_INFINITY) === undefined)
    .sort((a, b) => a.calls - b.calls);
  return carried.at(-1)?.cpuMs ?? null;
}

const kbACall = (first: Step, last: Step): number =>
  (last.rssBytes - first.rssBytes) / (last.calls - first.calls) / 1_000;
