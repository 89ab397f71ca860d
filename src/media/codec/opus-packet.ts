/** What the first bytes of an Opus packet say (RFC 6716 section 3.1). */
export interface OpusPacketInfo {
  /** 1 to 48 */
  readonly frames: number;
  /** Samples of one frame at 48 kHz: 120 to 2880. */
  readonly frameSamples48k: number;
  /** RTP ticks of the whole packet, at most 5760. */
  readonly samples48k: number;
  readonly mode: 'silk' | 'hybrid' | 'celt';
  readonly stereo: boolean;
}

/** Duration only, without an object: RTP ticks at 48 kHz, 0 when the packet is malformed (RFC 6716 section 3.4). */
export function opusSamples48k(packet: Uint8Array): number {
  if (packet.length === 0) return 0;
  const frames = frameCount(packet);
  const samples = frames * frameSamples48k(packet[0] as number);
  return frames === 0 || samples > 5_760 ? 0 : samples;
}

/** undefined when the packet is malformed. */
export function opusPacketInfo(packet: Uint8Array): OpusPacketInfo | undefined {
  const samples48k = opusSamples48k(packet);
  if (samples48k === 0) return undefined;
  const toc = packet[0] as number;
  const config = toc >> 3;
  return {
    frames: frameCount(packet),
    frameSamples48k: frameSamples48k(toc),
    samples48k,
    mode: config < 12 ? 'silk' : config < 16 ? 'hybrid' : 'celt',
    stereo: (toc & 4) !== 0,
  };
}

/**
 * Whether the packet carries in-band FEC (LBRR) for the frame before it: the bit after the voice activity bits
 * of SILK's first channel (RFC 6716 section 4.2.3). Only single-frame packets of at most 20 ms are looked into,
 * because only those occur with FEC in telephony; others count as without.
 */
export function opusHasFec(packet: Uint8Array): boolean {
  if (packet.length < 2) return false;
  const toc = packet[0] as number;
  if (toc >> 3 >= 16 || (toc & 3) !== 0) return false;
  if (frameSamples48k(toc) > 960) return false;
  // The first two symbols of the range coder are one bit each with even odds: VAD, then LBRR.
  return ((packet[1] as number) & 0x40) !== 0;
}

function frameCount(packet: Uint8Array): number {
  const code = (packet[0] as number) & 3;
  if (code === 0) return 1;
  if (code === 1) return (packet.length - 1) % 2 === 0 ? 2 : 0;
  if (code === 2) return packet.length < 2 ? 0 : 2;
  if (packet.length < 2) return 0;
  return (packet[1] as number) & 0x3f;
}

function frameSamples48k(toc: number): number {
  const config = toc >> 3;
  if (config < 12) return [480, 960, 1_920, 2_880][config & 3] as number;
  if (config < 16) return config & 1 ? 960 : 480;
  return 120 << (config & 3);
}
