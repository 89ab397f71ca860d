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

/** The second line's mid; Meta counts on from ours. */
export function consumerMid({ mid }: GatewayOffer): string {
  return mid === '1' ? '2' : '1';
}

/** The renegotiation offer: the consumer's voice comes on a second line. `o=` repeats the answer's version, as Meta does. */
export function buildRenegotiation(parts: AnswerParts): string {
  const { mid, trackId } = parts.offer;
  const second = consumerMid(parts.offer);
  const version = parts.bumpVersion ? 3 : 2;
  return crlf([
    ...session(parts, version, `${mid} ${second}`, `WMS ${parts.person}:DEFAULT`, ['a=x-fb-feature:pqc-0']),
    ...section(parts, mid, 'recvonly', `- ${trackId}`, true),
    ...section(parts, second, 'sendonly', `${parts.person}:DEFAULT ${parts.track}`, true),
    `a=ssrc:${parts.ssrc} cname:${parts.person}`,
  ]);
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
