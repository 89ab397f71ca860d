import { loadOpusWasm } from '../../../src/media/codec/opus-wasm.ts';

const SET_BITRATE = 4_002;
const SET_BANDWIDTH = 4_008;
/** libopus's own, for its tests: 1000 SILK, 1001 hybrid, 1002 CELT. */
const SET_FORCE_MODE = 11_002;
const APPLICATION_AUDIO = 2_049;
const RATE = 48_000;

const wasm = await loadOpusWasm(() => {});

/** Mode, OPUS_BANDWIDTH_* and milliseconds of each of the 32 configurations (RFC 6716 table 2). */
export const CONFIGURATIONS: readonly {
  readonly config: number;
  readonly mode: number;
  readonly bandwidth: number;
  readonly ms: number;
}[] = Array.from({ length: 32 }, (_, config) => {
  if (config < 12)
    return { config, mode: 1_000, bandwidth: 1_101 + (config >> 2), ms: [10, 20, 40, 60][config & 3] ?? 0 };
  if (config < 16)
    return { config, mode: 1_001, bandwidth: 1_104 + ((config - 12) >> 1), ms: config & 1 ? 20 : 10 };
  return {
    config,
    mode: 1_002,
    bandwidth: [1_101, 1_103, 1_104, 1_105][(config - 16) >> 2] ?? 0,
    ms: [2.5, 5, 10, 20][config & 3] ?? 0,
  };
});

/**
 * Packets of one frame in one configuration, made by libopus itself: a tone of `hz`, in stereo on both channels.
 * @param seconds length of the sound
 */
export function shapedPackets(config: number, stereo: boolean, hz: number, seconds: number): Uint8Array[] {
  const shape = CONFIGURATIONS[config];
  if (!shape) throw new Error('no such configuration');
  const channels = stereo ? 2 : 1;
  const samples = (RATE * shape.ms) / 1000;
  const state = wasm.malloc(wasm.opus_encoder_get_size(channels));
  const [pcmAt, packetAt] = [wasm.malloc(samples * channels * 2), wasm.malloc(1_500)];
  wasm.opus_encoder_init(state, RATE, channels, APPLICATION_AUDIO);
  wasm.opus_encoder_ctl_set(state, SET_BITRATE, 64_000);
  wasm.opus_encoder_ctl_set(state, SET_FORCE_MODE, shape.mode);
  wasm.opus_encoder_ctl_set(state, SET_BANDWIDTH, shape.bandwidth);
  const count = Math.round((seconds * 1000) / shape.ms);
  const made = Array.from({ length: count }, (_, frame) => {
    const pcm = new Int16Array(wasm.memory.buffer, pcmAt, samples * channels);
    for (let i = 0; i < pcm.length; i++) {
      const t = (frame * samples + Math.floor(i / channels)) / RATE;
      pcm[i] = Math.round(8_000 * Math.sin(2 * Math.PI * hz * t));
    }
    const bytes = wasm.opus_encode(state, pcmAt, samples, packetAt, 1_275);
    return new Uint8Array(wasm.memory.buffer, packetAt, Math.max(bytes, 0)).slice();
  });
  for (const pointer of [state, pcmAt, packetAt]) wasm.free(pointer);
  return made;
}
