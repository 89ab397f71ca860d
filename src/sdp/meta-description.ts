import { parse } from 'sdp-transform';
import { ok, type Result } from '../shared/result.ts';
import { AUDIO_LEVEL_URI, MID_URI } from './meta-offer.ts';
import { normalizeSdp } from './normalize.ts';
import type { Direction } from './plans.ts';
import { problem, type SdpProblem } from './problem.ts';

/** One m-section of Meta's, as far as an audio gateway cares. */
export interface MetaMedia {
  readonly kind: string;
  readonly mid: string;
  readonly port: number;
  /** As Meta sees it. */
  readonly direction: Direction;
  readonly payloads: readonly MetaPayload[];
  /** First `a=ssrc` of the section. */
  readonly ssrc?: number;
  readonly audioLevelExtensionId?: number;
  readonly midExtensionId?: number;
}

export interface MetaPayload {
  readonly payloadType: number;
  /** Lower case: `opus`, `telephone-event`. */
  readonly name: string;
  readonly clockRate: number;
  readonly fmtp: Readonly<Record<string, string>>;
}

export interface MetaCandidate {
  readonly foundation: string;
  readonly component: number;
  readonly transport: string;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: string;
  readonly tcptype?: string;
}

/** Transport data is the same in every m-section (BUNDLE); the first one's counts. */
export interface MetaDescription {
  readonly ice: { readonly ufrag: string; readonly pwd: string; readonly lite: boolean };
  readonly candidates: readonly MetaCandidate[];
  /** SHA-256, upper-case hex pairs with colons. */
  readonly fingerprint: string;
  readonly setup: 'active' | 'passive' | 'actpass';
  readonly media: readonly MetaMedia[];
}

type Parsed = ReturnType<typeof parse>;
type ParsedMedia = Parsed['media'][number];

/**
 * Reads an answer or an offer of Meta's. Tolerant on purpose: unknown attributes are ignored, line ends may be
 * any, `o=` is not looked at (Meta reuses our session id and repeats versions). Errors: SDP_MALFORMED,
 * SDP_NO_AUDIO, SDP_NO_ICE, SDP_NO_FINGERPRINT.
 */
export function parseMetaDescription(sdp: string): Result<MetaDescription, SdpProblem> {
  const text = normalizeSdp(sdp);
  if (!text.startsWith('v=0'))
    return problem('SDP_MALFORMED', 'The description does not begin with v=0.', 'v=');
  const session = parse(text);
  const audio = session.media.find((media) => media.type === 'audio');
  if (!audio) return problem('SDP_NO_AUDIO', 'The description has no m=audio line.', 'm=audio');
  // A rejected section in front may lack the transport that all share.
  const first = session.media.find((media) => media.iceUfrag !== undefined) ?? audio;
  const ufrag = stringOf(first.iceUfrag ?? session.iceUfrag);
  const pwd = stringOf(first.icePwd ?? session.icePwd);
  if (!ufrag || !pwd) {
    const line = ufrag ? 'a=ice-pwd' : 'a=ice-ufrag';
    return problem('SDP_NO_ICE', `The description has no ${line} line.`, line);
  }
  const fingerprint = sha256(text);
  if (!fingerprint) {
    return problem('SDP_NO_FINGERPRINT', 'The description has no sha-256 fingerprint.', 'a=fingerprint');
  }
  const setup = first.setup ?? session.setup;
  return ok({
    ice: { ufrag, pwd, lite: session.icelite !== undefined },
    candidates: (first.candidates ?? []).map(candidateOf).filter(({ port }) => port > 0 && port < 65_536),
    fingerprint,
    setup: setup === 'active' || setup === 'actpass' ? setup : 'passive',
    media: session.media.map((media, index) => mediaOf(media, index, session)),
  });
}

function mediaOf(media: ParsedMedia, index: number, session: Parsed): MetaMedia {
  const ssrc = Number(media.ssrcs?.[0]?.id);
  const extension = (uri: string): number | undefined =>
    [...(media.ext ?? []), ...(session.ext ?? [])].find((ext) => ext.uri === uri)?.value;
  const audioLevel = extension(AUDIO_LEVEL_URI);
  const mid = extension(MID_URI);
  return {
    kind: media.type,
    mid: media.mid === undefined ? String(index) : String(media.mid),
    port: media.port,
    direction: directionOf(media.direction ?? session.direction),
    payloads: payloadsOf(media),
    ...(Number.isInteger(ssrc) ? { ssrc } : {}),
    ...(audioLevel === undefined ? {} : { audioLevelExtensionId: audioLevel }),
    ...(mid === undefined ? {} : { midExtensionId: mid }),
  };
}

function payloadsOf(media: ParsedMedia): MetaPayload[] {
  const offered = new Set(
    String(media.payloads ?? '')
      .split(' ')
      .map(Number),
  );
  return media.rtp
    .filter((rtp) => offered.has(rtp.payload))
    .map((rtp) => ({
      payloadType: rtp.payload,
      name: String(rtp.codec).toLowerCase(),
      clockRate: rtp.rate ?? 0,
      fmtp: fmtpOf(media.fmtp.find((fmtp) => fmtp.payload === rtp.payload)?.config),
    }));
}

/** `a=1;b=2` as a record with lower-case keys; parts without `=` get an empty value. */
export function fmtpOf(config: unknown): Record<string, string> {
  const record: Record<string, string> = {};
  for (const part of String(config ?? '').split(';')) {
    const [key = '', ...value] = part.trim().split('=');
    if (key) record[key.toLowerCase()] = value.join('=').trim();
  }
  return record;
}

function candidateOf(c: NonNullable<ParsedMedia['candidates']>[number]): MetaCandidate {
  return {
    foundation: String(c.foundation),
    component: c.component,
    transport: String(c.transport).toLowerCase(),
    priority: Number(c.priority),
    address: String(c.ip),
    port: Number(c.port),
    type: String(c.type),
    ...(c.tcptype ? { tcptype: c.tcptype } : {}),
  };
}

function directionOf(value: string | undefined): Direction {
  return value === 'sendonly' || value === 'recvonly' || value === 'inactive' ? value : 'sendrecv';
}

/** The first sha-256 fingerprint: sdp-transform keeps only the last line of several. */
function sha256(text: string): string | undefined {
  return /^a=fingerprint:sha-256 ([0-9A-F]{2}(?::[0-9A-F]{2}){31})\s*$/im.exec(text)?.[1]?.toUpperCase();
}

/** sdp-transform turns digit-only values into numbers, whatever its types say. */
function stringOf(value: unknown): string | undefined {
  return value === undefined || value === '' ? undefined : String(value);
}
