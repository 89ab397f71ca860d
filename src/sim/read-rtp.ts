import { RtpPacket } from 'werift';

/** The packet, or undefined when it is none (RFC 3550 section 5.1); werift throws at what is cut short. */
export function readRtp(datagram: Buffer): RtpPacket | undefined {
  if (datagram.length < 12 || (datagram[0] ?? 0) >> 6 !== 2) return undefined;
  try {
    return RtpPacket.deSerialize(datagram);
  } catch {
    return undefined;
  }
}
