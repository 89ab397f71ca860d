/** Replay protection and index guessing of one SSRC (RFC 3711 sections 3.3.1 and 3.3.2); a window of 64 packets. */
export class ReplayWindow {
  #started = false;
  #roc = 0;
  #highest = 0;
  /** Bit n of (high, low): the packet n behind the highest was accepted. */
  #low = 0;
  #high = 0;

  /** Roll-over counter that belongs to `sequence` (RFC 3711 appendix A). */
  guess(sequence: number): number {
    if (!this.#started) return this.#roc;
    const highest = this.#highest;
    if (highest < 0x8000) {
      // Nothing is before the first packet: such a number is one far ahead.
      return sequence - highest > 0x8000 && this.#roc > 0 ? this.#roc - 1 : this.#roc;
    }
    return highest - 0x8000 > sequence ? (this.#roc + 1) >>> 0 : this.#roc;
  }

  /** False for a packet that was accepted before, or is older than the window. */
  isNew(roc: number, sequence: number): boolean {
    const behind = this.#behind(roc, sequence);
    if (behind < 0) return true;
    if (behind > 63) return false;
    return behind < 32 ? ((this.#low >>> behind) & 1) === 0 : ((this.#high >>> (behind - 32)) & 1) === 0;
  }

  /** Only for packets that were authenticated. */
  accept(roc: number, sequence: number): void {
    const behind = this.#behind(roc, sequence);
    if (behind >= 0) {
      if (behind < 32) this.#low |= 1 << behind;
      else this.#high |= 1 << (behind - 32);
      return;
    }
    this.#shift(-behind);
    this.#low |= 1;
    this.#roc = roc;
    this.#highest = sequence;
    this.#started = true;
  }

  /** How far the packet is behind the highest; negative when it is ahead (or the first). */
  #behind(roc: number, sequence: number): number {
    if (!this.#started) return -64;
    return (this.#roc - roc) * 65_536 + (this.#highest - sequence);
  }

  #shift(by: number): void {
    if (by >= 64) {
      this.#low = 0;
      this.#high = 0;
    } else if (by >= 32) {
      this.#high = by === 32 ? this.#low : this.#low << (by - 32);
      this.#low = 0;
    } else {
      this.#high = (this.#high << by) | (this.#low >>> (32 - by));
      this.#low <<= by;
    }
  }
}
