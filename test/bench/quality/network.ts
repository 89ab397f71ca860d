/** xorshift32: the same network for everybody who is compared, 0 to 1. */
function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One packet that arrives. */
export interface Arrival {
  readonly index: number;
  /** ms after the first packet was sent. */
  readonly atMs: number;
}

export interface Condition {
  readonly name: string;
  /** 0 to 1 */
  readonly loss?: number;
  /** Gilbert-Elliott: mean length of a loss, packets; 1 is random loss. */
  readonly burst?: number;
  /** Each packet is late by 0 to so many ms, evenly. */
  readonly jitterMs?: number;
  /** Share of packets that come 30 ms later: behind the next one. */
  readonly reordered?: number;
  /** Of the sender's clock. */
  readonly ppm?: number;
}

const LOSSES = [0.01, 0.03, 0.05, 0.1];

export const CONDITIONS: readonly Condition[] = [
  { name: 'clean' },
  ...LOSSES.map((loss) => ({ name: `random loss ${loss * 100} %`, loss })),
  ...LOSSES.map((loss) => ({ name: `bursty loss ${loss * 100} %`, loss, burst: 3 })),
  { name: 'jitter 20 ms', jitterMs: 20 },
  { name: 'jitter 60 ms', jitterMs: 60 },
  { name: 'jitter 60 ms, bursty loss 3 %', jitterMs: 60, loss: 0.03, burst: 3 },
  { name: 'reordering 5 %', reordered: 0.05 },
  { name: 'drift 200 ppm', ppm: 200 },
];

/** When each of `packets` packets of 20 ms arrives, in the order of arrival. */
export function arrivals(condition: Condition, packets: number): readonly Arrival[] {
  const { loss = 0, burst = 1, jitterMs = 0, reordered = 0, ppm = 0 } = condition;
  const chance = random(20_260_805);
  const [leave, enter] = [1 / burst, loss / burst / (1 - loss)];
  const list: Arrival[] = [];
  let bad = false;
  for (let index = 0; index < packets; index++) {
    const [state, jitter, late] = [chance(), chance(), chance()];
    if (burst > 1) bad = bad ? state >= leave : state < enter;
    else bad = state < loss;
    // The first second is spared: everybody finds the stream.
    if (bad && index > 50) continue;
    const atMs = (index * 20) / (1 + ppm / 1e6) + jitter * jitterMs + (late < reordered ? 30 : 0);
    list.push({ index, atMs });
  }
  return list.sort((a, b) => a.atMs - b.atMs);
}
