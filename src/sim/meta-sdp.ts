import type { LiteCandidate } from './lite-agent.ts';

/** What the simulator reads of the gateway's offer; strict where Meta is. */
export interface GatewayOffer {
  readonly sessionId: string;
  readonly ufrag: string;
  readonly pwd: string;
  /** Upper-case hex pairs with colons. */
  readonly fingerprint: string;
  readonly trackId: string;
  readonly mid: string;
  readonly opus: number;
  /** Of the gateway's audio, when the offer names it. */
  readonly ssrc?: number;
}

/** Checks the offer as Meta does; the text says what Meta dislikes (2018392). Its own code: nothing of the gateway's. */
export function readOffer(sdpType: unknown, sdp: string): GatewayOffer | { readonly refusal: string } {
  return readDescription('offer', sdpType, sdp);
}

/** The gateway's offer, or its answer: then it must be the DTLS client, because the relay is passive. */
export function readDescription(
  wanted: 'offer' | 'answer',
  sdpType: unknown,
  sdp: string,
): GatewayOffer | { readonly refusal: string } {
  if (sdpType !== wanted) return { refusal: `session.sdp_type must be ${wanted}` };
  if (!sdp.startsWith('v=0')) return { refusal: 'the SDP does not begin with v=0 (serialised twice?)' };
  if (/(^|[^\r])\n/.test(sdp) || !sdp.endsWith('\r\n')) return { refusal: 'SDP lines must end with CRLF' };
  const all = (name: string): string[] =>
    [...sdp.matchAll(new RegExp(`^${name}(.*)\\r$`, 'gm'))].map((match) => (match[1] ?? '').trim());
  const audio = all('m=audio ');
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r$/m.exec(sdp)?.[1];
  const sessionId = /^o=\S+ (\d+) /m.exec(sdp)?.[1];
  const [mid] = all('a=mid:');
  const ssrcs = new Set(all('a=ssrc:').map((value) => Number.parseInt(value, 10)));
  const [ssrc] = ssrcs;
  if (!sessionId) return { refusal: 'o= has no numeric session id' };
  if (audio.length !== 1) return { refusal: 'exactly one m=audio line is expected' };
  if (!/^[1-9]\d* UDP\/TLS\/RTP\/SAVPF /.test(audio[0] ?? ''))
    return { refusal: 'm=audio must be UDP/TLS/RTP/SAVPF with a port' };
  const transport = readTransport(all, wanted === 'offer' ? 'actpass' : 'active');
  if ('refusal' in transport) return transport;
  if (!/^a=rtcp-mux\r$/m.test(sdp)) return { refusal: 'a=rtcp-mux is required' };
  if (!opus || !(audio[0] ?? '').split(' ').includes(opus)) return { refusal: 'opus/48000/2 is missing' };
  if (mid === undefined || !all('a=group:BUNDLE ').some((group) => group.split(' ').includes(mid)))
    return { refusal: 'a=group:BUNDLE with the a=mid of the audio is required' };
  if (ssrcs.size > 1) return { refusal: 'exactly one SSRC is expected' };
  return {
    sessionId,
    ...transport,
    trackId: /^a=msid:\S+ (\S+)\r$/m.exec(sdp)?.[1] ?? 'gw-audio-0',
    mid,
    opus: Number(opus),
    ...(ssrc === undefined ? {} : { ssrc }),
  };
}

/** ICE and DTLS of the offer. */
function readTransport(
  all: (name: string) => readonly string[],
  wantedSetup: 'actpass' | 'active',
): Pick<GatewayOffer, 'ufrag' | 'pwd' | 'fingerprint'> | { readonly refusal: string } {
  const [[ufrag], [pwd], setups, fingerprints] = [
    all('a=ice-ufrag:'),
    all('a=ice-pwd:'),
    all('a=setup:'),
    all('a=fingerprint:'),
  ];
  const [fingerprint = ''] = fingerprints;
  const name = /^[A-Za-z0-9+/]+$/;
  if (!ufrag || ufrag.length < 4 || !name.test(ufrag))
    return { refusal: 'a=ice-ufrag is missing or too short' };
  if (!pwd || pwd.length < 22 || !name.test(pwd)) return { refusal: 'a=ice-pwd is missing or too short' };
  if (fingerprints.length !== 1)
    return { refusal: `exactly one a=fingerprint is expected, not ${fingerprints.length}` };
  if (!/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(fingerprint))
    return { refusal: 'a=fingerprint must be sha-256, upper case' };
  if (setups.length === 0 || setups.some((setup) => setup !== wantedSetup))
    return { refusal: `a=setup must be ${wantedSetup}` };
  if (all('a=ice-lite').length > 0) return { refusal: 'a=ice-lite: Meta is the lite side' };
  return { ufrag, pwd, fingerprint: fingerprint.replace(/^sha-256 /, '') };
}

/** What the relay answers with; the shapes are those of Meta's samples. */
export interface AnswerParts {
  readonly offer: GatewayOffer;
  /** IPv4, then IPv6 if there is one. */
  readonly candidates: readonly LiteCandidate[];
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** `<user>:<token>`: Meta carries the person in it. */
  readonly person: string;
  /** Of the consumer's track: digits. */
  readonly track: string;
  /** Of the consumer's audio. */
  readonly ssrc: number;
  /** Meta lists telephone-event in some answers and not in others. */
  readonly telephoneEvent: boolean;
  /** `o=` version of the renegotiation; Meta repeats the answer's. */
  readonly bumpVersion: boolean;
}

/** The answer to the gateway's offer: one line, sendrecv, no SSRC. */
export function buildAnswer(parts: AnswerParts): string {
  return crlf([
    ...session(parts, 2, parts.offer.mid, 'WMS', []),
    ...section(parts, parts.offer.mid, 'sendrecv', `- ${parts.offer.trackId}`, false),
  ]);
}

/** How a muted consumer looks in an offer; Meta publishes none, so a gateway must bear all. */
export const MUTE_FORMS = ['unchanged', 'inactive', 'no-ssrc', 'port-0'] as const;

/** What the consumer does besides talking. */
export interface ConsumerState {
  readonly muted?: (typeof MUTE_FORMS)[number] | undefined;
  /** Their camera is on: two more lines; `moved`: before the line of the voice, which then has another mid. */
  readonly video?: 'beside' | 'moved' | undefined;
}

/** The m-line of the consumer's voice. */
export function voiceMid({ mid }: GatewayOffer, { video }: ConsumerState): string {
  const next = mid === '1' ? 2 : 1;
  return String(video === 'moved' ? next + 2 : next);
}

/**
 * The renegotiation offer: the consumer's voice comes on a line of its own. `o=` repeats the answer's version, as Meta
 * does.
 */
export function buildRenegotiation(parts: AnswerParts, state: ConsumerState = {}): string {
  const { mid, trackId } = parts.offer;
  const voice = { mid: voiceMid(parts.offer, state), lines: voiceSection(parts, state) };
  const first = mid === '1' ? 2 : 1;
  const from = state.video === 'moved' ? first : first + 1;
  const videos = state.video ? [from, from + 1].map((each) => String(each)) : [];
  const video = videos.map((each, i) => ({ mid: each, lines: videoSection(parts, each, i === 1) }));
  const more = state.video === 'moved' ? [...video, voice] : [voice, ...video];
  const version = parts.bumpVersion ? 3 : 2;
  const bundle = [mid, ...more.map((each) => each.mid)].join(' ');
  return crlf([
    ...session(parts, version, bundle, `WMS ${parts.person}:DEFAULT`, ['a=x-fb-feature:pqc-0']),
    ...section(parts, mid, 'recvonly', `- ${trackId}`, true),
    ...more.flatMap(({ lines }) => lines),
  ]);
}

function voiceSection(parts: AnswerParts, state: ConsumerState): string[] {
  const direction = state.muted === 'inactive' ? 'inactive' : 'sendonly';
  const msid = `${parts.person}:DEFAULT ${parts.track}`;
  const [line = '', ...rest] = section(parts, voiceMid(parts.offer, state), direction, msid, true);
  return [
    state.muted === 'port-0' ? line.replace(/^m=audio \d+/, 'm=audio 0') : line,
    ...rest,
    ...(state.muted === 'no-ssrc' ? [] : [`a=ssrc:${parts.ssrc} cname:${parts.person}`]),
  ];
}

/** As in Meta's sample: the first one is a placeholder without an SSRC. */
function videoSection(parts: AnswerParts, mid: string, isReal: boolean): string[] {
  const msid = isReal ? `${parts.person}:DEFAULT ${parts.track}1` : '- D3F4U1T_F8_TR4CK';
  const isMedia = /^(?:m=|a=rtpmap|a=fmtp)/;
  const transport = section(parts, mid, 'sendonly', msid, true).filter((line) => !isMedia.test(line));
  const feedback = ['ccm fir', 'nack', 'nack pli', 'goog-remb', 'transport-cc'];
  return [
    `m=video ${parts.candidates[0]?.port} UDP/TLS/RTP/SAVPF 109`,
    ...transport,
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type',
    'a=rtcp-rsize',
    'a=rtpmap:109 H264/90000',
    ...feedback.map((each) => `a=rtcp-fb:109 ${each}`),
    'a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    ...(isReal ? [`a=ssrc:${(parts.ssrc ^ 1) >>> 0} cname:${parts.person}`] : []),
  ];
}

function session(
  { offer }: AnswerParts,
  version: number,
  bundle: string,
  semantic: string,
  extra: string[],
): string[] {
  return [
    'v=0',
    `o=- ${offer.sessionId} ${version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${bundle}`,
    `a=msid-semantic: ${semantic}`,
    'a=ice-lite',
    ...extra,
  ];
}

function section(
  parts: AnswerParts,
  mid: string,
  direction: string,
  msid: string,
  renegotiation: boolean,
): string[] {
  const { opus } = parts.offer;
  const events = parts.telephoneEvent ? ' 110' : '';
  const [v4, v6] = parts.candidates;
  return [
    `m=audio ${v4?.port} UDP/TLS/RTP/SAVPF ${opus}${events}`,
    `c=IN IP4 ${v4?.address}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=candidate:1000001 1 udp 2122260224 ${v4?.address} ${v4?.port} typ host generation 1`,
    ...(v6 ? [`a=candidate:1000002 1 udp 2122262784 ${v6.address} ${v6.port} typ host generation 1`] : []),
    `a=candidate:1000003 1 tcp 1518280448 ${v4?.address} 3478 typ host tcptype passive generation 1`,
    ...(v6
      ? [`a=candidate:1000004 1 tcp 1518283008 ${v6.address} 3478 typ host tcptype passive generation 1`]
      : []),
    `a=ice-ufrag:${parts.ufrag}`,
    `a=ice-pwd:${parts.pwd}`,
    ...(renegotiation ? ['a=ice-options:fb-force-5245'] : []),
    `a=fingerprint:sha-256 ${parts.fingerprint}`,
    'a=setup:passive',
    `a=mid:${mid}`,
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    `a=${direction}`,
    `a=msid:${msid}`,
    'a=rtcp-mux',
    ...(renegotiation ? ['a=x-google-flag:conference'] : []),
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=10;usedtx=1;useinbandfec=1`,
    ...(parts.telephoneEvent ? ['a=rtpmap:110 telephone-event/48000'] : []),
  ];
}

function crlf(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}
