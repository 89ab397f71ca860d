import { createOpusLibrary, type OpusLibrary } from '../../../src/media/codec/index.ts';
import { type Bench, type BenchCase, type BenchOptions, benchCase } from '../bench.ts';
import { speechLike } from '../speech.ts';
import { arrivals, CONDITIONS } from './network.ts';
import { through } from './ours.ts';
import { peersHere, playTo } from './peers.ts';
import { LogSpectralDistance } from './score.ts';

/** No difference that anybody hears, and the peers' real time wavers: what is within is as good. */
const AS_GOOD = 1.05;

/** So far off is silence or a stream that began elsewhere: the peer failed, and nothing is compared with it. */
const BROKEN_DB = 15;
/** Jitter, ms, beyond what waits for nothing can be promised: FFmpeg waits up to 200 ms. */
const UNBUFFERED_JITTER_MS = 60;

/**
 * Speech-like sound as Opus (16 kHz, 20 kbit/s, FEC for 10 % loss) under loss, jitter, reordering and drift: through our bridge
 * on a virtual clock, packet-driven and behind our jitter buffer, and the same packets at the same times through
 * GStreamer (rtpjitterbuffer of 200 ms, opusdec with FEC and PLC) and FFmpeg (libopus) in real time. The score is a
 * log-spectral distance in dB against the clean signal (`score.ts`), which is what the same decoder makes of all
 * packets: 0 is perfect. The peers decode at 48 kHz and resample, which alone costs them some 0.2 dB (the clean case). Our jitter buffer stands beside GStreamer's; the packet-driven way, which waits for nothing,
 * beside FFmpeg. What it was not given time for counts in a phone's own buffer, which is taken to be long enough.
 */
export const quality: Bench = {
  name: 'quality',
  seconds: 12,
  run,
};

async function run({ seconds, say }: BenchOptions): Promise<readonly BenchCase[]> {
  const opus = await createOpusLibrary();
  const packets = encode(opus, seconds);
  const clean = (await through(opus, packets, arrivals({ name: 'clean' }, packets.length), false)).pcm;
  const networks = CONDITIONS.map((condition) => arrivals(condition, packets.length));
  const heard: Partial<Record<string, readonly Int16Array[]>> = {};
  for (const peer of peersHere(say)) {
    say(`quality: ${networks.length} streams of ${seconds} s through ${peer}, in real time`);
    heard[peer] = await playTo(peer, packets, networks);
  }
  const distance = new LogSpectralDistance(clean);
  const score = (pcm: Int16Array | undefined): number | null => {
    const db = pcm && pcm.length > 16_000 ? distance.of(pcm) : Infinity;
    if (db < BROKEN_DB) return db;
    if (pcm) say('quality: the peer was not heard: no baseline for this one');
    return null;
  };
  const cases: BenchCase[] = [];
  for (const [i, { name, jitterMs = 0 }] of CONDITIONS.entries()) {
    for (const buffered of [true, false]) {
      const way = buffered ? 'jitter buffer' : 'packet-driven';
      const { pcm, stats } = await through(opus, packets, networks[i] ?? [], buffered);
      const baseline = score(heard[buffered ? 'gstreamer' : 'ffmpeg']?.[i]);
      const ours = distance.of(pcm);
      const beside = baseline === null ? '' : buffered ? ' / GStreamer' : ' / FFmpeg';
      cases.push(
        benchCase(`${name}: ${way}${beside}`, 'dB LSD', ours, {
          baseline,
          ...(buffered || jitterMs < UNBUFFERED_JITTER_MS ? { target: { ratioAtMost: AS_GOOD } } : {}),
        }),
        benchCase(
          `${name}: ${way}, concealed`,
          '%',
          (100 * stats.concealedSamples) / stats.totalSamplesReceived,
        ),
      );
    }
    say(`quality: ${name} done`);
  }
  return cases;
}

function encode(opus: OpusLibrary, seconds: number): readonly Uint8Array[] {
  const encoder = opus.encoder({
    sampleRate: 16_000,
    bitrate: 20_000,
    complexity: 5,
    inbandFec: true,
    expectedLossPercent: 10,
    dtx: false,
    maxPlaybackRate: 16_000,
  });
  const sound = speechLike(16_000, seconds);
  const out = new Uint8Array(1_275);
  const packets: Uint8Array[] = [];
  for (let at = 0; at + 320 <= sound.length; at += 320) {
    packets.push(out.slice(0, encoder.encode(sound.subarray(at, at + 320), 320, out)));
  }
  encoder.close();
  return packets;
}
