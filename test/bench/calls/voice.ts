import { createOpusLibrary, G711Encoder } from '../../../src/media/index.ts';

/** Frames of 20 ms in the loop that each end says again and again; the load program counts on it. */
const LOOP = 100;
/** At its end there is silence, so that the first frame of the loop can be told by ear. */
const SILENT = 10;
/** Bytes of padding that carry the number of the frame. */
const MARK_BYTES = 8;

export const CONSUMER_HZ = 440;
export const PHONE_HZ = 620;

/** What the ends of calls say: the payloads of one loop. */
export interface Voices {
  /** The consumer's Opus, with room for a mark. */
  readonly consumer: readonly Uint8Array[];
  /** The phone's Opus, with room for a mark. */
  readonly phoneOpus: readonly Uint8Array[];
  readonly phonePcmu: readonly Uint8Array[];
}

/** Encoded once, so that sending costs the load program nothing but the packet. */
export async function makeVoices(): Promise<Voices> {
  const [consumer, phoneOpus] = await Promise.all([opusLoop(CONSUMER_HZ), opusLoop(PHONE_HZ)]);
  return { consumer, phoneOpus, phonePcmu: pcmuLoop(PHONE_HZ) };
}

/** As a consumer's client encodes: 16 kHz, 20 kbit/s, FEC. */
async function opusLoop(hz: number): Promise<Uint8Array[]> {
  const library = await createOpusLibrary();
  const encoder = library.encoder({
    sampleRate: 16_000,
    bitrate: 20_000,
    complexity: 5,
    inbandFec: true,
    expectedLossPercent: 10,
    dtx: false,
    maxPlaybackRate: 16_000,
  });
  const pcm = speech(hz, 16_000);
  const out = new Uint8Array(1_275);
  const frames: Uint8Array[] = [];
  // The second time round: the encoder then comes from the end of the loop, as it does for ever after.
  for (let i = 0; i < 2 * LOOP; i++) {
    const at = (i % LOOP) * 320;
    const bytes = encoder.encode(pcm.subarray(at, at + 320), 320, out);
    if (i >= LOOP) frames.push(withRoomForMark(out.subarray(0, bytes)));
  }
  encoder.close();
  return frames;
}

/** A packet of one frame as a packet of code 3 with padding (RFC 6716 section 3.2.5). */
function withRoomForMark(packet: Uint8Array): Uint8Array {
  const [toc = 0] = packet;
  if ((toc & 3) !== 0) throw new Error('the encoder made a packet of several frames');
  return Uint8Array.of(
    toc | 3,
    0x41,
    MARK_BYTES,
    ...packet.subarray(1),
    ...new Array<number>(MARK_BYTES).fill(0),
  );
}

function pcmuLoop(hz: number): Uint8Array[] {
  const encoder = new G711Encoder('PCMU');
  const pcm = speech(hz, 8_000);
  return Array.from({ length: LOOP }, (_, i) => {
    const frame = new Uint8Array(160);
    encoder.encode(pcm.subarray(i * 160, (i + 1) * 160), 160, frame);
    return frame;
  });
}

/**
 * Two seconds, as much like speech as an encoder needs to work as it does on speech: a voice with overtones whose
 * loudness moves four times a second, with breath in it. Its strongest frequency is `hz`.
 */
function speech(hz: number, rate: number): Int16Array {
  const pcm = new Int16Array(rate * 2);
  const talks = (LOOP - SILENT) * (rate / 50);
  let random = 1;
  for (let i = 0; i < pcm.length; i++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const breath = random / 2 ** 31 - 1;
    const t = i / rate;
    const turn = 2 * Math.PI * hz * t;
    const tone =
      Math.sin(turn) + 0.5 * Math.sin(2 * turn) + 0.35 * Math.sin(3 * turn + 1) + 0.2 * Math.sin(5 * turn);
    const loudness = 0.65 + 0.35 * Math.cos(2 * Math.PI * 4 * t);
    pcm[i] = i < talks ? Math.round(7_000 * loudness * tone + 400 * breath) : Math.round(8 * breath);
  }
  return pcm;
}
