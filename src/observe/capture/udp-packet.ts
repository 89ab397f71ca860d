import { ip6Octets, ipOctets } from '../ip-octets.ts';
import type { SocketAddress as Address } from '../trace/entry.ts';

const UDP = 17;
const HOPS = 64;
const MAX_PAYLOAD = 65_000;
const UDP_HEAD = 8;

/**
 * An IP packet with one UDP datagram (RFC 791, RFC 8200, RFC 768), checksums right. What is no address becomes the
 * unspecified one; IPv4 beside IPv6 is mapped.
 */
export function udpPacket(from: Address, to: Address, payload: Uint8Array): Buffer {
  const data = payload.subarray(0, MAX_PAYLOAD);
  const length = UDP_HEAD + data.length;
  const [source, target] = [ipOctets(from.address), ipOctets(to.address)];
  const isV4 = source.length === 4 && target.length === 4;
  const ends = isV4 ? [source, target] : [ip6Octets(from.address), ip6Octets(to.address)];
  const udp = Buffer.alloc(UDP_HEAD);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(length, 4);
  // The sum over the pseudo-headers of IPv4 and IPv6 is the same: fields of their own width, filled up with zeros.
  const pseudo = Buffer.of(0, UDP, length >> 8, length & 0xff);
  udp.writeUInt16BE(checksum([...ends, pseudo, udp, data]) || 0xffff, 6);
  return Buffer.concat([isV4 ? v4Head(ends, length) : v6Head(ends, length), udp, data]);
}

function v4Head(ends: readonly Buffer[], length: number): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 0x45;
  head.writeUInt16BE(20 + length, 2);
  head[8] = HOPS;
  head[9] = UDP;
  head.writeUInt16BE(checksum([head, ...ends]), 10);
  return Buffer.concat([head, ...ends]);
}

function v6Head(ends: readonly Buffer[], length: number): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x60;
  head.writeUInt16BE(length, 4);
  head[6] = UDP;
  head[7] = HOPS;
  return Buffer.concat([head, ...ends]);
}

/** RFC 1071. All parts but the last have an even number of bytes. */
function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
