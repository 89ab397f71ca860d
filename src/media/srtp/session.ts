import { SrtpReceiver } from './receiver.ts';
import { SrtpSender } from './sender.ts';
import type { SrtpKeys, SrtpMasterKey, SrtpRefusal } from './types.ts';

export type { SrtpKeys, SrtpMasterKey, SrtpProfile, SrtpRefusal } from './types.ts';

/** A peer that goes on changing its key may not make us keep them all. */
const MAX_RECEIVERS = 4;

/** SRTP and SRTCP of both directions. Packets are changed in place; nothing is kept but counters and key stream. */
export class SrtpSession {
  readonly #senders = new Map<string, SrtpSender>();
  readonly #receivers = new Map<string, SrtpReceiver>();
  #sender: SrtpSender;
  #receiver: SrtpReceiver;
  /** Why the last packet was refused. */
  refusal: SrtpRefusal = 'malformed';

  constructor(keys: SrtpKeys) {
    this.#sender = this.#senderOf(keys);
    this.#receiver = this.#receiverOf(keys);
  }

  /**
   * Other keys, or the same: a direction whose key is one that it had before goes on where it was, since a key begun
   * anew would use its key stream twice. A new one begins with roll-over counter 0, as every peer's does.
   */
  rekey(keys: SrtpKeys): void {
    this.#sender = this.#senderOf(keys);
    this.#receiver = this.#receiverOf(keys);
  }

  /**
   * Returns the length with the tag, or -1 and sets `refusal`: no RTP (`malformed`), or a sequence number that was
   * sent before (`replay`: a key stream must never be used twice, RFC 3711 section 9.1).
   */
  protectRtp(packet: Uint8Array, length: number): number {
    const made = this.#sender.protectRtp(packet, length);
    if (made < 0) this.refusal = this.#sender.refusal;
    return made;
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtp(packet: Uint8Array, length: number): number {
    const clear = this.#receiver.unprotectRtp(packet, length);
    if (clear < 0) this.refusal = this.#receiver.refusal;
    return clear;
  }

  /** Returns the length with index and tag, or -1 when there is no SSRC or the indexes of the key are used up. */
  protectRtcp(packet: Uint8Array, length: number): number {
    const made = this.#sender.protectRtcp(packet, length);
    if (made < 0) this.refusal = this.#sender.refusal;
    return made;
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtcp(packet: Uint8Array, length: number): number {
    const clear = this.#receiver.unprotectRtcp(packet, length);
    if (clear < 0) this.refusal = this.#receiver.refusal;
    return clear;
  }

  #senderOf({ profile, local }: SrtpKeys): SrtpSender {
    const name = nameOf(profile, local);
    const sender = this.#senders.get(name) ?? new SrtpSender(profile, local);
    this.#senders.set(name, sender);
    return sender;
  }

  #receiverOf({ profile, remote }: SrtpKeys): SrtpReceiver {
    const name = nameOf(profile, remote);
    const receiver = this.#receivers.get(name) ?? new SrtpReceiver(profile, remote);
    this.#receivers.delete(name);
    this.#receivers.set(name, receiver);
    if (this.#receivers.size > MAX_RECEIVERS) {
      const [oldest] = this.#receivers.keys();
      if (oldest !== undefined) this.#receivers.delete(oldest);
    }
    return receiver;
  }
}

function nameOf(profile: string, { key, salt }: SrtpMasterKey): string {
  return `${profile} ${Buffer.concat([key, salt]).toString('hex')}`;
}
