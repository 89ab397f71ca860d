/**
 * Of V8's young generation, MB: it has up to three semi-spaces. V8's own limit, 16 MB each, is filled with what setting calls
 * up leaves behind before any of it is collected: memory that is never given back, and stops of 10 to 40 ms where a call was
 * being set up. What the limit brings: src/media/PERFORMANCE.md.
 */
export const SEMI_SPACE_MB = 4;

/** For a thread of its own; the main thread's comes with the command line. */
export const YOUNG_LIMITS = { maxYoungGenerationSizeMb: 3 * SEMI_SPACE_MB } as const;
