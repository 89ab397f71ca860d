import type { SipCodec } from './plans.ts';

/** What a format looks like in the SDP of the phone leg (RFC 3551 section 6, RFC 7587). */
export interface SipFormat {
  /** The number we declare. */
  readonly payloadType: number;
  readonly rtpmap: string;
  /** RTP clock, Hz. */
  readonly clockRate: number;
  readonly fmtp?: string;
  /** Longest packet, ms, that keeps within an Ethernet frame; absent: any. */
  readonly maxPtimeMs?: number;
}

/** The formats of each codec, best first. */
export const SIP_CODECS: Readonly<Record<SipCodec, readonly SipFormat[]>> = {
  PCMU: [{ payloadType: 0, rtpmap: 'PCMU/8000', clockRate: 8_000 }],
  PCMA: [{ payloadType: 8, rtpmap: 'PCMA/8000', clockRate: 8_000 }],
  G722: [{ payloadType: 9, rtpmap: 'G722/8000', clockRate: 8_000 }],
  opus: [
    {
      payloadType: 107,
      rtpmap: 'opus/48000/2',
      clockRate: 48_000,
      fmtp: 'maxplaybackrate=16000;maxaveragebitrate=20000;useinbandfec=1;minptime=10',
    },
  ],
  L16: [
    { payloadType: 108, rtpmap: 'L16/16000', clockRate: 16_000, maxPtimeMs: 40 },
    { payloadType: 109, rtpmap: 'L16/8000', clockRate: 8_000 },
  ],
};

/** The payload types that we declare for telephone-event, by clock: it must be the clock of the audio (RFC 4733 2.1). */
export const TELEPHONE_EVENT_PAYLOAD: Readonly<Record<number, number>> = {
  8000: 101,
  16000: 103,
  48000: 102,
};

/** Comfort noise at 8 kHz (RFC 3389 section 4), and the number that it had before, which old phones still use. */
export const COMFORT_NOISE_PAYLOAD = 13;
export const OLD_COMFORT_NOISE_PAYLOAD = 19;

export function codecByName(name: string): SipCodec | undefined {
  const upper = name.toUpperCase();
  if (upper === 'OPUS') return 'opus';
  return upper === 'PCMU' || upper === 'PCMA' || upper === 'G722' || upper === 'L16' ? upper : undefined;
}
