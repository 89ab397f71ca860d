import { isIP } from 'node:net';
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
    (media) =>
      media.type === 'audio' && media.port > 0 && media.port < 65_536 && /^RTP\/AVPF?$/.test(media.protocol),
  );
  const media = session.media[index];
  if (!media) {
    return problem('SDP_NO_AUDIO', 'The description has no RTP/AVP audio line with a port.', 'm=audio');
  }
  const written = media.connection?.ip ?? session.connection?.ip;
  const address = written === undefined ? '' : String(written);
  if (isIP(address) === 0) {
    const message = address ? 'The c= line holds no IP address.' : 'The description has no c= line.';
    return problem('SDP_ADDRESS', message, 'c=');
  }
  const payloads = payloadsOf(media);
  return ok({
    audio: {
      index,
      address,
      port: media.port,
      rtcpPort: rtcpPortOf(media),
      rtcpMux: media.rtcpMux !== undefined,
      direction: directionOf(media, session, address),
      payloads,
      ...ptimeOf(media),
    },
    media: session.media.map((m) => ({
      kind: m.type,
      protocol: m.protocol,
      payloads: String(m.payloads ?? '0'),
    })),
  });
}

/** RFC 3605, else the next port (RFC 3550 section 11). */
function rtcpPortOf({ port, rtcp }: ParsedMedia): number {
  const written = Number(rtcp?.port);
  if (written > 0 && written < 65_536) return written;
  return port < 65_535 ? port + 1 : port;
}

/** The packet time the phone wants, held to its maximum (RFC 8866 section 6.4); 10 to 60 ms make sense. */
function ptimeOf(media: ParsedMedia): { readonly ptimeMs?: number } {
  const max = media.maxptime ?? 60;
  const ptime = Math.min(media.ptime ?? (max < 20 ? max : Number.NaN), max);
  return ptime >= 10 && ptime <= 60 ? { ptimeMs: ptime } : {};
}

function payloadsOf(media: ParsedMedia): SipPayload[] {
  const numbers = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  return numbers.flatMap((payloadType) => {
    const rtp = media.rtp.find((entry) => entry.payload === payloadType);
    const fmtp = media.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const known = rtp
      ? { payloadType, name: String(rtp.codec), clockRate: rtp.rate ?? 8_000 }
      : STATIC[payloadType];
    return known ? [{ ...known, ...(fmtp === undefined ? {} : { fmtp: String(fmtp) }) }] : [];
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
