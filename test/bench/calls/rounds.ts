import { median } from '../bench.ts';
import type { Step } from './ladder.ts';
import type { LoadReport, WayReport } from './load.ts';

/**
 * The same step of several runs as one: times, CPU and memory are the medians; packets are added up, and of the longest
 * stops the longest counts, for no median hides what was lost.
 */
export function middleStep(runs: readonly Step[]): Step {
  const of = (pick: (run: Step) => number): number => median(runs.map(pick));
  const sum = (pick: (run: Step) => number): number => runs.reduce((all, run) => all + pick(run), 0);
  const [first] = runs;
  if (!first) throw new Error('there is no run');
  return {
    calls: first.calls,
    cpuMs: of((run) => run.cpuMs),
    busy: of((run) => run.busy),
    rssBytes: of((run) => run.rssBytes),
    load: middleLoad(runs.map(({ load }) => load)),
    refused: sum((run) => run.refused),
    lost: sum((run) => run.lost),
    pauseMs: Math.max(...runs.map(({ pauseMs }) => pauseMs)),
    mediaPauseMs: Math.max(...runs.map(({ mediaPauseMs }) => mediaPauseMs)),
  };
}

function middleLoad(runs: readonly LoadReport[]): LoadReport {
  const way = (name: 'toPhone' | 'toConsumer'): WayReport => {
    const all = runs.map((run) => run[name]);
    const of = (pick: (run: WayReport) => number): number => median(all.map(pick));
    const sum = (pick: (run: WayReport) => number): number =>
      all.reduce((total, run) => total + pick(run), 0);
    return {
      sent: sum((run) => run.sent),
      received: sum((run) => run.received),
      duplicates: sum((run) => run.duplicates),
      unplaced: sum((run) => run.unplaced),
      slips: sum((run) => run.slips),
      silent: Math.max(...all.map(({ silent }) => silent)),
      p50Ms: of((run) => run.p50Ms),
      p99Ms: of((run) => run.p99Ms),
      p999Ms: of((run) => run.p999Ms),
      maxMs: Math.max(...all.map(({ maxMs }) => maxMs)),
    };
  };
  return {
    toPhone: way('toPhone'),
    toConsumer: way('toConsumer'),
    lagP99Ms: median(runs.map(({ lagP99Ms }) => lagP99Ms)),
    lagMaxMs: Math.max(...runs.map(({ lagMaxMs }) => lagMaxMs)),
    untimed: runs.reduce((all, { untimed }) => all + untimed, 0),
    forged: runs.reduce((all, { forged }) => all + forged, 0),
  };
}
