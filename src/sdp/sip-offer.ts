import { lines } from './meta-offer.ts';
import type { Direction, SipCodec } from './plans.ts';
import { cryptoOffer, type SdesLocal } from './sdes.ts';
import { COMFORT_NOISE_PAYLOAD, SIP_CODECS, type SipFormat, TELEPHONE_EVENT_PAYLOAD } from './sip-codecs.ts';

/** Our side of the phone leg's session. */
export interface SipLocal {
  /** `o=` session id, decimal digits; never changes in a dialog. */
  readonly sessionId: string;
  /** `o=` version; one more with every changed description (RFC 3264 section 8). */
  readonly version: number;
  readonly address: string;
  /** RTP port; RTCP is on the next one (RFC 3550 section 11). */
  readonly port: number;
  /** In the order of preference. */
  readonly codecs: readonly SipCodec[];
  readonly telephoneEvent: boolean;
  readonly ptimeMs: number;
  /** Offer comfort noise (RFC 3389), so that the phone may pause in silence. */
  readonly comfortNoise?: boolean;
  readonly direction: Direction;
  /** Absent: plain RTP only. */
  readonly sdes?: SdesLocal;
}

/** An offer for a phone or PBX: one audio line, RTP/SAVP where SRTP is required. */
export function buildSipOffer(local: SipLocal): string {
  const formats = local.codecs.flatMap((codec) => SIP_CODECS[codec]);
  const clocks = [...new Set(formats.map(({ clockRate }) => clockRate))];
  const noise = local.comfortNoise && clocks.includes(8_000) ? [COMFORT_NOISE_PAYLOAD] : [];
  const payloads = [...formats.map(({ payloadType }) => payloadType), ...noise];
  const events = local.telephoneEvent
    ? // 8000 beside any codec: many phones have it at no other clock, against RFC 4733 section 2.1.
      [...new Set([...clocks, 8_000])].map((clockRate) => ({
        clockRate,
        payloadType: TELEPHONE_EVENT_PAYLOAD[clockRate] ?? 101,
      }))
    : [];
  return lines(
    ...sessionLines(local),
    `m=audio ${local.port} RTP/${local.sdes?.policy === 'required' ? 'SAVP' : 'AVP'} ${[...payloads, ...events.map((e) => e.payloadType)].join(' ')}`,
    ...formats.flatMap((format) => codecLines(format.payloadType, format)),
    ...noise.flatMap((payloadType) => comfortNoiseLines(payloadType, 8_000)),
    ...events.flatMap((event) => telephoneEventLines(event.payloadType, event.clockRate)),
    ...(local.sdes ? cryptoOffer(local.sdes) : []),
    `a=ptime:${local.ptimeMs}`,
    `a=${local.direction}`,
  );
}

/**
 * A whole new offer within a dialog: for a re-INVITE without SDP (RFC 6337 section 5.2.5: everything we can do,
 * not the last answer again), for our own hold or its end, for a new address and for new keys. The version goes one up.
 */
export function freshSipOffer(
  local: SipLocal,
  change: Partial<Pick<SipLocal, 'direction' | 'address' | 'port' | 'codecs' | 'sdes'>> = {},
): { readonly offerSdp: string; readonly local: SipLocal } {
  const next: SipLocal = { ...local, direction: 'sendrecv', ...change, version: local.version + 1 };
  return { offerSdp: buildSipOffer(next), local: next };
}

export function sessionLines(local: Pick<SipLocal, 'sessionId' | 'version' | 'address'>): string[] {
  const address = `IN ${local.address.includes(':') ? 'IP6' : 'IP4'} ${local.address}`;
  return ['v=0', `o=- ${local.sessionId} ${local.version} ${address}`, 's=-', `c=${address}`, 't=0 0'];
}

export function codecLines(payloadType: number, { rtpmap, fmtp }: SipFormat): string[] {
  return [`a=rtpmap:${payloadType} ${rtpmap}`, ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : [])];
}

export function comfortNoiseLines(payloadType: number, clockRate: number): string[] {
  return [`a=rtpmap:${payloadType} CN/${clockRate}`];
}

export function telephoneEventLines(payloadType: number, clockRate: number): string[] {
  return [`a=rtpmap:${payloadType} telephone-event/${clockRate}`, `a=fmtp:${payloadType} 0-16`];
}
