import { expect, it } from 'vitest';
import { createOpusLibrary } from '../../../src/media/codec/index.ts';
import { proved } from '../../../src/media/codec/opus.ts';
import { loadOpusWasm, WasmOpus } from '../../../src/media/codec/opus-wasm.ts';
import { dominantFrequency, Tone } from '../../../src/media/tone/index.ts';

const options = {
  sampleRate: 16_000,
  bitrate: 20_000,
  complexity: 5,
  inbandFec: true,
  expectedLossPercent: 10,
  dtx: false,
  maxPlaybackRate: 16_000,
};

/** A library whose states' addresses are known, so that they can be destroyed. */
async function exposed(): Promise<{ library: WasmOpus; destroy: (state: number) => void; states: number[] }> {
  const wasm = await loadOpusWasm(() => library.refresh());
  const states: number[] = [];
  const malloc = (bytes: number): number => {
    const pointer = wasm.malloc(bytes);
    states.push(pointer);
    return pointer;
  };
  const library = new WasmOpus({ ...wasm, malloc });
  states.length = 0;
  // The first fields say where in the state the two layers' states begin.
  const destroy = (state: number): void =>
    void new Uint8Array(wasm.memory.buffer).fill(0x7f, state, state + 8);
  return { library, destroy, states };
}

function tonePackets(library: WasmOpus, count: number): Uint8Array[] {
  const encoder = library.encoder(options);
  const tone = new Tone(700, 16_000);
  const pcm = new Int16Array(320);
  const out = new Uint8Array(1_275);
  const made = Array.from({ length: count }, () => {
    tone.fill(pcm, 320);
    return out.slice(0, encoder.encode(pcm, 320, out));
  });
  encoder.close();
  return made;
}

it('holds a trap within the codec that met it, however often; that one begins anew', async () => {
  const { library, destroy, states } = await exposed();
  const packets = tonePackets(library, 50);
  states.length = 0;
  const other = library.decoder(16_000);
  const victim = library.decoder(16_000);
  const victimState = states[1] ?? 0;
  const pcm = new Int16Array(5_760);
  // Each trap leaves what it had on the stack: unmended, the stack is used up before this ends.
  for (let i = 0; i < 5_000; i++) {
    destroy(victimState);
    expect(victim.decode(packets[0] as Uint8Array, pcm)).toBe(0);
  }
  expect(library.failures).toBe(5_000);
  for (const decoder of [other, victim]) {
    const heard = packets.flatMap((packet) => [...pcm.subarray(0, decoder.decode(packet, pcm))]);
    expect(heard.length).toBe(16_000);
    expect(Math.abs(dominantFrequency(Int16Array.from(heard), 16_000) - 700)).toBeLessThan(7);
  }
  expect(library.failures).toBe(5_000);
});

it('holds a trap of an encoder, which goes on with its settings', async () => {
  const { library, destroy, states } = await exposed();
  const encoder = library.encoder(options);
  const state = states[0] ?? 0;
  const tone = new Tone(700, 16_000);
  const pcm = new Int16Array(320);
  const out = new Uint8Array(1_275);
  const frame = (): number => {
    tone.fill(pcm, 320);
    return encoder.encode(pcm, 320, out);
  };
  const bytesOf = (frames: number): number =>
    Array.from({ length: frames }, frame).reduce((sum, bytes) => sum + bytes, 0);
  bytesOf(50);
  const before = bytesOf(50);
  destroy(state);
  expect(frame()).toBe(0);
  expect(library.failures).toBe(1);
  bytesOf(50);
  // The bit rate of before: the default would be twice that.
  expect(Math.abs(bytesOf(50) / before - 1)).toBeLessThan(0.1);
});

it('finds out a library that is there but broken', async () => {
  const wasm = await loadOpusWasm(() => {});
  const deaf = new WasmOpus({ ...wasm, opus_decode: (_state, _data, _bytes, _pcm, samples) => samples });
  expect(() => proved(deaf)).toThrow(/0 Hz/);
  const mute = new WasmOpus({ ...wasm, opus_encode: () => -1 });
  expect(() => proved(mute)).toThrow(/made 0 samples/);
});

it('loads what is asked for, and says which version it is', async () => {
  const wasm = await createOpusLibrary('wasm');
  expect([wasm.kind, wasm.name, wasm.open]).toEqual(['wasm', 'libopus 1.3 (WebAssembly, @evan/opus)', 0]);
  const auto = await createOpusLibrary();
  expect(auto.name).toMatch(/^libopus \d/);
});
