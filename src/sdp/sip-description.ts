import { isIP } from 'node:net';
import { parse } from 'sdp-transform';
import { ok, type Result } from '../shared/result.ts';
import { normalizeSdp } from './normalize.ts';
import type { Direction } from './plans.ts';
import { problem, type SdpProblem } from './problem.ts';
import { cryptoLines, parseCrypto, type SdesCrypto, type SrtpPolicy } from './sdes.ts';

/** An audio format of the other side. */
export interface SipPayload {
  readonly payloadType: number;
  /** As written: `PCMU`, `opus`, `telephone-event`. */
  readonly name: string;
  readonly clockRate: number;
  readonly channels: number;
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
  /** The line says RTP/SAVP: without a key there is no session. */
  readonly secure: boolean;
  /** The keys that we can use, in the phone's order. */
  readonly cryptos: readonly SdesCrypto[];
  /** There are keys, if none that we can use. */
  readonly wantsCrypto: boolean;
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
  0: { payloadType: 0, name: 'PCMU', clockRate: 8_000, channels: 1 },
  8: { payloadType: 8, name: 'PCMA', clockRate: 8_000, channels: 1 },
  9: { payloadType: 9, name: 'G722', clockRate: 8_000, channels: 1 },
  13: { payloadType: 13, name: 'CN', clockRate: 8_000, channels: 1 },
};

/**
 * Reads an offer or answer of a phone or PBX: the first RTP audio line with a port that the policy lets us use, with
 * keys before without. Errors: SDP_MALFORMED, SDP_NO_AUDIO, SDP_ADDRESS, SDP_NO_SRTP, SDP_SRTP_OFF.
 */
export function parseSipDescription(
  sdp: string,
  srtp: SrtpPolicy = 'off',
): Result<SipDescription, SdpProblem> {
  const text = normalizeSdp(sdp);
  if (!text.startsWith('v=0'))
    return problem('SDP_MALFORMED', 'The description does not begin with v=0.', 'v=');
  const session = parse(text);
  const chosen = audioLine(text, session, srtp);
  if (!chosen.ok) return chosen;
  const { media, index, crypto } = chosen.value;
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
      ...crypto,
    },
    media: session.media.map((m) => ({
      kind: m.type,
      protocol: m.protocol,
      payloads: String(m.payloads ?? '0'),
    })),
  });
}

interface AudioLine {
  readonly media: ParsedMedia;
  readonly index: number;
  readonly crypto: Pick<SipAudio, 'secure' | 'cryptos' | 'wantsCrypto'>;
}

/** Phones that like SRTP offer a secure line and a plain one, or keys on a plain line. */
function audioLine(text: string, { media }: Parsed, srtp: SrtpPolicy): Result<AudioLine, SdpProblem> {
  const lines = media.flatMap((line, index): AudioLine[] => {
    const { type, port, protocol } = line;
    if (type !== 'audio' || port <= 0 || port >= 65_536 || !/^RTP\/S?AVPF?$/.test(protocol)) return [];
    const written = cryptoLines(text, index);
    const cryptos = srtp === 'off' ? [] : written.flatMap((value) => parseCrypto(value) ?? []);
    const secure = protocol.startsWith('RTP/S');
    return [{ media: line, index, crypto: { secure, cryptos, wantsCrypto: written.length > 0 } }];
  });
  if (lines.length === 0) {
    return problem('SDP_NO_AUDIO', 'The description has no RTP audio line with a port.', 'm=audio');
  }
  const keyed = lines.find(({ crypto }) => crypto.cryptos.length > 0);
  const plain = srtp === 'required' ? undefined : lines.find(({ crypto }) => !crypto.secure);
  const line = keyed ?? plain;
  if (line) return ok(line);
  return srtp === 'off'
    ? problem('SDP_SRTP_OFF', 'The phone wants SRTP, which the trunk has off.', 'm=audio')
    : problem('SDP_NO_SRTP', 'The description has no SRTP key that we can use.', 'a=crypto');
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
  // A fraction of a millisecond is no whole number of samples.
  const ptime = Math.trunc(Math.min(media.ptime ?? (max < 20 ? max : Number.NaN), max));
  return ptime >= 10 && ptime <= 60 ? { ptimeMs: ptime } : {};
}

function payloadsOf(media: ParsedMedia): SipPayload[] {
  const numbers = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  return numbers.flatMap((payloadType) => {
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) return [];
    const rtp = media.rtp.find((entry) => entry.payload === payloadType);
    const fmtp = media.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const known = rtp
      ? {
          payloadType,
          name: String(rtp.codec),
          clockRate: rtp.rate ?? 8_000,
          channels: Number(rtp.encoding ?? 1),
        }
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
