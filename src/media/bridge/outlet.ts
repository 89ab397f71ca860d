import { randomInt } from 'node:crypto';
import { RTP_HEADER_BYTES, writeOneByteExtension, writeRtpHeader } from '../rtp/header.ts';

/** Room for a header, the longest payload and what SRTP adds. */
const PACKET_BYTES = 1_500;

const { copy } = Buffer.prototype;

/** One outgoing RTP stream: one SSRC for the call's life, a sequence without holes, a timestamp in codec ticks. */
export class Outlet {
  readonly ssrc: number;
  readonly packet = Buffer.allocUnsafeSlow(PACKET_BYTES);
  sequence = randomInt(0, 0x8000);
  timestamp = randomInt(0, 2 ** 31);
  payloadType = 0;
  packets = 0;
  payloadBytes = 0;
  /** The next packet begins a talk spurt (RFC 3551 section 4.1). */
  marker = true;
  /** Header extension of the next `tagged` packets. */
  #mid: Uint8Array | undefined;
  #midId = 0;
  #tagged = 0;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** Tags the next `packets` packets with the mid (RFC 9143 section 15). */
  tag(id: number, mid: string, packets: number): void {
    this.#mid = Buffer.from(mid.slice(0, 16), 'utf8');
    this.#midId = id;
    this.#tagged = packets;
  }

  /** Writes the header of the next packet; returns where its payload goes. */
  begin(timestamp = this.timestamp, payloadType = this.payloadType): number {
    const at = writeRtpHeader(
      this.packet,
      this.marker,
      payloadType,
      this.sequence,
      timestamp >>> 0,
      this.ssrc,
    );
    this.sequence = (this.sequence + 1) & 0xffff;
    this.marker = false;
    if (this.#tagged === 0 || !this.#mid || this.#mid.length === 0) return at;
    this.#tagged -= 1;
    return writeOneByteExtension(this.packet, this.#midId, this.#mid);
  }

  /** The packet that was begun is not sent after all: its number is the next one's. */
  takeBack(): void {
    this.sequence = (this.sequence - 1) & 0xffff;
  }

  /** Copies `length` bytes of `source` from `from` on to `at` of the packet, without an object. */
  put(source: Uint8Array, from: number, length: number, at: number): void {
    copy.call(source, this.packet, at, from, from + length);
  }

  /** Counts a packet of `length` bytes whose payload starts at `payloadAt`. */
  count(length: number, payloadAt: number): void {
    this.packets += 1;
    this.payloadBytes += length - payloadAt;
  }

  /** Moves the clock by `ticks`. */
  advance(ticks: number): void {
    this.timestamp = (this.timestamp + ticks) >>> 0;
  }

  get room(): number {
    return PACKET_BYTES - RTP_HEADER_BYTES - 64;
  }
}
