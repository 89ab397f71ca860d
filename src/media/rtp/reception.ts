import { sequenceDelta, timestampDelta } from './header.ts';

/** What a packet is in its stream's sequence. */
export type Arrival = 'first' | 'next' | 'gap' | 'duplicate' | 'late' | 'restart';

/** A jump of this many packets is another stream, not loss (RFC 3550 A.1: MAX_DROPOUT). */
const MAX_DROPOUT = 3_000;
/** So far behind a packet is late; farther, the sender restarted (RFC 3550 A.1: MAX_MISORDER). */
const MAX_MISORDER = 100;

/** One second at 48 kHz, six at 8 kHz, in ticks. */
const MAX_VARIATION = 48_000;

/** Sequence, loss and jitter of one received stream (RFC 3550 appendix A). */
export class Reception {
  ssrc = 0;
  /** Packets that counted: all but duplicates. */
  received = 0;
  duplicates = 0;
  late = 0;
  restarts = 0;
  /** Packets missing before the last arrival; only after `gap`. */
  missing = 0;
  /** Interarrival jitter in RTP ticks. */
  jitter = 0;
  highest = 0;
  #cycles = 0;
  #base = 0;
  #started = false;
  #transit = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  /** Of streams before a restart. */
  #lostBefore = 0;
  /** Bit n: the packet n behind the highest was seen. */
  #window = 0;

  /**
   * @param nowTicks arrival in the units of the timestamp, any origin
   * @param timed false for a packet whose timestamp does not tell when it was sent, such as a telephone-event
   */
  arrive(ssrc: number, sequence: number, timestamp: number, nowTicks: number, timed = true): Arrival {
    if (!this.#started || ssrc !== this.ssrc) return this.#restart(ssrc, sequence, timestamp, nowTicks);
    const delta = sequenceDelta(sequence, this.highest);
    if (delta > MAX_DROPOUT || delta < -MAX_MISORDER) {
      return this.#restart(ssrc, sequence, timestamp, nowTicks);
    }
    if (delta <= 0) {
      const bit = -delta;
      if (bit < 32 && (this.#window >>> bit) & 1) {
        this.duplicates += 1;
        return 'duplicate';
      }
      if (bit < 32) this.#window |= 1 << bit;
      this.received += 1;
      this.late += 1;
      return 'late';
    }
    this.#window = delta < 32 ? (this.#window << delta) | 1 : 1;
    if (sequence < this.highest) this.#cycles += 65_536;
    this.highest = sequence;
    this.received += 1;
    if (timed) this.#measure(timestamp, nowTicks);
    this.missing = delta - 1;
    return delta === 1 ? 'next' : 'gap';
  }

  /** Highest sequence number with the count of wraps above it, for report blocks. */
  get extendedHighest(): number {
    return this.#cycles + this.highest;
  }

  /** Packets lost since the beginning; late ones are not lost (RFC 3550 A.3). */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#expected - this.#receivedHere);
  }

  /** Fraction lost since the last call, in 256ths (RFC 3550 A.3). */
  fractionLost(): number {
    const expected = this.#expected - this.#expectedPrior;
    const received = this.#receivedHere - this.#receivedPrior;
    this.#expectedPrior = this.#expected;
    this.#receivedPrior = this.#receivedHere;
    return expected <= 0 || expected <= received ? 0 : Math.floor(((expected - received) * 256) / expected);
  }

  #here = 0;

  get #receivedHere(): number {
    return this.received - this.#here;
  }

  get #expected(): number {
    return this.#started ? this.extendedHighest - this.#base + 1 : 0;
  }

  #restart(ssrc: number, sequence: number, timestamp: number, nowTicks: number): Arrival {
    const first = !this.#started;
    if (!first) {
      this.#lostBefore = this.lost;
      this.restarts += 1;
    }
    this.#here = this.received;
    this.#started = true;
    this.ssrc = ssrc;
    this.highest = sequence;
    this.#cycles = 0;
    this.#base = sequence;
    this.#window = 1;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#transit = timestampDelta(nowTicks, timestamp);
    this.received += 1;
    this.missing = 0;
    return first ? 'first' : 'restart';
  }

  #measure(timestamp: number, nowTicks: number): void {
    const transit = timestampDelta(nowTicks, timestamp);
    const difference = Math.abs(timestampDelta(transit, this.#transit));
    this.#transit = transit;
    // A sender whose clock jumps or stood still is no jitter of the network.
    if (difference < MAX_VARIATION) this.jitter += (difference - this.jitter) / 16;
  }
}
