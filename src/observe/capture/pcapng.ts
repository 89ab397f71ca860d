/** Raw IPv4 or IPv6, told apart by the first four bits (LINKTYPE_RAW). */
const LINKTYPE_RAW = 101;
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;

const OPTION = {
  end: 0,
  comment: 1,
  application: 4,
  name: 2,
  description: 3,
  flags: 2,
  resolution: 9,
} as const;

export interface PcapPacket {
  /** Index of the interface, from 0 in the order of `interfaces`. */
  readonly interface: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly atMs: number;
  readonly inbound: boolean;
  readonly comment: string;
  /** An IP packet. */
  readonly bytes: Uint8Array;
}

/**
 * A capture file (pcapng, draft-ietf-opsawg-pcapng) in one section, little-endian, with times in microseconds. Every
 * packet says by a comment what it is.
 */
export function pcapng(
  application: string,
  interfaces: readonly { readonly name: string; readonly description: string }[],
  packets: readonly PcapPacket[],
): Buffer {
  return Buffer.concat([
    sectionHeader(application),
    ...interfaces.map(({ name, description }) => interfaceBlock(name, description)),
    ...packets.map(packetBlock),
  ]);
}

function sectionHeader(application: string): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(BYTE_ORDER, 0);
  head.writeUInt16LE(1, 4);
  // Length of the section: not told.
  head.writeBigInt64LE(-1n, 8);
  return block(SECTION_HEADER, head, [[OPTION.application, Buffer.from(application)]]);
}

function interfaceBlock(name: string, description: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(LINKTYPE_RAW, 0);
  return block(INTERFACE, head, [
    [OPTION.name, Buffer.from(name)],
    [OPTION.description, Buffer.from(description)],
    [OPTION.resolution, Buffer.of(6)],
  ]);
}

function packetBlock({ interface: index, atMs, inbound, comment, bytes }: PcapPacket): Buffer {
  const micros = BigInt(Math.round(atMs * 1_000));
  const head = Buffer.alloc(20);
  head.writeUInt32LE(index, 0);
  head.writeUInt32LE(Number(micros >> 32n), 4);
  head.writeUInt32LE(Number(micros & 0xffffffffn), 8);
  head.writeUInt32LE(bytes.length, 12);
  head.writeUInt32LE(bytes.length, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(inbound ? 1 : 2, 0);
  return block(ENHANCED_PACKET, Buffer.concat([head, padded(bytes)]), [
    [OPTION.comment, Buffer.from(comment)],
    [OPTION.flags, flags],
  ]);
}

function block(type: number, body: Uint8Array, options: readonly (readonly [number, Uint8Array])[]): Buffer {
  const listed = [...options, [OPTION.end, new Uint8Array(0)] as const].flatMap(([code, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, padded(value)];
  });
  const content = Buffer.concat([body, ...listed]);
  const edge = Buffer.alloc(4);
  edge.writeUInt32LE(content.length + 12, 0);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(type, 0);
  return Buffer.concat([head, edge, content, edge]);
}

/** To a multiple of 32 bits. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
