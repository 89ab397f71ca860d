/** Ogg pages (RFC 3533 section 6). */
const HEADER_BYTES = 27;
const MAX_SEGMENTS = 255;
/** The largest page. */
export const MAX_PAGE_BYTES = HEADER_BYTES + MAX_SEGMENTS + MAX_SEGMENTS * 255;
const FIRST = 0x02;
export const LAST = 0x04;

/** CRC of RFC 3533: polynomial 0x04c11db7, most significant bit first, no inversion. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** Over `bytes[0, length)`. */
export function oggCrc(bytes: Uint8Array, length: number): number {
  let crc = 0;
  for (let i = 0; i < length; i++)
    crc = ((crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ (bytes[i] as number)] as number)) >>> 0;
  return crc;
}

/** One logical stream, packed into pages; a packet never crosses from one page to the next. */
export class OggPages {
  /** The page that `close` made is `page[0, length)`, until the next packet. */
  readonly page = Buffer.alloc(MAX_PAGE_BYTES);
  readonly #serial: number;
  readonly #lacing = new Uint8Array(MAX_SEGMENTS);
  readonly #body = Buffer.alloc(MAX_SEGMENTS * 255);
  #segments = 0;
  #filled = 0;
  #sequence = 0;

  /** @param serial of the stream: random, 32 bits */
  constructor(serial: number) {
    this.#serial = serial >>> 0;
  }

  get isEmpty(): boolean {
    return this.#segments === 0;
  }

  /** Whether a packet of `bytes` finds room in this page. */
  fits(bytes: number): boolean {
    return this.#segments + Math.floor(bytes / 255) + 1 <= MAX_SEGMENTS;
  }

  /** `packet[0, length)` fits. */
  add(packet: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) this.#body[this.#filled + i] = packet[i] as number;
    this.#filled += length;
    let left = length;
    for (; left >= 255; left -= 255) this.#lacing[this.#segments++] = 255;
    this.#lacing[this.#segments++] = left;
  }

  /** Ends the page. @param granule samples at 48 kHz that are complete with it @returns its bytes */
  close(granule: number, isLast = false): number {
    const { page } = this;
    page.write('OggS', 0, 'latin1');
    page[4] = 0;
    page[5] = (this.#sequence === 0 ? FIRST : 0) | (isLast ? LAST : 0);
    page.writeUInt32LE(granule >>> 0, 6);
    page.writeUInt32LE(Math.floor(granule / 2 ** 32), 10);
    page.writeUInt32LE(this.#serial, 14);
    page.writeUInt32LE(this.#sequence, 18);
    page.writeUInt32LE(0, 22);
    page[26] = this.#segments;
    page.set(this.#lacing.subarray(0, this.#segments), HEADER_BYTES);
    const bodyAt = HEADER_BYTES + this.#segments;
    this.#body.copy(page, bodyAt, 0, this.#filled);
    const length = bodyAt + this.#filled;
    page.writeUInt32LE(oggCrc(page, length), 22);
    this.#sequence += 1;
    this.#segments = 0;
    this.#filled = 0;
    return length;
  }
}
