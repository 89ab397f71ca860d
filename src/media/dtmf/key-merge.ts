/** By which way a phone said that a key is down. */
export type KeyMethod = 'rfc4733' | 'info' | 'inband';

/** Presses that are remembered, so that another method's word of them is known. */
const REMEMBERED = 32;
/**
 * How far apart two methods may tell of one press, ms: an INFO is repeated after 500 ms when it is lost, a tone is
 * heard 40 ms late. No PBX changes its method between two presses, so a wide window costs nothing.
 */
const WINDOW_MS = 2_000;

const BITS: Readonly<Record<KeyMethod, number>> = { rfc4733: 1, info: 2, inband: 4 };

interface Press {
  code: number;
  fromMs: number;
  toMs: number;
  methods: number;
}

/**
 * One press is told once, even when the PBX tells of it by several methods at a time: a word of another method about
 * the same key at about the same time belongs to the oldest press that this method has not told of.
 */
export class KeyMerge {
  /** Words about presses that were known already. */
  merged = 0;
  readonly #presses: Press[] = Array.from({ length: REMEMBERED }, () => ({
    code: -1,
    fromMs: -Infinity,
    toMs: -Infinity,
    methods: 0,
  }));
  #next = 0;
  readonly #held: Record<KeyMethod, Press | undefined> = {
    rfc4733: undefined,
    info: undefined,
    inband: undefined,
  };

  /**
   * A key went down by this method. True: it is a press that nobody told of before.
   * @param fromMs when it went down, monotonic
   */
  begin(method: KeyMethod, code: number, fromMs: number): boolean {
    const bit = BITS[method];
    for (let i = 0; i < REMEMBERED; i++) {
      const press = this.#presses[(this.#next + i) % REMEMBERED] as Press;
      if (press.code !== code || (press.methods & bit) !== 0) continue;
      if (fromMs - press.toMs > WINDOW_MS || press.fromMs - fromMs > WINDOW_MS) continue;
      press.methods |= bit;
      this.#held[method] = press;
      this.merged += 1;
      return false;
    }
    const press = this.#presses[this.#next] as Press;
    this.#next = (this.#next + 1) % REMEMBERED;
    press.code = code;
    press.fromMs = fromMs;
    press.toMs = Infinity;
    press.methods = bit;
    this.#held[method] = press;
    return true;
  }

  /** The key that this method said is down was let go. */
  end(method: KeyMethod, nowMs: number): void {
    const press = this.#held[method];
    if (!press) return;
    press.toMs = press.toMs === Infinity ? nowMs : Math.max(press.toMs, nowMs);
    this.#held[method] = undefined;
  }
}
