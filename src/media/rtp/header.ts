/** Bytes of a fixed RTP header (RFC 3550 section 5.1). */
export const RTP_HEADER_BYTES = 12;

/** The fields of one RTP packet, read in place; one object is reused for every packet of a leg. */
export class RtpHeader {
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** Offset of the payload: behind CSRCs and header extensions. */
  payloadOffset = 0;
  /** Without padding. Before SRTP is taken off it includes the authentication tag. */
  payloadLength = 0;
  /** Offset of the first header extension element, 0 without extension. */
  extensionOffset = 0;
  extensionLength = 0;
  /** 0xbede: one-byte elements, 0x1000: two-byte elements (RFC 8285). */
  extensionProfile = 0;

  /** Reads `length` bytes; false when they are no RTP packet. With `encrypted` the padding is left alone. */
  parse(packet: Uint8Array, length: number, encrypted = false): boolean {
    if (length < RTP_HEADER_BYTES) return false;
    const first = packet[0] as number;
    if (first >> 6 !== 2) return false;
    const second = packet[1] as number;
    this.marker = second > 127;
    this.payloadType = second & 127;
    this.sequence = read16(packet, 2);
    this.timestamp = read32(packet, 4);
    this.ssrc = read32(packet, 8);
    let offset = RTP_HEADER_BYTES + (first & 15) * 4;
    this.extensionOffset = 0;
    this.extensionLength = 0;
    if (first & 16) {
      if (offset + 4 > length) return false;
      this.extensionProfile = read16(packet, offset);
      this.extensionLength = read16(packet, offset + 2) * 4;
      this.extensionOffset = offset + 4;
      offset = this.extensionOffset + this.extensionLength;
    }
    if (offset > length) return false;
    this.payloadOffset = offset;
    this.payloadLength = length - offset;
    return encrypted || this.trim(packet, length);
  }

  /** Takes the padding off what was parsed encrypted and is `length` bytes in the clear; false when it is malformed. */
  trim(packet: Uint8Array, length: number): boolean {
    let end = length;
    if ((packet[0] as number) & 32) {
      const padding = packet[length - 1] as number;
      if (padding === 0 || this.payloadOffset + padding > length) return false;
      end -= padding;
    }
    this.payloadLength = end - this.payloadOffset;
    return true;
  }
}

/** Writes a fixed header at the start of `packet`; returns the payload's offset. */
export function writeRtpHeader(
  packet: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): number {
  packet[0] = 0x80;
  packet[1] = (marker ? 128 : 0) | payloadType;
  write16(packet, 2, sequence);
  write32(packet, 4, timestamp);
  write32(packet, 8, ssrc);
  return RTP_HEADER_BYTES;
}

/** Adds one one-byte element (RFC 8285 section 4.2) behind a fixed header; returns the payload's offset. */
export function writeOneByteExtension(packet: Uint8Array, id: number, value: Uint8Array): number {
  packet[0] = (packet[0] as number) | 16;
  const words = (1 + value.length + 3) >> 2;
  write16(packet, RTP_HEADER_BYTES, 0xbede);
  write16(packet, RTP_HEADER_BYTES + 2, words);
  const start = RTP_HEADER_BYTES + 4;
  packet.fill(0, start, start + words * 4);
  packet[start] = (id << 4) | (value.length - 1);
  packet.set(value, start + 1);
  return start + words * 4;
}

/** Whether a datagram with an RTP version is RTCP when both share a port (RFC 5761 section 4). */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] as number;
  return type >= 192 && type <= 223;
}

export function read16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function read32(bytes: Uint8Array, at: number): number {
  return ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0;
}

export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value & 0xffff);
}

/** a - b of sequence numbers, -32768 to 32767. */
export function sequenceDelta(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** a - b of timestamps, in ticks, -2^31 to 2^31 - 1. */
export function timestampDelta(a: number, b: number): number {
  return (a - b) | 0;
}
