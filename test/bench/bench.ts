/** One measured number beside what it is compared with. */
export interface BenchCase {
  readonly case: string;
  readonly ours: number;
  /** The same measure of a peer in the same run; null where no honest one exists. */
  readonly baseline: number | null;
  /** ours / baseline. */
  readonly ratio: number | null;
  readonly unit: string;
  /** What the project promises: `>= n`, `<= n` or `ratio <= n`; null for a number that is only told. */
  readonly target: string | null;
  readonly ok: boolean;
}

export interface BenchResult {
  readonly name: string;
  readonly cases: readonly BenchCase[];
}

export interface BenchOptions {
  /** Length of one step of load, seconds. */
  readonly seconds: number;
  /** Numbers of calls to hold, where a benchmark has steps of them; unset: its own. */
  readonly calls?: readonly number[];
  /** The steps alone, where a benchmark goes on to search for a limit. */
  readonly stepsOnly?: boolean;
  /** Progress for a person; never part of the result. */
  readonly say: (line: string) => void;
}

/** A named benchmark; its file exports it, `run.ts` lists it. */
export interface Bench {
  readonly name: string;
  /** Its own length of a step, when nobody says another. Default 5. */
  readonly seconds?: number;
  /** It times what sleeps and is woken: cores are kept from halting. */
  readonly awake?: boolean;
  run(options: BenchOptions): Promise<readonly BenchCase[]>;
}

/** `ratioAtMost` is dropped where there is no baseline to judge by: nothing is promised then. */
export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  | { readonly ratioAtMost: number };

/** Rounds to three significant digits and judges. */
export function benchCase(
  name: string,
  unit: string,
  ours: number,
  of: { readonly baseline?: number | null; readonly target?: Target } = {},
): BenchCase {
  const { baseline = null, target } = of;
  const ratio = baseline === null || baseline === 0 ? null : ours / baseline;
  let ok = Number.isFinite(ours);
  if (target && 'atLeast' in target) ok &&= ours >= target.atLeast;
  if (target && 'atMost' in target) ok &&= ours <= target.atMost;
  if (target && 'ratioAtMost' in target) ok &&= ratio === null || ratio <= target.ratioAtMost;
  return {
    case: name,
    ours: short(ours),
    baseline: baseline === null ? null : short(baseline),
    ratio: ratio === null ? null : short(ratio),
    unit,
    target: promised(target, ratio),
    ok,
  };
}

function promised(target: Target | undefined, ratio: number | null): string | null {
  if (!target) return null;
  if ('atLeast' in target) return `>= ${target.atLeast}`;
  if ('atMost' in target) return `<= ${target.atMost}`;
  return ratio === null ? null : `ratio <= ${target.ratioAtMost}`;
}

/** The middle of several runs. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const short = (value: number): number => Number(value.toPrecision(3));

/** The cases as a table for a terminal. */
export function table(result: BenchResult): string {
  const rows = [
    ['case', 'ours', 'baseline', 'ratio', 'unit', 'target', ''],
    ...result.cases.map((each) => [
      each.case,
      String(each.ours),
      String(each.baseline ?? '-'),
      String(each.ratio ?? '-'),
      each.unit,
      each.target ?? '-',
      each.ok ? 'ok' : 'MISSED',
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [result.name, ...rows.map(line)].join('\n');
}
