/** Longest wait in the kernel while nothing comes, ms. */
export const IDLE_WAIT_MS = 2;

/** From one wake-up to the next while packets come, microseconds; longer while they are few, whose turn costs as much. */
const TURN_US = 1_200;
const QUIET_TURN_US = 1_600;
/** Packets of a batch, in the middle. */
const FEW_PACKETS = 5;
/** Work of one packet, microseconds, roughly; for a batch whose beginning is not known. */
const PACKET_US = 30;
/** Of the middle an eighth is new (by shifts: whole numbers make no object). */
const SHIFT = 3;

/**
 * How long a thread sleeps between batches: packets of many calls then share one wake-up, which costs more than a packet
 * does. Each wakes it a fixed time after the last one, whatever it did in between: a sleep behind a long turn kept
 * packets waiting for both.
 */
export class Pace {
  /** Eight times what batches moved of late. */
  #recent = 0;
  /** When the thread woke for this batch, on the caller's clock; not known where the kernel woke it. */
  #wokeUs = 0;
  #isWokeKnown = false;

  /**
   * Microseconds to sleep, a turn at most, after a batch that moved `packets`. None when the turn is over, and none while
   * packets wait: a stranger's flood of one port would fill its buffer meanwhile, and push out those of the call. Whether
   * they are few says the middle of some batches: behind one that was not slept after there are always few.
   *
   * @param drained nothing is left that it could have read
   * @param nowUs modulo 2^32, signed (`| 0`): larger numbers would be objects
   */
  pauseUs(packets: number, drained: boolean, nowUs: number): number {
    this.#recent += packets - (this.#recent >> SHIFT);
    if (packets === 0) {
      this.#isWokeKnown = false;
      return 0;
    }
    const turn = this.#recent >> SHIFT < FEW_PACKETS ? QUIET_TURN_US : TURN_US;
    const since = this.#isWokeKnown ? (nowUs - this.#wokeUs) | 0 : -1;
    // Before it woke: a signal cut the sleep short; or half a turn of the clock has gone by.
    const spent = since < 0 ? packets * PACKET_US : since;
    const pause = drained ? Math.max(0, turn - spent) : 0;
    this.#wokeUs = (nowUs + pause) | 0;
    this.#isWokeKnown = true;
    return pause;
  }
}
