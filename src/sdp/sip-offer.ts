import { lines } from './meta-offer.ts';
import type { Direction, SipCodec } from './plans.ts';
import { cryptoOffer, type SdesLocal } from './sdes.ts';
import { SIP_CODECS, TELEPHONE_EVENT_PAYLOAD } from './sip-codecs.ts';

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
  readonly direction: Direction;
  /** Absent: plain RTP only. */
  readonly sdes?: SdesLocal;
}

/** An offer for a phone or PBX: one audio line, RTP/SAVP where SRTP is required. */
export function buildSipOffer(local: SipLocal): string {
  const payloads = local.codecs.map((codec) => SIP_CODECS[codec].payloadType);
  const clocks = [...new Set(local.codecs.map((codec) => SIP_CODECS[codec].clockRate))];
  const events = local.telephoneEvent
    ? clocks.map((clockRate) => ({ clockRate, payloadType: TELEPHONE_EVENT_PAYLOAD[clockRate] ?? 101 }))
    : [];
  return lines(
    ...sessionLines(local),
    `m=audio ${local.port} RTP/${local.sdes?.policy === 'required' ? 'SAVP' : 'AVP'} ${[...payloads, ...events.map((e) => e.payloadType)].join(' ')}`,
    ...local.codecs.flatMap((codec) => codecLines(SIP_CODECS[codec].payloadType, codec)),
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

export function codecLines(payloadType: number, codec: SipCodec): string[] {
  const { rtpmap, fmtp } = SIP_CODECS[codec];
  return [`a=rtpmap:${payloadType} ${rtpmap}`, ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : [])];
}

export function telephoneEventLines(payloadType: number, clockRate: number): string[] {
  return [`a=rtpmap:${payloadType} telephone-event/${clockRate}`, `a=fmtp:${payloadType} 0-16`];
}
