import type { OpusLibrary } from '../../../src/media/index.ts';

export interface OggPage {
  readonly first: boolean;
  readonly last: boolean;
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  readonly packets: readonly Buffer[];
}

/** CRC of RFC 3533, bit by bit: another way than the writer's. */
function crcOf(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = (crc >>> 31) ^ ((byte >> bit) & 1);
      crc = ((crc << 1) ^ (carry ? 0x04c1_1db7 : 0)) >>> 0;
    }
  }
  return crc;
}

/** Every page; throws on a wrong capture pattern, CRC, or a packet that crosses pages. Bytes after the last whole page are left. */
export function readPages(file: Buffer): OggPage[] {
  const pages: OggPage[] = [];
  for (let at = 0; at + 27 <= file.length; ) {
    if (file.toString('latin1', at, at + 4) !== 'OggS') throw new Error(`no page at ${at}`);
    const segments = file[at + 26] as number;
    const lacing = file.subarray(at + 27, at + 27 + segments);
    const body = lacing.reduce((sum, length) => sum + length, 0);
    const end = at + 27 + segments + body;
    if (end > file.length) break;
    const page = Buffer.from(file.subarray(at, end));
    const crc = page.readUInt32LE(22);
    page.writeUInt32LE(0, 22);
    if (crcOf(page) !== crc) throw new Error(`wrong CRC of the page at ${at}`);
    const packets: Buffer[] = [];
    let from = at + 27 + segments;
    let length = 0;
    for (const lace of lacing) {
      length += lace;
      if (lace === 255) continue;
      packets.push(file.subarray(from, from + length));
      from += length;
      length = 0;
    }
    if (length > 0) throw new Error('a packet goes on in the next page');
    const flags = file[at + 5] as number;
    pages.push({
      first: (flags & 2) !== 0,
      last: (flags & 4) !== 0,
      granule: Number(file.readBigUInt64LE(at + 6)),
      serial: file.readUInt32LE(at + 14),
      sequence: file.readUInt32LE(at + 18),
      packets,
    });
    at = end;
  }
  return pages;
}

/** Left and right of one packet of two uncoupled streams (RFC 7845 section 3, RFC 6716 appendix B). */
export function splitStreams(packet: Buffer): readonly [Buffer, Buffer] {
  const toc = packet[0] as number;
  if ((toc & 3) !== 0) throw new Error('more than one frame in the first stream');
  const first = packet[1] as number;
  const [length, at] = first < 252 ? [first, 2] : [first + 4 * (packet[2] as number), 3];
  return [Buffer.concat([Buffer.of(toc), packet.subarray(at, at + length)]), packet.subarray(at + length)];
}

export interface OggOpus {
  readonly pages: readonly OggPage[];
  readonly preSkip: number;
  /** As the header says. */
  readonly inputRate: number;
  /** At 48 kHz, trimmed as RFC 7845 section 4 says. */
  readonly left: Int16Array;
  readonly right: Int16Array;
}

export function readOggOpus(file: Buffer, opus: OpusLibrary): OggOpus {
  const pages = readPages(file);
  const [head, tags] = [pages[0]?.packets[0], pages[1]?.packets[0]];
  if (head?.toString('latin1', 0, 8) !== 'OpusHead' || tags?.toString('latin1', 0, 8) !== 'OpusTags')
    throw new Error('no Opus headers');
  if (!head.subarray(18).equals(Buffer.of(1, 2, 0, 0, 1))) throw new Error('not two uncoupled streams');
  const preSkip = head.readUInt16LE(10);
  const packets = pages.slice(2).flatMap((page) => page.packets);
  const sides = [0, 1].map((side) => {
    const decoder = opus.decoder(48_000);
    const pcm = new Int16Array(packets.length * 960);
    const frame = new Int16Array(5_760);
    packets.forEach((packet, i) => {
      const made = decoder.decode(splitStreams(packet)[side] as Buffer, frame);
      if (made !== 960) throw new Error(`packet ${i} has ${made} samples`);
      pcm.set(frame.subarray(0, 960), i * 960);
    });
    decoder.close();
    const end = pages.at(-1)?.last ? (pages.at(-1)?.granule ?? 0) : pcm.length;
    return pcm.subarray(preSkip, end);
  }) as [Int16Array, Int16Array];
  return { pages, preSkip, inputRate: head.readUInt32LE(12), left: sides[0], right: sides[1] };
}
