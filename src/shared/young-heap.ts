/**
 * Of V8's young generation, MB: it has up to three semi-spaces. V8's own limit, 16 MB each on a machine of 4 GB, is filled with
 * what setting calls up leaves behind before any of it is collected. What the limit brings: src/media/PERFORMANCE.md.
 */
const SEMI_SPACE_MB = 4;

/**
 * For Node's command line, or NODE_OPTIONS: the main thread's is taken from there alone. It goes before `resourceLimits` in
 * all other threads, too. docker/, `npm start` and what starts gateways for tests and benchmarks give it.
 */
export const YOUNG_OPTION = `--max-semi-space-size=${SEMI_SPACE_MB}`;

/** For a thread of its own, however the process was started. */
export const YOUNG_LIMITS = { maxYoungGenerationSizeMb: 3 * SEMI_SPACE_MB } as const;
