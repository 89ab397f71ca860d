import { sequenceDelta, timestampDelta } from '../rtp/header.ts';
import { DelayTarget, type JitterBufferOptions } from './delay-target.ts';
import { PacketStore } from './packet-store.ts';

/** What the next stretch of the output is made of; `ticks` of the buffer is its length. */
export type JitterStep =
  /** `payload`: play it. */
  | 'packet'
  /** `payload`: decode it, but play nothing: the delay shrinks. */
  | 'skip'
  /** Lost, and `payload` is the packet after it: read its FEC, else conceal. The same payload comes again to be played. */
  | 'fec'
  /** Lost: conceal. */
  | 'lost'
  /** The sender sent nothing here (DTX): comfort noise or concealment. */
  | 'pause'
  /** Nothing is lost, but the delay must grow: conceal, and go on where the stream stopped. */
  | 'insert'
  /** Nothing is there yet: conceal; late or lost is told by the packet that comes. */
  | 'starved';

/** Longest stretch made up at once, ms. */
const STEP_MS = 20;
/** Less than this is not worth a step: libopus conceals in steps of 2.5 ms, and noise must not cause inserts. */
const SLACK_MS = 5;
/** While somebody speaks the delay grows by one step in so many ms, */
const GROW_EVERY_MS = 100;
/** and shrinks only when it was this much too long, ms, */
const MUCH_TOO_LONG_MS = 60;
/** for so many ms, by one packet. */
const SHRINK_EVERY_MS = 1_000;
/** Transit may change so much, ms, beyond the longest delay, before another clock must be behind it. */
const CLOCK_JUMP_MS = 500;
/** A jump of this many packets is another stream (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3_000;
/** Packets that may wait: 500 ms of the shortest Opus frames. */
const CAPACITY = 200;

/**
 * The adaptive jitter buffer of one leg. Packets go in as they come; the owner takes one step after the other, as
 * often as its own output clock asks for. Two clocks meet here: `playoutMs` is when the next stretch is heard, and
 * `#next` is the RTP time it belongs to. Their distance is the delay. A step that plays moves both; making up audio
 * without moving `#next` lets the delay grow, skipping a packet without moving `playoutMs` lets it shrink: this is
 * all that jitter, drift and pauses need.
 */
export class JitterBuffer {
  /** Bytes of the last packet, fec or skip step; valid until the next push. */
  payload: Uint8Array = new Uint8Array(0);
  payloadLength = 0;
  /** RTP ticks of the last step. */
  ticks = 0;
  /** Packets lost before that of the last packet step. */
  missing = 0;
  /** Monotonic ms at which the next step is heard. */
  playoutMs = 0;
  /** Packets dropped because their time had passed. */
  late = 0;
  /** Packets dropped because too many waited. */
  overflow = 0;
  /** RTP ticks that were made up, or left out, to change the delay (W3C: inserted and removed samples). */
  insertedTicks = 0;
  removedTicks = 0;
  /** Sums over played ticks, ms x ticks: how long they waited, and how long they should have (W3C jitterBufferDelay). */
  delaySum = 0;
  targetSum = 0;
  emittedTicks = 0;
  readonly #options: JitterBufferOptions;
  readonly #target: DelayTarget;
  readonly #store = new PacketStore(CAPACITY);
  #waiting = 0;
  readonly #ticksPerMs: number;
  #started = false;
  /** Highest sequence and its packet's timestamp, as received and unwrapped. */
  #highest = 0;
  #highestSequence = 0;
  #newest = 0;
  #newestTimestamp = 0;
  #transitMs = 0;
  /** Unwrapped: the last sequence that was played or given up, and the RTP time of the next step. */
  #played = 0;
  #next = 0;
  #frameTicks: number;
  /** Ticks made up since nothing was there. */
  #starved = 0;
  /** Behind a pause the delay may be set anew without harm. */
  #settling = true;
  #grewMs = 0;
  #longSinceMs = 0;

  /** @param clockRate RTP clock of the stream, Hz */
  constructor(options: JitterBufferOptions, clockRate: number) {
    this.#options = options;
    this.#target = new DelayTarget(options);
    this.#ticksPerMs = clockRate / 1000;
    this.#frameTicks = STEP_MS * this.#ticksPerMs;
  }

  get targetMs(): number {
    return this.#target.ms;
  }

  /** From the arrival of the fastest packets to their playout, ms; 0 before the first. */
  get delayMs(): number {
    if (!this.#started) return 0;
    return this.playoutMs - (this.#next + this.#starved) / this.#ticksPerMs - this.#target.fastestMs;
  }

  /** Packets of audio that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Numbers that never wrap: the last that came, and the last that was played or given up. */
  get highest(): number {
    return this.#highest;
  }

  get played(): number {
    return this.#played;
  }

  /** Payload memory held, bytes: bounded by the packets that ever waited at once. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /** Goes on with the sums of the buffer before it, whose clock may have been another. */
  inherit(before: JitterBuffer): void {
    const scale = this.#ticksPerMs / before.#ticksPerMs;
    this.late = before.late;
    this.overflow = before.overflow;
    this.insertedTicks = before.insertedTicks * scale;
    this.removedTicks = before.removedTicks * scale;
    this.delaySum = before.delaySum * scale;
    this.targetSum = before.targetSum * scale;
    this.emittedTicks = before.emittedTicks * scale;
  }

  /**
   * Takes a copy of one packet. Not undefined: it was refused, and why.
   * @param ticks its length; 0 for what is no audio, such as a telephone-event: its sequence number is no loss then
   * @param restart another stream begins (SSRC or sequence jump); what waits of the old one is still played
   */
  push(
    packet: Uint8Array,
    at: number,
    length: number,
    sequence: number,
    timestamp: number,
    ticks: number,
    restart: boolean,
    nowMs: number,
  ): 'late' | 'duplicate' | undefined {
    const delta = sequenceDelta(sequence, this.#highestSequence);
    const far = delta > MAX_DROPOUT || delta < -CAPACITY;
    if (!this.#started || restart || far) this.#splice(sequence, timestamp, nowMs);
    let number = this.#highest + sequenceDelta(sequence, this.#highestSequence);
    let time = this.#newest + timestampDelta(timestamp, this.#newestTimestamp);
    if (ticks > 0) {
      const transitMs = nowMs - time / this.#ticksPerMs;
      const jumped = Math.abs(transitMs - this.#transitMs) > this.#options.maxDelayMs + CLOCK_JUMP_MS;
      if (jumped && number > this.#highest) {
        this.#splice(sequence, timestamp, nowMs);
        time = this.#newest;
        number = this.#highest + 1;
      }
      // Behind the highest, of another clock: it fits nowhere, and its transit would be believed for seconds.
      if (jumped && number <= this.#highest) return this.#tooLate();
      if (number >= this.#highest) this.#transitMs = nowMs - time / this.#ticksPerMs;
      this.#target.arrive(nowMs - time / this.#ticksPerMs, nowMs);
      if (number <= this.#played || (number < this.#highest && time < this.#next)) return this.#tooLate();
    } else if (number <= this.#played) return undefined;
    if (number > this.#highest) {
      this.#highest = number;
      this.#highestSequence = sequence;
      if (ticks > 0) {
        this.#newest = time;
        this.#newestTimestamp = timestamp;
      }
    }
    if (this.#store.size === CAPACITY) this.#overflow();
    const slot = this.#store.add(number);
    if (!slot) return 'duplicate';
    slot.timestamp = time;
    slot.ticks = ticks;
    slot.arrivedMs = nowMs;
    slot.set(packet, at, length);
    if (ticks > 0) this.#waiting += 1;
    return undefined;
  }

  #tooLate(): 'late' {
    this.late += 1;
    return 'late';
  }

  /**
   * The next step; its length is in `ticks`, and `playoutMs` has moved on by it.
   * @param quiet nobody is heard just now: the time to change the delay
   */
  next(quiet: boolean): JitterStep {
    const store = this.#store;
    let head = store.first();
    while (head && head.ticks === 0) {
      this.#played = head.sequence;
      store.shift();
      head = store.first();
    }
    if (!head) {
      this.#starved += this.#frames(STEP_MS);
      return this.#make('starved', this.#frames(STEP_MS));
    }
    const lost = head.sequence - this.#played - 1;
    let gap = this.#catchUp(head.timestamp, lost);
    if (gap !== 0 && (lost === 0 || gap < 0)) {
      // The sender's clock moved without packets: DTX, or a sender that corrects itself.
      this.#next = head.timestamp;
      this.#settling = true;
      gap = 0;
    }
    const wantedMs = this.#target.ms - this.delayMs;
    if (this.#settling) {
      if (wantedMs >= SLACK_MS) return this.#make('pause', this.#stepOf(wantedMs));
      this.#settling = false;
    }
    if (gap > 0) return this.#missing(gap, head.ticks, head.bytes, head.length);
    if (this.#mustGrow(wantedMs, quiet)) {
      const ticks = this.#stepOf(wantedMs);
      this.insertedTicks += ticks;
      this.#grewMs = this.playoutMs;
      return this.#make('insert', ticks);
    }
    const skip = this.#mustShrink(-wantedMs, head.ticks / this.#ticksPerMs, quiet);
    this.missing = lost;
    this.#next = head.timestamp + head.ticks;
    this.#played = head.sequence;
    this.#frameTicks = head.ticks;
    this.payload = head.bytes;
    this.payloadLength = head.length;
    store.shift();
    this.#waiting -= 1;
    if (skip) {
      this.#longSinceMs = this.playoutMs;
      this.removedTicks += head.ticks;
      this.ticks = head.ticks;
      return 'skip';
    }
    this.delaySum += Math.max(0, this.playoutMs - head.arrivedMs) * head.ticks;
    this.targetSum += this.#target.ms * head.ticks;
    this.emittedTicks += head.ticks;
    return this.#make('packet', head.ticks);
  }

  /** What was made up while nothing was there stands for what is missing; the rest is the delay's growth. */
  #catchUp(timestamp: number, lost: number): number {
    const gap = timestamp - this.#next;
    const covered = Math.min(this.#starved, Math.max(0, gap));
    if (this.#starved > covered && !this.#settling) this.insertedTicks += this.#starved - covered;
    this.#starved = 0;
    this.#next += covered;
    const left = gap - covered;
    if (lost === 0 || left <= 0) return left;
    // More time is missing than packets: the sender paused as well.
    const pause = Math.max(0, gap - lost * this.#frameTicks);
    if (pause > 0) this.#settling = true;
    const skipped = Math.min(pause, left);
    this.#next += skipped;
    return left - skipped;
  }

  #missing(gap: number, ticks: number, bytes: Uint8Array, length: number): JitterStep {
    if (gap > ticks) {
      const step = Math.min(gap - ticks, this.#frames(STEP_MS));
      this.#next += step;
      return this.#make('lost', step);
    }
    this.payload = bytes;
    this.payloadLength = length;
    this.#next += gap;
    return this.#make('fec', gap);
  }

  #mustGrow(wantedMs: number, quiet: boolean): boolean {
    if (quiet) return wantedMs >= 2 * SLACK_MS;
    return wantedMs >= STEP_MS && this.playoutMs - this.#grewMs >= GROW_EVERY_MS;
  }

  #mustShrink(excessMs: number, packetMs: number, quiet: boolean): boolean {
    if (this.delayMs > this.#options.maxDelayMs + packetMs) return true;
    if (excessMs < MUCH_TOO_LONG_MS) this.#longSinceMs = this.playoutMs;
    if (excessMs < packetMs + SLACK_MS) return false;
    return quiet || this.playoutMs - this.#longSinceMs >= SHRINK_EVERY_MS;
  }

  /** Another stream, or another clock: its first packet comes right behind what waits. */
  #splice(sequence: number, timestamp: number, nowMs: number): void {
    const empty = this.#store.size === 0;
    if (!this.#started) {
      this.#played = sequence - 1;
      this.#highest = sequence - 1;
    }
    const from = empty ? this.#next : this.#newest + this.#frameTicks;
    // One before it, so that it is the next in sequence.
    this.#highestSequence = (sequence - 1) & 0xffff;
    this.#newest = from;
    this.#newestTimestamp = timestamp;
    if (empty) {
      this.#played = this.#highest;
      this.#starved = 0;
      this.#settling = true;
    }
    this.#transitMs = nowMs - from / this.#ticksPerMs;
    this.#target.rebase();
    this.#started = true;
  }

  #overflow(): void {
    const head = this.#store.first();
    if (!head) return;
    if (head.ticks > 0) {
      this.overflow += 1;
      this.#waiting -= 1;
    }
    this.#played = head.sequence;
    this.#next = Math.max(this.#next, head.timestamp + head.ticks);
    this.#store.shift();
  }

  #make(step: JitterStep, ticks: number): JitterStep {
    this.ticks = ticks;
    this.playoutMs += ticks / this.#ticksPerMs;
    return step;
  }

  /** As much of `wantedMs` as one step makes up, in whole 2.5 ms. */
  #stepOf(wantedMs: number): number {
    return Math.floor(Math.min(STEP_MS, wantedMs) / 2.5) * 2.5 * this.#ticksPerMs;
  }

  #frames(ms: number): number {
    return Math.round(Math.min(ms * this.#ticksPerMs, Math.max(this.#frameTicks, 2.5 * this.#ticksPerMs)));
  }
}
