import type { SipCodec } from './plans.ts';

/** What a codec looks like in the SDP of the phone leg (RFC 3551 section 6, RFC 7587). */
export interface SipCodecFacts {
  /** The number we declare. */
  readonly payloadType: number;
  readonly rtpmap: string;
  /** RTP clock, Hz. */
  readonly clockRate: number;
  readonly fmtp?: string;
}

export const SIP_CODECS: Readonly<Record<SipCodec, SipCodecFacts>> = {
  PCMU: { payloadType: 0, rtpmap: 'PCMU/8000', clockRate: 8_000 },
  PCMA: { payloadType: 8, rtpmap: 'PCMA/8000', clockRate: 8_000 },
  G722: { payloadType: 9, rtpmap: 'G722/8000', clockRate: 8_000 },
  opus: {
    payloadType: 107,
    rtpmap: 'opus/48000/2',
    clockRate: 48_000,
    fmtp: 'maxplaybackrate=16000;maxaveragebitrate=20000;useinbandfec=1;minptime=10',
  },
};

/** The payload types that we declare for telephone-event, by clock: it must be the clock of the audio (RFC 4733 2.1). */
export const TELEPHONE_EVENT_PAYLOAD: Readonly<Record<number, number>> = {
  8000: 101,
  16000: 103,
  48000: 102,
};

export function codecByName(name: string): SipCodec | undefined {
  const upper = name.toUpperCase();
  if (upper === 'OPUS') return 'opus';
  return upper === 'PCMU' || upper === 'PCMA' || upper === 'G722' ? upper : undefined;
}
