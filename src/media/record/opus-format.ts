import type { AudioEncoder, OpusLibrary } from '../codec/index.ts';
import type { Append, RecordingFormat } from './format.ts';
import { MAX_PAGE_BYTES, OggPages } from './ogg.ts';

/** Ticks of 48 kHz in one packet: 20 ms. */
const TICKS = 960;
/** What the encoder lags behind its input, at any rate: 6.5 ms (opus_encoder_ctl, OPUS_GET_LOOKAHEAD). */
const PRE_SKIP = 312;
/** A page a second: what a crash loses at most, and 0.5 % of overhead. */
const PACKETS_A_PAGE = 50;
const MAX_PACKET = 1_275;
/** 20 ms of silence: CELT, one frame, all bands at zero; as the first stream with its length (RFC 6716 appendix B). */
const SILENCE = Uint8Array.of(0xf8, 2, 0xff, 0xfe, 0xf8, 0xff, 0xfe);

export interface OpusFormatOptions {
  /** Hz */
  readonly rate: number;
  /** bit/s of each side. */
  readonly bitrate: number;
  /** 0 to 10 */
  readonly complexity: number;
  /** Of the Ogg stream: random, 32 bits. */
  readonly serial: number;
}

/**
 * Ogg Opus (RFC 7845), stereo of two streams that are not coupled (channel mapping family 1): the left and the right
 * side are different rooms, and nothing of one is to be heard in the other.
 */
export class OpusFormat implements RecordingFormat {
  readonly reserve = 2 * MAX_PAGE_BYTES;
  readonly #append: Append;
  readonly #pages: OggPages;
  readonly #options: OpusFormatOptions;
  readonly #left: AudioEncoder;
  readonly #right: AudioEncoder;
  readonly #one = new Uint8Array(MAX_PACKET);
  readonly #both = new Uint8Array(2 * MAX_PACKET + 2);
  readonly #quiet: Int16Array;
  #packets = 0;
  #inPage = 0;

  /** Throws MEDIA_OPUS. @param frame samples of one side */
  constructor(opus: OpusLibrary, options: OpusFormatOptions, frame: number, append: Append) {
    const { rate, bitrate, complexity, serial } = options;
    const encoder = (): AudioEncoder =>
      opus.encoder({
        sampleRate: rate,
        bitrate,
        complexity,
        inbandFec: false,
        expectedLossPercent: 0,
        dtx: false,
        maxPlaybackRate: rate,
      });
    this.#append = append;
    this.#options = options;
    this.#pages = new OggPages(serial);
    this.#quiet = new Int16Array(frame);
    this.#left = encoder();
    try {
      this.#right = encoder();
    } catch (error) {
      this.#left.close();
      throw error;
    }
  }

  begin(): void {
    const head = headPacket(this.#options.rate);
    this.#pages.add(head, head.length);
    this.#flush(0);
    const tags = tagsPacket();
    this.#pages.add(tags, tags.length);
    this.#flush(0);
  }

  frame(left: Int16Array, right: Int16Array): void {
    const both = this.#both;
    let at = 0;
    const bytes = this.#left.encode(left, left.length, this.#one);
    if (isSingle(this.#one, bytes)) at = delimited(this.#one, bytes, both);
    else at = put(SILENCE, 0, 4, both, 0);
    const rest = this.#right.encode(right, right.length, this.#one);
    if (isSingle(this.#one, rest)) at = put(this.#one, 0, rest, both, at);
    else at = put(SILENCE, 4, 3, both, at);
    this.#packet(both, at);
  }

  silence(): void {
    this.#packet(SILENCE, SILENCE.length);
  }

  /** The encoder's lag is brought out by one more frame, and cut off by the last granule (RFC 7845 section 4.4). */
  end(): void {
    const granule = PRE_SKIP + this.#packets * TICKS;
    this.frame(this.#quiet, this.#quiet);
    this.#flush(granule, true);
  }

  close(): void {
    this.#left.close();
    this.#right.close();
  }

  #packet(packet: Uint8Array, length: number): void {
    // The page before the last packet is written only when there is another one: the last page must not be empty.
    if (this.#inPage === PACKETS_A_PAGE || !this.#pages.fits(length)) this.#flush(this.#packets * TICKS);
    this.#pages.add(packet, length);
    this.#inPage += 1;
    this.#packets += 1;
  }

  #flush(granule: number, isLast = false): void {
    const length = this.#pages.close(granule, isLast);
    this.#append(this.#pages.page, length);
    this.#inPage = 0;
  }
}

/** One frame of 20 ms in one packet is all that libopus makes of our frames; anything else would not be counted right. */
const isSingle = (packet: Uint8Array, bytes: number): boolean =>
  bytes > 0 && ((packet[0] as number) & 3) === 0;

/** Self-delimiting framing of a packet with one frame (RFC 6716 appendix B): the length goes behind the TOC. */
function delimited(packet: Uint8Array, bytes: number, out: Uint8Array): number {
  const length = bytes - 1;
  out[0] = packet[0] as number;
  if (length < 252) {
    out[1] = length;
    return put(packet, 1, length, out, 2);
  }
  // Two bytes (RFC 6716 section 3.2.1): the second counts fours.
  const low = 252 + (length & 3);
  out[1] = low;
  out[2] = (length - low) >> 2;
  return put(packet, 1, length, out, 3);
}

function put(from: Uint8Array, fromAt: number, count: number, to: Uint8Array, at: number): number {
  for (let i = 0; i < count; i++) to[at + i] = from[fromAt + i] as number;
  return at + count;
}

/** RFC 7845 section 5.1. */
function headPacket(rate: number): Uint8Array {
  const head = Buffer.alloc(23);
  head.write('OpusHead', 0, 'latin1');
  head.writeUInt8(1, 8);
  head.writeUInt8(2, 9);
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(rate, 12);
  head.writeInt16LE(0, 16);
  // Family 1: two streams, none coupled, left from the first, right from the second.
  head.set([1, 2, 0, 0, 1], 18);
  return head;
}

/** RFC 7845 section 5.2; nothing personal. */
function tagsPacket(): Uint8Array {
  const texts = ['messenger-sip-gateway', 'DESCRIPTION=left: consumer, right: phone'];
  const [vendor, comment] = texts.map((text) => {
    const field = Buffer.alloc(4 + text.length);
    field.writeUInt32LE(text.length);
    field.write(text, 4, 'latin1');
    return field;
  }) as [Buffer, Buffer];
  return Buffer.concat([Buffer.from('OpusTags'), vendor, Buffer.from([1, 0, 0, 0]), comment]);
}
