import {
  type AudioDecoder,
  type AudioEncoder,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  L16Decoder,
  L16Encoder,
  type OpusEncoder,
  type OpusLibrary,
  opusSamples48k,
} from '../codec/index.ts';
import type { PhonePlan, SendPlan } from './types.ts';

/** What Meta asks for when its fmtp says nothing (its samples: 20 kbit/s, wideband). */
const META_BITRATE = 20_000;
const WIDEBAND = 16_000;
/** For an Opus phone that names no lower limit: what is played to it may be music. */
const PHONE_BITRATE = 32_000;

type PhoneFormat = Pick<PhonePlan, 'codec' | 'clockRate'>;

/** PCM rate of a phone's codec, Hz: libopus runs at it on the other leg, so nothing is resampled. */
export function pcmRate({ codec, clockRate }: PhoneFormat): number {
  if (codec === 'L16') return clockRate;
  return codec === 'PCMU' || codec === 'PCMA' ? 8_000 : WIDEBAND;
}

/** Frames of voice that libopus makes, ms. */
const OPUS_FRAMES_MS = [60, 40, 20, 10] as const;

/** How much audio one packet to the phone holds, ms: of Opus the longest frame that is no longer than what it wants. */
export function packetMs({ codec, ptimeMs }: Pick<PhonePlan, 'codec' | 'ptimeMs'>): number {
  if (codec !== 'opus') return ptimeMs;
  return OPUS_FRAMES_MS.find((ms) => ms <= ptimeMs) ?? 10;
}

/** The same codec at the same rate: nothing has to be made anew. */
export function sameFormat(one: PhoneFormat | undefined, other: PhoneFormat): boolean {
  return one?.codec === other.codec && one.clockRate === other.clockRate;
}

export function phoneDecoder(plan: PhoneFormat, opus: OpusLibrary): AudioDecoder {
  switch (plan.codec) {
    case 'opus':
      return opus.decoder(pcmRate(plan));
    case 'G722':
      return new G722Decoder();
    case 'L16':
      return new L16Decoder(plan.clockRate);
    default:
      return new G711Decoder(plan.codec);
  }
}

/** Towards an Opus phone only while something is played to it: otherwise the consumer's packets pass. */
export function phoneEncoder(plan: PhonePlan, opus: OpusLibrary, complexity: number): AudioEncoder {
  switch (plan.codec) {
    case 'opus':
      return opus.encoder({
        sampleRate: WIDEBAND,
        // The phone's is a limit, not a wish: 60 ms of 510 kbit/s fit into no datagram.
        bitrate: Math.min(plan.opus?.maxAverageBitrate ?? PHONE_BITRATE, PHONE_BITRATE),
        complexity,
        inbandFec: false,
        expectedLossPercent: 0,
        dtx: plan.opus?.useDtx ?? false,
        maxPlaybackRate: Math.min(plan.opus?.maxPlaybackRate ?? WIDEBAND, WIDEBAND),
        cbr: plan.opus?.cbr ?? false,
      });
    case 'G722':
      return new G722Encoder();
    case 'L16':
      return new L16Encoder(plan.clockRate);
    default:
      return new G711Encoder(plan.codec);
  }
}

/**
 * Towards Meta: continuous frames whatever its fmtp says of DTX, because its clients drop calls that fall silent.
 * @param expectedLoss percent that the FEC is made for
 */
export function metaEncoder(
  opus: OpusLibrary,
  rate: number,
  plan: SendPlan,
  complexity: number,
  expectedLoss: number,
): OpusEncoder {
  return opus.encoder({
    sampleRate: rate,
    bitrate: plan.maxAverageBitrate ?? META_BITRATE,
    complexity,
    inbandFec: plan.useInbandFec,
    expectedLossPercent: plan.useInbandFec ? expectedLoss : 0,
    dtx: false,
    maxPlaybackRate: Math.min(plan.maxPlaybackRate ?? WIDEBAND, rate * 2),
    cbr: plan.cbr ?? false,
  });
}

/** Length of one payload in RTP ticks; 0 when it has none. */
export function payloadTicks({ codec }: PhoneFormat, packet: Uint8Array, from: number, to: number): number {
  if (codec === 'opus') return opusSamples48k(packet, from, to);
  // One octet a tick: G.711 at 8 kHz, and G.722, whose clock says 8 kHz for 16 kHz (RFC 3551 section 4.5.2).
  return codec === 'L16' ? (to - from) >> 1 : to - from;
}
