import {
  type AudioDecoder,
  type AudioEncoder,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  type OpusLibrary,
} from '../codec/index.ts';
import type { PhoneCodec, SendPlan } from './types.ts';

/** What Meta asks for when its fmtp says nothing (its samples: 20 kbit/s, wideband). */
const META_BITRATE = 20_000;
const META_PLAYBACK_RATE = 16_000;
const EXPECTED_LOSS_PERCENT = 10;
const PHONE_BITRATE = 32_000;
const PHONE_COMPLEXITY = 5;

/** PCM rate of a phone's codec, Hz: libopus runs at it on the other leg, so nothing is resampled. */
export function pcmRate(codec: PhoneCodec): number {
  return codec === 'PCMU' || codec === 'PCMA' ? 8_000 : 16_000;
}

export function phoneDecoder(codec: PhoneCodec, opus: OpusLibrary): AudioDecoder {
  if (codec === 'PCMU' || codec === 'PCMA') return new G711Decoder(codec);
  return codec === 'G722' ? new G722Decoder() : opus.decoder(pcmRate(codec));
}

/** Towards an Opus phone only while something is played to it: otherwise the consumer's packets pass. */
export function phoneEncoder(codec: PhoneCodec, opus: OpusLibrary): AudioEncoder {
  if (codec === 'opus') {
    return opus.encoder({
      sampleRate: pcmRate(codec),
      bitrate: PHONE_BITRATE,
      complexity: PHONE_COMPLEXITY,
      inbandFec: false,
      expectedLossPercent: 0,
      dtx: false,
      maxPlaybackRate: 16_000,
    });
  }
  return codec === 'G722' ? new G722Encoder() : new G711Encoder(codec);
}

/** Towards Meta: continuous frames (no DTX), because its clients drop calls that fall silent. */
export function metaEncoder(
  opus: OpusLibrary,
  rate: number,
  plan: SendPlan,
  complexity: number,
): AudioEncoder {
  return opus.encoder({
    sampleRate: rate,
    bitrate: plan.maxAverageBitrate ?? META_BITRATE,
    complexity,
    inbandFec: plan.useInbandFec,
    expectedLossPercent: plan.useInbandFec ? EXPECTED_LOSS_PERCENT : 0,
    dtx: false,
    maxPlaybackRate: Math.min(plan.maxPlaybackRate ?? META_PLAYBACK_RATE, rate * 2),
  });
}
