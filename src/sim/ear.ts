import { dominantFrequency, levelDbfs } from '../media/index.ts';
import type { Heard } from './events.ts';

/** So much is kept, for a WAV file and for the frequency; the oldest goes first. */
const KEPT_SECONDS = 120;
/** The silence of hanging up is looked past, a way that went dead is not. */
const LOOK_PAST_SECONDS = 3;
const QUIET_DBFS = -50;

/** Listens: counts packets, keeps PCM, measures the strongest frequency. */
export class Ear {
  readonly sampleRate: number;
  rxPackets = 0;
  lost = 0;
  /** Grows up to `KEPT_SECONDS`, then the newest overwrites the oldest. */
  #ring: Int16Array;
  /** Samples ever heard; the place of the next one is this modulo the ring's length. */
  #heard = 0;
  #sequence = -1;
  #ssrc = -1;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
    this.#ring = new Int16Array(sampleRate);
  }

  /**
   * One RTP packet by its sequence number; late ones give back what they had counted as lost. Another SSRC counts
   * from where it begins (RFC 3550 section 5.1: each source has a sequence of its own).
   */
  packet(sequence: number, ssrc: number): void {
    this.rxPackets += 1;
    if (ssrc === this.#ssrc) {
      const delta = ((sequence - this.#sequence) << 16) >> 16;
      if (delta > 1) this.lost += delta - 1;
      if (delta < 0 && this.lost > 0) this.lost -= 1;
      if (delta <= 0) return;
    }
    this.#ssrc = ssrc;
    this.#sequence = sequence;
  }

  /** @param samples how many of `pcm` count, mono 16 bit */
  hear(pcm: Int16Array, samples: number): void {
    this.#grow(this.#heard + samples);
    const at = this.#heard % this.#ring.length;
    const first = Math.min(samples, this.#ring.length - at);
    this.#ring.set(pcm.subarray(0, first), at);
    this.#ring.set(pcm.subarray(first, samples), 0);
    this.#heard += samples;
  }

  /** The last two minutes. */
  recording(): Int16Array {
    return this.#slice(Math.max(0, this.#heard - this.#ring.length), this.#heard);
  }

  /** Of the last second of what came, less the silence at its end (at most 3 s of it). */
  heard(): Heard {
    const block = this.sampleRate / 10;
    let end = this.#heard;
    const earliest = Math.max(block, end - LOOK_PAST_SECONDS * this.sampleRate);
    while (end > earliest && levelDbfs(this.#slice(Math.max(0, end - block), end)) < QUIET_DBFS) end -= block;
    const window = this.#slice(Math.max(0, end - this.sampleRate), end);
    return {
      heardHz: Math.round(dominantFrequency(window, this.sampleRate) * 10) / 10,
      levelDb: Math.round(levelDbfs(window) * 10) / 10,
      rxPackets: this.rxPackets,
      lost: this.lost,
    };
  }

  #grow(wanted: number): void {
    const longest = this.sampleRate * KEPT_SECONDS;
    if (wanted <= this.#ring.length || this.#ring.length === longest) return;
    const longer = new Int16Array(Math.min(longest, Math.max(wanted, this.#ring.length * 2)));
    longer.set(this.#ring.subarray(0, this.#heard));
    this.#ring = longer;
  }

  /** A copy of the samples from `from` to `to`, counted from the first ever heard. */
  #slice(from: number, to: number): Int16Array {
    const out = new Int16Array(to - from);
    const at = from % this.#ring.length;
    const first = this.#ring.subarray(at, Math.min(at + out.length, this.#ring.length));
    out.set(first);
    out.set(this.#ring.subarray(0, out.length - first.length), first.length);
    return out;
  }
}
