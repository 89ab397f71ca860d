import { MESSENGER_SDP, type SdpDialect } from './dialect.ts';

/** What our offer to Meta is made of. All of it stays the same for the life of the call. */
export interface MetaOfferOptions {
  /** `o=` session id, decimal digits. */
  readonly sessionId: string;
  /** The addresses Meta may see us at; the first one is also in `c=`. May be empty: Meta learns us from our checks. */
  readonly candidates: readonly LocalCandidate[];
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256 of our certificate, upper-case hex pairs with colons. */
  readonly fingerprint: string;
  /** Our one audio SSRC. */
  readonly ssrc: number;
  readonly cname: string;
  readonly streamId: string;
  readonly trackId: string;
}

export interface LocalCandidate {
  readonly foundation: string;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
}

/** Payload type and extension ids as in Meta's samples: sharing its numbers leaves no doubt on either side. */
export const META_OPUS = 111;
export const AUDIO_LEVEL_EXTENSION = 1;
export const MID_EXTENSION = 4;
export const AUDIO_LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
export const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/**
 * The offer we send with `accept` or `connect`: one audio line, Opus and telephone-event only, full ICE, exactly one
 * sha-256 fingerprint (several make Meta refuse or stay silent), CRLF line ends.
 */
export function buildMetaOffer(options: MetaOfferOptions, dialect: SdpDialect = MESSENGER_SDP): string {
  const { mid, telephoneEvent } = dialect;
  const [first] = options.candidates;
  const connection = connectionOf(first);
  return lines(
    'v=0',
    `o=- ${options.sessionId} 1 ${first ? connection : 'IN IP4 127.0.0.1'}`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mid}`,
    'a=extmap-allow-mixed',
    `a=msid-semantic: WMS ${options.streamId}`,
    `m=audio ${first?.port ?? 9} UDP/TLS/RTP/SAVPF ${META_OPUS} ${telephoneEvent.payloadType}`,
    `c=${connection}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...candidateLines(options),
    ...localTransport(options, 'actpass'),
    `a=mid:${mid}`,
    ...(dialect.extensions
      ? [`a=extmap:${AUDIO_LEVEL_EXTENSION} ${AUDIO_LEVEL_URI}`, `a=extmap:${MID_EXTENSION} ${MID_URI}`]
      : []),
    'a=sendrecv',
    `a=msid:${options.streamId} ${options.trackId}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    `a=rtpmap:${META_OPUS} opus/48000/2`,
    `a=fmtp:${META_OPUS} minptime=10;useinbandfec=1`,
    `a=rtpmap:${telephoneEvent.payloadType} telephone-event/${telephoneEvent.clockRate}`,
    `a=fmtp:${telephoneEvent.payloadType} 0-15`,
    ...ptimeLines(dialect),
    ...sourceLines(options),
  );
}

/** Value of `c=`, and of the end of `o=`. */
export function connectionOf(candidate: LocalCandidate | undefined): string {
  return `IN ${candidate?.address.includes(':') ? 'IP6' : 'IP4'} ${candidate?.address ?? '0.0.0.0'}`;
}

export function candidateLines({ candidates }: Pick<MetaOfferOptions, 'candidates'>): string[] {
  return candidates.map(
    (c) => `a=candidate:${c.foundation} 1 udp ${c.priority} ${c.address} ${c.port} typ host generation 0`,
  );
}

export const ptimeLines = ({ ptimeMs }: SdpDialect): string[] =>
  ptimeMs === undefined ? [] : [`a=ptime:${ptimeMs}`];

/** Our one audio source. */
export function sourceLines({ ssrc, cname, streamId, trackId }: MetaOfferOptions): string[] {
  return [`a=ssrc:${ssrc} cname:${cname}`, `a=ssrc:${ssrc} msid:${streamId} ${trackId}`];
}

/** The ICE and DTLS lines that every m-section of ours repeats. */
export function localTransport(
  options: Pick<MetaOfferOptions, 'iceUfrag' | 'icePwd' | 'fingerprint'>,
  setup: 'actpass' | 'active',
): string[] {
  return [
    `a=ice-ufrag:${options.iceUfrag}`,
    `a=ice-pwd:${options.icePwd}`,
    `a=fingerprint:sha-256 ${options.fingerprint}`,
    `a=setup:${setup}`,
  ];
}

export function lines(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n`;
}
