import type { Random } from '../fuzz/random.ts';
import type { ErrorDisk } from './error-disk.ts';
import { type Before, judge } from './judge.ts';
import type { Site } from './site.ts';
import type { SmallDisk } from './small-disk.ts';
import type { Trial } from './trial.ts';

/** How long those that a fault left on the line may take to be hung up by the gateway itself, ms. */
export const HANG_UP_MS = 20_000;

/** What a kind works with. */
export interface Stage {
  /** With the embedded SIP server. */
  readonly site: Site;
  /** The same, and a call can be held in any state. */
  readonly staged: Site;
  /** So, with gateway and SIP server in two processes. */
  readonly apart: Site;
  /** On a disk that can be filled; undefined where none can be made. */
  readonly small: { readonly site: Site; readonly disk: SmallDisk } | undefined;
  /** On a disk that may fail; undefined where none can be made. */
  readonly failing: { readonly site: Site; readonly disk: ErrorDisk } | undefined;
}

/** Told where the calls were when it struck. */
export type Met = (trials: readonly Pick<Trial, 'phase'>[]) => void;

export interface Kind {
  readonly name: string;
  /** What it does, for the help. */
  readonly what: string;
  /** Which site it needs. */
  readonly on: keyof Stage;
  /** Share of the runs. */
  readonly weight: number;
  /** Returns what did not hold. */
  readonly run: (stage: Stage, random: Random, met: Met) => Promise<string[]>;
}

const once = { records: 'exactly one' } as const;

/** Judges these calls, then proves that another one comes off. */
export async function over(
  site: Site,
  trials: readonly Trial[],
  since: Before,
  wrong: readonly string[],
  promise: Parameters<typeof judge>[3] = once,
): Promise<string[]> {
  const all = [...wrong, ...(await judge(site, trials, since, promise)), ...(await site.proof())];
  for (const trial of trials) site.forget(trial);
  return all;
}
