import { parse } from 'sdp-transform';
import { ok, type Result } from '../shared/result.ts';
import { normalizeSdp } from './normalize.ts';
import type { Direction } from './plans.ts';
import { problem, type SdpProblem } from './problem.ts';

/** An audio format of the other side. */
export interface SipPayload {
  readonly payloadType: number;
  /** As written: `PCMU`, `opus`, `telephone-event`. */
  readonly name: string;
  readonly clockRate: number;
  readonly fmtp?: string;
}

/** The m-line that we use of a phone's description. */
export interface SipAudio {
  /** Position among the m-lines. */
  readonly index: number;
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly rtcpMux: boolean;
  /** As the phone sees it; `c=0.0.0.0` counts as its hold (RFC 3264 section 8.4). */
  readonly direction: Direction;
  /** In the phone's order. */
  readonly payloads: readonly SipPayload[];
  readonly ptimeMs?: number;
}

export interface SipDescription {
  readonly audio: SipAudio;
  /** Every m-line in order, for the answer (RFC 3264 section 6). */
  readonly media: readonly { readonly kind: string; readonly protocol: string; readonly payloads: string }[];
}

type Parsed = ReturnType<typeof parse>;
type ParsedMedia = Parsed['media'][number];

/** Static payload types that may come without an rtpmap (RFC 3551 section 6). */
const STATIC: Readonly<Record<number, SipPayload>> = {
  0: { payloadType: 0, name: 'PCMU', clockRate: 8_000 },
  8: { payloadType: 8, name: 'PCMA', clockRate: 8_000 },
  9: { payloadType: 9, name: 'G722', clockRate: 8_000 },
  13: { payloadType: 13, name: 'CN', clockRate: 8_000 },
};

/**
 * Reads an offer or answer of a phone or PBX: the first RTP/AVP (or AVPF) audio line with a port. Errors:
 * SDP_MALFORMED, SDP_NO_AUDIO, SDP_ADDRESS.
 */
export function parseSipDescription(sdp: string): Result<SipDescription, SdpProblem> {
  const text = normalizeSdp(sdp);
  if (!text.startsWith('v=0'))
    return problem('SDP_MALFORMED', 'The description does not begin with v=0.', 'v=');
  const session = parse(text);
  const index = session.media.findIndex(
    (media) => media.type === 'audio' && media.port > 0 && /^RTP\/AVPF?$/.test(media.protocol),
  );
  const media = session.media[index];
  if (!media) {
    return problem('SDP_NO_AUDIO', 'The description has no RTP/AVP audio line with a port.', 'm=audio');
  }
  const address = media.connection?.ip ?? session.connection?.ip;
  if (!address) return problem('SDP_ADDRESS', 'The description has no c= line.', 'c=');
  const payloads = payloadsOf(media);
  return ok({
    audio: {
      index,
      address,
      port: media.port,
      rtcpPort: media.rtcp?.port ?? media.port + 1,
      rtcpMux: media.rtcpMux !== undefined,
      direction: directionOf(media, session, address),
      payloads,
      ...(media.ptime && media.ptime >= 10 && media.ptime <= 60 ? { ptimeMs: media.ptime } : {}),
    },
    media: session.media.map((m) => ({
      kind: m.type,
      protocol: m.protocol,
      payloads: String(m.payloads ?? '0'),
    })),
  });
}

function payloadsOf(media: ParsedMedia): SipPayload[] {
  const numbers = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  return numbers.flatMap((payloadType) => {
    const rtp = media.rtp.find((entry) => entry.payload === payloadType);
    const fmtp = media.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const known = rtp ? { payloadType, name: rtp.codec, clockRate: rtp.rate ?? 8_000 } : STATIC[payloadType];
    return known ? [{ ...known, ...(fmtp === undefined ? {} : { fmtp }) }] : [];
  });
}

/** A direction at session level applies to lines without their own (RFC 8866 section 6.7). */
function directionOf(media: ParsedMedia, session: Parsed, address: string): Direction {
  const written = media.direction ?? session.direction ?? 'sendrecv';
  const direction: Direction =
    written === 'sendonly' || written === 'recvonly' || written === 'inactive' ? written : 'sendrecv';
  if (address !== '0.0.0.0' && address !== '::') return direction;
  // The old way to hold (RFC 2543 B.5): "do not send to me".
  return direction === 'recvonly' || direction === 'inactive' ? 'inactive' : 'sendonly';
}
