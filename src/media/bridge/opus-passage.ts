import { OpusRepacketizer, opusPacketSamples48k } from '../codec/index.ts';
import type { Outlet } from './outlet.ts';

/**
 * Opus on its way through, in packets of the length that the far side wants, as far as whole frames make that
 * (RFC 6716 section 3.2). The outlet's numbers count on; nothing is copied twice where the packet fits as it is.
 */
export class OpusPassage {
  readonly #repacketizer = new OpusRepacketizer();
  readonly #outlet: Outlet;
  readonly #send: (length: number, payloadAt: number) => void;
  #wanted = 960;

  constructor(outlet: Outlet, send: (length: number, payloadAt: number) => void) {
    this.#outlet = outlet;
    this.#send = send;
  }

  /** Ticks of 48 kHz that wait for more. */
  get held(): number {
    return this.#repacketizer.samples;
  }

  /** Takes `length` bytes of `packet`, well-formed, of `ticks`; sends what is whole. @param wanted ticks a packet */
  take(packet: Uint8Array, from: number, length: number, ticks: number, wanted: number): void {
    const repacketizer = this.#repacketizer;
    const outlet = this.#outlet;
    this.#wanted = wanted;
    const whole = opusPacketSamples48k(packet[from] as number, wanted);
    if (repacketizer.samples === 0 && ticks === whole) {
      const at = outlet.begin();
      outlet.put(packet, from, length, at);
      this.#send(at + length, at);
      outlet.advance(ticks);
      return;
    }
    if (!repacketizer.push(packet, from, from + length)) {
      this.flush();
      if (!repacketizer.push(packet, from, from + length)) return outlet.advance(ticks);
    }
    while (repacketizer.samples >= whole && this.#shift());
  }

  /** Sends what is held as it is: there is a gap behind it. */
  flush(): void {
    while (this.#repacketizer.samples > 0 && this.#shift());
  }

  /** Drops what is held; its time passes all the same. */
  drop(): void {
    this.#outlet.advance(this.#repacketizer.samples);
    this.#repacketizer.clear();
  }

  #shift(): boolean {
    const repacketizer = this.#repacketizer;
    const outlet = this.#outlet;
    const at = outlet.begin();
    const bytes = repacketizer.shift(outlet.packet, at, this.#wanted, outlet.room);
    if (bytes === 0) {
      this.drop();
      return false;
    }
    this.#send(at + bytes, at);
    outlet.advance(repacketizer.shifted);
    return true;
  }
}
