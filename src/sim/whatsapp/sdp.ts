import type { LiteCandidate } from '../lite-agent.ts';
import { type GatewayOffer, readDescription } from '../meta-sdp.ts';

/** What the relay says of itself. */
export interface RelayParts {
  /** IPv4, then IPv6 if there is one. */
  readonly candidates: readonly LiteCandidate[];
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** Of the consumer's audio. */
  readonly ssrc: number;
  /** telephone-event is named; WhatsApp's clients send it even when it is not. */
  readonly telephoneEvent: boolean;
}

const OPUS = 111;

/** Meta's offer of a consumer's call: one audio line, lite ICE, UDP only, and we are to be active. */
export function offerOf(parts: RelayParts): string {
  return description('7602563789012345678', parts, OPUS, 'actpass', parts.telephoneEvent);
}

/** Meta's answer to the gateway's offer: Meta is the DTLS client. */
export function answerOf(offer: GatewayOffer, parts: RelayParts): string {
  return description('4611731400430051336', parts, offer.opus, 'active', parts.telephoneEvent);
}

/** The gateway's description with what WhatsApp wants beside Messenger's rules: no mid but `audio`, no DTMF but 126. */
export function readGateway(
  wanted: 'offer' | 'answer',
  sdpType: unknown,
  sdp: string,
): GatewayOffer | { readonly refusal: string } {
  const read = readDescription(wanted, sdpType, sdp);
  if ('refusal' in read) return read;
  if (read.mid !== 'audio') return { refusal: 'a=mid must be audio' };
  if (read.ssrc === undefined) return { refusal: 'exactly one SSRC is expected' };
  const events = [...sdp.matchAll(/^a=rtpmap:(\d+) telephone-event\/(\d+)\r$/gm)];
  if (events.some(([, type, clock]) => type !== '126' || clock !== '8000'))
    return { refusal: 'telephone-event must be 126 at 8000' };
  return read;
}

function description(
  sessionId: string,
  parts: RelayParts,
  opus: number,
  setup: string,
  telephoneEvent: boolean,
): string {
  const [v4, v6] = parts.candidates;
  const lines = [
    'v=0',
    `o=- ${sessionId} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE audio',
    'a=msid-semantic: WMS',
    'a=ice-lite',
    `m=audio ${v4?.port} UDP/TLS/RTP/SAVPF ${opus}${telephoneEvent ? ' 126' : ''}`,
    `c=IN IP4 ${v4?.address}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=candidate:1 1 udp 2122260224 ${v4?.address} ${v4?.port} typ host generation 0`,
    ...(v6 ? [`a=candidate:2 1 udp 2122262784 ${v6.address} ${v6.port} typ host generation 0`] : []),
    `a=ice-ufrag:${parts.ufrag}`,
    `a=ice-pwd:${parts.pwd}`,
    `a=fingerprint:sha-256 ${parts.fingerprint}`,
    `a=setup:${setup}`,
    'a=mid:audio',
    'a=sendrecv',
    'a=rtcp-mux',
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1`,
    ...(telephoneEvent ? ['a=rtpmap:126 telephone-event/8000', 'a=fmtp:126 0-15'] : []),
    'a=ptime:20',
    `a=ssrc:${parts.ssrc} cname:WhatsAppAudioStream1`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
