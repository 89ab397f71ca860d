import { ip6Octets, ipOctets } from '../ip-octets.ts';
import type { SocketAddress as Address } from '../trace/entry.ts';

const UDP = 17;
const HOPS = 64;
const MAX_PAYLOAD = 65_000;

/**
 * An IP packet with one UDP datagram (RFC 791, RFC 8200, RFC 768), checksums right. What is no address becomes the
 * unspecified one; IPv4 beside IPv6 is mapped.
 */
export function udpPacket(from: Address, to: Address, payload: Uint8Array): Buffer {
  const data = payload.subarray(0, MAX_PAYLOAD);
  const [source, target] = [ipOctets(from.address), ipOctets(to.address)];
  return source.length === 4 && target.length === 4
    ? v4(source, target, from.port, to.port, data)
    : v6(ip6Octets(from.address), ip6Octets(to.address), from.port, to.port, data);
}

function v4(
  source: Buffer,
  target: Buffer,
  sourcePort: number,
  targetPort: number,
  data: Uint8Array,
): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(28 + data.length, 2);
  head[8] = HOPS;
  head[9] = UDP;
  source.copy(head, 12);
  target.copy(head, 16);
  head.writeUInt16BE(checksum([head]), 10);
  const pseudo = Buffer.concat([source, target, Buffer.of(0, UDP, 0, 0)]);
  pseudo.writeUInt16BE(8 + data.length, 10);
  return Buffer.concat([head, udp(pseudo, sourcePort, targetPort, data)]);
}

function v6(
  source: Buffer,
  target: Buffer,
  sourcePort: number,
  targetPort: number,
  data: Uint8Array,
): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x60;
  head.writeUInt16BE(8 + data.length, 4);
  head[6] = UDP;
  head[7] = HOPS;
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(8 + data.length, 0);
  tail[7] = UDP;
  const pseudo = Buffer.concat([source, target, tail]);
  return Buffer.concat([head, source, target, udp(pseudo, sourcePort, targetPort, data)]);
}

function udp(pseudo: Buffer, sourcePort: number, targetPort: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(sourcePort, 0);
  head.writeUInt16BE(targetPort, 2);
  head.writeUInt16BE(8 + data.length, 4);
  head.writeUInt16BE(checksum([pseudo, head, data]) || 0xffff, 6);
  return Buffer.concat([head, data]);
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
