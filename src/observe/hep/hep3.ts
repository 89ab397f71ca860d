import { isIP } from 'node:net';
import { ip6Octets, ipOctets } from '../ip-octets.ts';
import type { SocketAddress } from '../trace/entry.ts';

/** Types of what a packet carries (HEP3 specification, chunk 0x000b). */
export const HEP_PAYLOAD = { sip: 1, rtcp: 5 } as const;

export interface HepPacket {
  readonly protocol: 'udp' | 'tcp';
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly type: keyof typeof HEP_PAYLOAD;
  /** Id of this capture agent, 32 bits. */
  readonly captureId: number;
  /** Authenticates the agent. */
  readonly password?: string | undefined;
  /** Ties SIP and RTCP of one call together. */
  readonly correlationId?: string | undefined;
  readonly payload: Uint8Array;
}

const CHUNK = {
  family: 1,
  protocol: 2,
  source4: 3,
  target4: 4,
  source6: 5,
  target6: 6,
  sourcePort: 7,
  targetPort: 8,
  seconds: 9,
  micros: 10,
  type: 11,
  captureId: 12,
  password: 14,
  payload: 15,
  correlationId: 17,
} as const;

/** The length of a packet, and of a chunk, is a number of 16 bits. */
const MAX_BYTES = 65_535;
const CHUNK_HEAD = 6;

/** One packet of the Homer Encapsulation Protocol, version 3; undefined when it were longer than the format allows. */
export function hep3(packet: HepPacket): Buffer | undefined {
  const { protocol, from, to, atMs, type, captureId, password, correlationId, payload } = packet;
  const isV4 = isIP(from.address) === 4 && isIP(to.address) === 4;
  const micros = Math.round(atMs * 1_000);
  const chunks = [
    chunk(CHUNK.family, Buffer.of(isV4 ? 2 : 10)),
    chunk(CHUNK.protocol, Buffer.of(protocol === 'udp' ? 17 : 6)),
    chunk(isV4 ? CHUNK.source4 : CHUNK.source6, isV4 ? ipOctets(from.address) : ip6Octets(from.address)),
    chunk(isV4 ? CHUNK.target4 : CHUNK.target6, isV4 ? ipOctets(to.address) : ip6Octets(to.address)),
    chunk(CHUNK.sourcePort, uint(from.port, 2)),
    chunk(CHUNK.targetPort, uint(to.port, 2)),
    chunk(CHUNK.seconds, uint(Math.floor(micros / 1e6), 4)),
    chunk(CHUNK.micros, uint(micros % 1e6, 4)),
    chunk(CHUNK.type, Buffer.of(HEP_PAYLOAD[type])),
    chunk(CHUNK.captureId, uint(captureId, 4)),
    ...(password === undefined ? [] : [chunk(CHUNK.password, Buffer.from(password))]),
    ...(correlationId === undefined ? [] : [chunk(CHUNK.correlationId, Buffer.from(correlationId))]),
    chunk(CHUNK.payload, payload),
  ];
  const length = CHUNK_HEAD + chunks.reduce((sum, each) => sum + each.length, 0);
  if (length > MAX_BYTES) return undefined;
  return Buffer.concat([Buffer.from('HEP3'), uint(length, 2), ...chunks], length);
}

/** Vendor 0 (generic), the type, and the length with these six bytes. */
function chunk(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([uint(0, 2), uint(type, 2), uint((CHUNK_HEAD + value.length) & 0xffff, 2), value]);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
