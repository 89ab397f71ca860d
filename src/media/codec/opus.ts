import { GatewayError } from '../../shared/error.ts';
import { dominantFrequency } from '../tone/measure.ts';
import { Tone } from '../tone/tone.ts';
import type { OpusLibrary } from './opus-library.ts';
import { SystemOpus } from './opus-system.ts';
import { WasmOpus } from './opus-wasm.ts';

/** `auto`: the system's libopus where there is one that works, else the one that the gateway brings along. */
export type OpusChoice = 'auto' | 'wasm' | 'system';

/** Opens the library of a thread and hears a tone through it. Rejects with MEDIA_OPUS. */
export async function createOpusLibrary(choice: OpusChoice = 'auto'): Promise<OpusLibrary> {
  if (choice !== 'wasm') {
    try {
      return proved(await SystemOpus.load());
    } catch (error) {
      if (choice === 'system') throw notLoaded("The system's libopus", error);
    }
  }
  try {
    return proved(await WasmOpus.load());
  } catch (error) {
    throw notLoaded('The Opus library', error);
  }
}

function notLoaded(what: string, error: unknown): GatewayError {
  return new GatewayError('MEDIA_OPUS', `${what} did not load: ${String(error)}`, {}, { cause: error });
}

const RATE = 8_000;
const FRAME = 160;
const FRAMES = 10;
const TONE_HZ = 1_000;

/** The self-test: a library that is there but broken must not be found out by a call. Throws. */
export function proved<T extends OpusLibrary>(library: T): T {
  const encoder = library.encoder({
    sampleRate: RATE,
    bitrate: 20_000,
    complexity: 5,
    inbandFec: true,
    expectedLossPercent: 10,
    dtx: false,
    maxPlaybackRate: RATE,
  });
  const decoder = library.decoder(RATE);
  const tone = new Tone(TONE_HZ, RATE);
  const pcm = new Int16Array(FRAME);
  const packet = new Uint8Array(1_275);
  const heard = new Int16Array(FRAME * FRAMES);
  let at = 0;
  for (let i = 0; i < FRAMES; i++) {
    tone.fill(pcm, FRAME);
    const bytes = encoder.encode(pcm, FRAME, packet);
    at += decoder.decode(packet.subarray(0, bytes), heard.subarray(at));
  }
  encoder.close();
  decoder.close();
  const hz = dominantFrequency(heard, RATE);
  if (at !== heard.length || Math.abs(hz - TONE_HZ) > TONE_HZ / 20) {
    throw new Error(`${library.name} made ${at} samples of ${hz} Hz from ${heard.length} of ${TONE_HZ} Hz`);
  }
  return library;
}
