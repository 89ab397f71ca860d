/** Longest packet (RFC 6716 section 3.4, R5) and longest frame (R2). */
const MAX_SAMPLES_48K = 5_760;
const MAX_FRAME_BYTES = 1_275;

/** Of SILK's frames, by the last two bits of the configuration (RFC 6716 section 3.1): 48 kHz. */
const SILK_SAMPLES_48K: readonly number[] = [480, 960, 1_920, 2_880];

/**
 * Duration only, without an object: RTP ticks at 48 kHz. 0 when the packet breaks one of the rules R1 to R7 of
 * RFC 6716 section 3.4, which is exactly when libopus refuses it.
 */
export function opusSamples48k(packet: Uint8Array): number {
  if (packet.length === 0) return 0;
  const frames = frameCount(packet);
  const samples = frames * frameSamples48k(packet[0] as number);
  if (frames === 0 || samples > MAX_SAMPLES_48K) return 0;
  return firstFrame(packet) < 0 ? 0 : samples;
}

/**
 * Whether the packet carries in-band FEC (LBRR) for the frame before it. SILK's data begin with one voice
 * activity bit for each 20 ms, then the LBRR flag; in stereo the side channel's bits follow the same way
 * (RFC 6716 section 4.2.3). These first symbols have even odds, so they are the top bits of the first byte.
 */
export function opusHasFec(packet: Uint8Array): boolean {
  if (opusSamples48k(packet) === 0) return false;
  const toc = packet[0] as number;
  if (toc >> 3 >= 16) return false;
  const at = firstFrame(packet);
  // One byte or less is DTX: nothing is coded.
  if (at >= packet.length || firstFrameBytes(packet, at) < 2) return false;
  const first = packet[at] as number;
  const silkFrames = Math.max(1, frameSamples48k(toc) / 960);
  const middle = (first >> (7 - silkFrames)) & 1;
  const side = toc & 4 ? (first >> (6 - 2 * silkFrames)) & 1 : 0;
  return (middle | side) !== 0;
}

function frameCount(packet: Uint8Array): number {
  const code = (packet[0] as number) & 3;
  if (code === 0) return 1;
  if (code !== 3) return 2;
  return packet.length < 2 ? 0 : (packet[1] as number) & 0x3f;
}

/** Where the first frame begins, -1 when the lengths in the packet do not add up (RFC 6716 section 3.2). */
function firstFrame(packet: Uint8Array): number {
  const bytes = packet.length - 1;
  switch ((packet[0] as number) & 3) {
    case 0:
      return bytes > MAX_FRAME_BYTES ? -1 : 1;
    case 1:
      return bytes % 2 !== 0 || bytes / 2 > MAX_FRAME_BYTES ? -1 : 1;
    case 2: {
      const size = lengthAt(packet, 1);
      const at = 1 + lengthBytes(size);
      const rest = packet.length - at - size;
      return size < 0 || rest < 0 || rest > MAX_FRAME_BYTES ? -1 : at;
    }
    default:
      return firstFrameOfMany(packet);
  }
}

/** Code 3: a byte of flags and count, the padding's length, then all frame lengths but the last (VBR only). */
function firstFrameOfMany(packet: Uint8Array): number {
  const flags = packet[1] as number;
  const frames = flags & 0x3f;
  const lengths = paddingLengthBytes(packet);
  if (lengths < 0) return -1;
  let at = 2 + lengths;
  const end = packet.length - paddingBytes(packet, lengths);
  if (end < at) return -1;
  if ((flags & 0x80) === 0) {
    const size = (end - at) / frames;
    return Number.isInteger(size) && size <= MAX_FRAME_BYTES ? at : -1;
  }
  let known = 0;
  for (let i = 0; i < frames - 1; i++) {
    const size = lengthAt(packet, at);
    at += lengthBytes(size);
    if (size < 0 || at > end) return -1;
    known += size;
  }
  const last = end - at - known;
  return last < 0 || last > MAX_FRAME_BYTES ? -1 : at;
}

/** Bytes of the first frame, which begins at `at` in a packet that is well-formed. */
function firstFrameBytes(packet: Uint8Array, at: number): number {
  const code = (packet[0] as number) & 3;
  const bytes = packet.length - at;
  if (code === 0) return bytes;
  if (code === 1) return bytes / 2;
  if (code === 2) return lengthAt(packet, 1);
  const flags = packet[1] as number;
  const frames = flags & 0x3f;
  const lengths = paddingLengthBytes(packet);
  if (flags & 0x80 && frames > 1) return lengthAt(packet, 2 + lengths);
  return (bytes - paddingBytes(packet, lengths)) / frames;
}

/** Code 3: how many bytes tell the padding's length; 255 goes on. -1 when they are cut off. */
function paddingLengthBytes(packet: Uint8Array): number {
  if (((packet[1] as number) & 0x40) === 0) return 0;
  let count = 1;
  while (packet[1 + count] === 255) count++;
  return 1 + count < packet.length ? count : -1;
}

/** Bytes of padding behind the last frame; each 255 stands for 254 (RFC 6716 section 3.2.5). */
function paddingBytes(packet: Uint8Array, lengths: number): number {
  return lengths === 0 ? 0 : 254 * (lengths - 1) + (packet[1 + lengths] as number);
}

/** A frame length of one or two bytes (RFC 6716 section 3.2.1); -1 when it is cut off. */
function lengthAt(packet: Uint8Array, at: number): number {
  if (at >= packet.length) return -1;
  const first = packet[at] as number;
  if (first < 252) return first;
  return at + 1 >= packet.length ? -1 : (packet[at + 1] as number) * 4 + first;
}

function lengthBytes(length: number): number {
  return length < 252 ? 1 : 2;
}

function frameSamples48k(toc: number): number {
  const config = toc >> 3;
  if (config < 12) return SILK_SAMPLES_48K[config & 3] as number;
  if (config < 16) return config & 1 ? 960 : 480;
  return 120 << (config & 3);
}
