/** One stop of one thread of a Node process for its garbage collector. */
export interface Pause {
  readonly kind: string;
  readonly ms: number;
}

/**
 * Reads a line of `--trace-gc`, which all threads print: `[pid:isolate] 123 ms: Scavenge 20.1 (30.0) -> 19.0 (31.0)
 * MB, 0.82 / 0.00 ms ...`. The first number after the sizes is the stop; marking beside the program is not in it.
 */
export function pauseOf(line: string): Pause | undefined {
  const found = /^\[\d+:0x[0-9a-f]+\].* ms: (\S+) .*MB, (?:pooled: \S+ MB, )?([\d.]+) \/ /.exec(line);
  return found ? { kind: found[1] ?? '', ms: Number(found[2]) } : undefined;
}
