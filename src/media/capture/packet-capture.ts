import type { Peer } from '../../shared/datagram.ts';
import type { DropReason, Leg, Taken } from '../bridge/types.ts';
import { read16 } from '../rtp/header.ts';

export interface CaptureOptions {
  /** Room for packets; what comes when it is used up is counted, not kept. */
  readonly maxBytes: number;
  /** Keep the audio itself; otherwise zeros stand for it. */
  readonly payload: boolean;
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number;
}

/** A packet as it was written down. */
export interface CapturedMedia {
  readonly atMs: number;
  readonly leg: Leg;
  readonly inbound: boolean;
  readonly rtcp: boolean;
  readonly dropped?: DropReason;
  /** Where it came from or went; absent: the leg's one address. */
  readonly peer?: { readonly address: string; readonly port: number };
  /** What was kept of it, in the clear. */
  readonly bytes: Uint8Array;
  /** Bytes of the packet; zeros stand for those that were not kept. */
  readonly length: number;
}

interface Note {
  readonly atMs: number;
  readonly leg: Leg;
  readonly inbound: boolean;
  readonly rtcp: boolean;
  readonly dropped: DropReason | undefined;
  readonly peer: Peer | undefined;
  readonly from: number;
  readonly kept: number;
  readonly length: number;
}

/** Memory that a note takes beside the bytes of its packet. */
const NOTE_BYTES = 160;
/** Packets that SRTP was not taken off: their payload is not in the clear, and no use to anybody. */
const SEALED: readonly Taken[] = ['malformed', 'notOpen', 'payloadType', 'replay', 'auth'];
const RTCP_SDES = 202;

/**
 * Packets of one call, kept aside while somebody wants them. The packet path asks for it by one branch a packet and
 * leg; nothing here waits, and memory is taken once.
 */
export class PacketCapture {
  readonly #options: CaptureOptions;
  readonly #room: Buffer;
  readonly #notes: Note[] = [];
  #used = 0;
  #cost = 0;
  #missed = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#room = Buffer.allocUnsafeSlow(options.maxBytes);
  }

  /** Packets for which there was no room. */
  get missed(): number {
    return this.#missed;
  }

  /** @param payloadAt where the payload begins @param length of the packet in the clear, bytes */
  rtp(
    leg: Leg,
    inbound: boolean,
    packet: Uint8Array,
    payloadAt: number,
    length: number,
    taken?: Taken,
    peer?: Peer,
  ): void {
    if (taken === 'malformed') return;
    const isOpen = this.#options.payload && !SEALED.includes(taken);
    const dropped = taken === 'waiting' ? undefined : taken;
    const at = this.#keep(packet, 0, isOpen ? length : payloadAt, length, leg, inbound, false, dropped, peer);
    // The padding is cut off already.
    if (at >= 0) this.#room[at] = (this.#room[at] as number) & ~32;
  }

  /** One compound packet in the clear. Its SDES, in which Meta carries the person, is left out. */
  rtcp(leg: Leg, inbound: boolean, packet: Uint8Array, length: number, peer?: Peer): void {
    for (let at = 0; at + 4 <= length; ) {
      const bytes = 4 + read16(packet, at + 2) * 4;
      const isWhole = at + bytes <= length;
      if (!isWhole) return;
      if (packet[at + 1] !== RTCP_SDES)
        this.#keep(packet, at, bytes, bytes, leg, inbound, true, undefined, peer);
      at += bytes;
    }
  }

  /** Everything so far, in order. */
  packets(): CapturedMedia[] {
    return this.#notes.map(({ from, kept, dropped, peer, ...note }) => ({
      ...note,
      ...(dropped === undefined ? {} : { dropped }),
      ...(peer === undefined ? {} : { peer: { address: peer.address, port: peer.port } }),
      bytes: this.#room.subarray(from, from + kept),
    }));
  }

  /** Where it was put, or -1. */
  #keep(
    packet: Uint8Array,
    start: number,
    kept: number,
    length: number,
    leg: Leg,
    inbound: boolean,
    rtcp: boolean,
    dropped: DropReason | undefined,
    peer: Peer | undefined,
  ): number {
    if (this.#cost + NOTE_BYTES + kept > this.#options.maxBytes) {
      this.#missed += 1;
      return -1;
    }
    const from = this.#used;
    this.#room.set(packet.subarray(start, start + kept), from);
    this.#used += kept;
    this.#cost += NOTE_BYTES + kept;
    this.#notes.push({
      atMs: this.#options.now(),
      leg,
      inbound,
      rtcp,
      dropped,
      peer,
      from,
      kept,
      length: Math.max(length, kept),
    });
    return from;
  }
}
