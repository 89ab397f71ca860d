import { availableParallelism } from 'node:os';

/** As many as `media.workers` takes. */
const MOST_WORKERS = 64;

/** How many threads carry media, of `media.workers`: `auto` is one a core. */
export const workersOf = (wanted: 'auto' | number, cores = availableParallelism()): number =>
  wanted === 'auto' ? Math.min(MOST_WORKERS, cores) : wanted;
