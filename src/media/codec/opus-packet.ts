/** Longest packet (RFC 6716 section 3.4, R5), longest frame (R2), most frames: 120 ms of 2.5 ms. */
const MAX_SAMPLES_48K = 5_760;
const MAX_FRAME_BYTES = 1_275;
export const MAX_OPUS_FRAMES = 48;

/** Of SILK's frames, by the last two bits of the configuration (RFC 6716 section 3.1): 48 kHz. */
const SILK_SAMPLES_48K: readonly number[] = [480, 960, 1_920, 2_880];

/** The frames of one packet, found without an object a packet: the arrays are used again. */
export class OpusFrames {
  /** The first byte: configuration, stereo, and how many frames follow (section 3.1). */
  toc = 0;
  count = 0;
  /** Ticks of 48 kHz of one frame. */
  frameSamples = 0;
  /** Where each frame begins in the packet, and its bytes; 0 bytes is a frame that DTX left out. */
  readonly starts = new Int32Array(MAX_OPUS_FRAMES);
  readonly lengths = new Int32Array(MAX_OPUS_FRAMES);
  #at = 0;
  #end = 0;

  /**
   * Reads bytes `from` to `to` of `packet`. False when they break one of the rules R1 to R7 of RFC 6716 section 3.4,
   * which is exactly when libopus refuses the packet.
   */
  parse(packet: Uint8Array, from = 0, to = packet.length): boolean {
    this.count = 0;
    if (to <= from) return false;
    const toc = packet[from] as number;
    this.toc = toc;
    this.frameSamples = frameSamples48k(toc);
    this.#at = from + 1;
    this.#end = to;
    const code = toc & 3;
    if (code === 0) return this.#equal(1);
    if (code === 1) return this.#equal(2);
    if (code === 2) return this.#known(packet, 2);
    return this.#many(packet);
  }

  /** Code 3: a byte of flags and count, the padding's length, then all frame lengths but the last (VBR only). */
  #many(packet: Uint8Array): boolean {
    if (this.#at >= this.#end) return false;
    const flags = packet[this.#at++] as number;
    const count = flags & 0x3f;
    if (count === 0 || count * this.frameSamples > MAX_SAMPLES_48K) return false;
    if ((flags & 0x40) !== 0 && !this.#cutPadding(packet)) return false;
    return (flags & 0x80) === 0 ? this.#equal(count) : this.#known(packet, count);
  }

  /** Padding follows the last frame; each 255 of its length stands for 254 and goes on (section 3.2.5). */
  #cutPadding(packet: Uint8Array): boolean {
    for (;;) {
      if (this.#at >= this.#end) return false;
      const byte = packet[this.#at++] as number;
      this.#end -= byte === 255 ? 254 : byte;
      if (byte !== 255) return this.#end >= this.#at;
    }
  }

  #equal(count: number): boolean {
    const bytes = this.#end - this.#at;
    const size = Math.floor(bytes / count);
    if (size * count !== bytes || size > MAX_FRAME_BYTES) return false;
    for (let i = 0; i < count; i++) this.#add(i, size);
    this.count = count;
    return true;
  }

  /** The lengths of all frames but the last are written before them (section 3.2.1). */
  #known(packet: Uint8Array, count: number): boolean {
    for (let i = 0; i < count - 1; i++) {
      if (this.#at >= this.#end) return false;
      const first = packet[this.#at++] as number;
      if (first >= 252 && this.#at >= this.#end) return false;
      this.lengths[i] = first < 252 ? first : (packet[this.#at++] as number) * 4 + first;
    }
    for (let i = 0; i < count - 1; i++) this.#add(i, this.lengths[i] as number);
    const last = this.#end - this.#at;
    if (last < 0 || last > MAX_FRAME_BYTES) return false;
    this.#add(count - 1, last);
    this.count = count;
    return true;
  }

  #add(i: number, length: number): void {
    this.starts[i] = this.#at;
    this.lengths[i] = length;
    this.#at += length;
  }
}

/** A thread does one thing at a time. */
const shared = new OpusFrames();

/** Duration of a packet in RTP ticks at 48 kHz; 0 when it is malformed. */
export function opusSamples48k(packet: Uint8Array, from = 0, to = packet.length): number {
  return shared.parse(packet, from, to) ? shared.count * shared.frameSamples : 0;
}

/**
 * Whether the packet carries in-band FEC (LBRR) for the frame before it. SILK's data begin with one voice
 * activity bit for each 20 ms, then the LBRR flag; in stereo the side channel's bits follow the same way
 * (RFC 6716 section 4.2.3). These first symbols have even odds, so they are the top bits of the first byte.
 */
export function opusHasFec(packet: Uint8Array, from = 0, to = packet.length): boolean {
  const frames = shared;
  // One byte or less is DTX: nothing is coded.
  if (!frames.parse(packet, from, to) || (frames.lengths[0] as number) < 2) return false;
  const { toc } = frames;
  if (toc >> 3 >= 16) return false;
  const first = packet[frames.starts[0] as number] as number;
  const silkFrames = Math.max(1, frames.frameSamples / 960);
  const middle = (first >> (7 - silkFrames)) & 1;
  const side = toc & 4 ? (first >> (6 - 2 * silkFrames)) & 1 : 0;
  return (middle | side) !== 0;
}

/** Whether somebody speaks, as SILK's encoder saw it (its voice activity bits); CELT does not tell: true. */
export function opusHasVoice(packet: Uint8Array, from = 0, to = packet.length): boolean {
  const frames = shared;
  if (!frames.parse(packet, from, to)) return true;
  if ((frames.lengths[0] as number) < 2) return false;
  if (frames.toc >> 3 >= 16) return true;
  const first = packet[frames.starts[0] as number] as number;
  return first >> (8 - Math.max(1, frames.frameSamples / 960)) !== 0;
}

/**
 * Ticks of 48 kHz in a packet of such frames that has at most `wanted`, but one frame at least: a frame is never cut.
 * @param toc first byte of a packet
 */
export function opusPacketSamples48k(toc: number, wanted: number): number {
  const frame = frameSamples48k(toc);
  return Math.max(frame, Math.floor(Math.min(wanted, MAX_SAMPLES_48K) / frame) * frame);
}

/** Ticks of 48 kHz of each frame of a packet with this first byte. */
export function frameSamples48k(toc: number): number {
  const config = toc >> 3;
  if (config < 12) return SILK_SAMPLES_48K[config & 3] as number;
  if (config < 16) return config & 1 ? 960 : 480;
  return 120 << (config & 3);
}
