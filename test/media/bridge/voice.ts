import type { AudioDecoder } from '../../../src/media/codec/index.ts';
import { Tone } from '../../../src/media/index.ts';
import { type Heard, opus } from './harness.ts';

/** `frames` Opus packets of 20 ms with a tone, with FEC. */
export function voice(hz: number, frames: number, sampleRate = 16_000): Uint8Array[] {
  const encoder = opus.encoder({
    sampleRate,
    bitrate: 20_000,
    complexity: 5,
    inbandFec: true,
    expectedLossPercent: 20,
    dtx: false,
    maxPlaybackRate: 16_000,
  });
  const tone = new Tone(hz, sampleRate);
  const pcm = new Int16Array(sampleRate / 50);
  const out = new Uint8Array(1_275);
  const packets = Array.from({ length: frames }, () => {
    tone.fill(pcm, pcm.length);
    return out.slice(0, encoder.encode(pcm, pcm.length, out));
  });
  encoder.close();
  return packets;
}

/** Decodes in order and closes the decoder. */
export function decodeAll(decoder: AudioDecoder, packets: readonly Heard[]): Int16Array {
  const pcm = new Int16Array(5_760);
  const all: number[] = [];
  for (const { payload } of packets) all.push(...pcm.subarray(0, decoder.decode(payload, pcm)));
  decoder.close();
  return Int16Array.from(all);
}
