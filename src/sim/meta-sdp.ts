/** What the simulator reads of the gateway's offer; strict where Meta is. */
export interface GatewayOffer {
  readonly sessionId: string;
  readonly ufrag: string;
  readonly pwd: string;
  /** Upper-case hex pairs with colons. */
  readonly fingerprint: string;
  readonly trackId: string;
  readonly opus: number;
}

/** Checks the offer as Meta does; the text says what Meta dislikes (2018392). Its own code: nothing of the gateway's. */
export function readOffer(sdpType: unknown, sdp: unknown): GatewayOffer | { readonly refusal: string } {
  if (sdpType !== 'offer') return { refusal: 'session.sdp_type must be offer' };
  if (typeof sdp !== 'string' || sdp === '') return { refusal: 'session.sdp is empty' };
  if (!sdp.startsWith('v=0')) return { refusal: 'the SDP does not begin with v=0 (serialised twice?)' };
  if (/(^|[^\r])\n/.test(sdp) || !sdp.endsWith('\r\n')) return { refusal: 'SDP lines must end with CRLF' };
  const all = (name: string): string[] =>
    [...sdp.matchAll(new RegExp(`^${name}(.*)\\r$`, 'gm'))].map((match) => (match[1] ?? '').trim());
  const [ufrag] = all('a=ice-ufrag:');
  const [pwd] = all('a=ice-pwd:');
  const fingerprints = all('a=fingerprint:');
  const [fingerprint = ''] = fingerprints;
  const audio = all('m=audio ');
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r$/m.exec(sdp)?.[1];
  const sessionId = /^o=\S+ (\d+) /m.exec(sdp)?.[1];
  if (!sessionId) return { refusal: 'o= has no numeric session id' };
  if (audio.length !== 1) return { refusal: 'exactly one m=audio line is expected' };
  if (!/UDP\/TLS\/RTP\/SAVPF/.test(audio[0] ?? '')) return { refusal: 'm=audio must be UDP/TLS/RTP/SAVPF' };
  if (!ufrag || ufrag.length < 4) return { refusal: 'a=ice-ufrag is missing or too short' };
  if (!pwd || pwd.length < 22) return { refusal: 'a=ice-pwd is missing or too short' };
  if (fingerprints.length !== 1)
    return { refusal: `exactly one a=fingerprint is expected, not ${fingerprints.length}` };
  if (!/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(fingerprint))
    return { refusal: 'a=fingerprint must be sha-256, upper case' };
  if (!all('a=setup:').every((setup) => setup === 'actpass') || all('a=setup:').length === 0) {
    return { refusal: 'a=setup must be actpass in an offer' };
  }
  if (/^a=ice-lite/m.test(sdp)) return { refusal: 'a=ice-lite: Meta is the lite side' };
  if (!/^a=rtcp-mux\r$/m.test(sdp)) return { refusal: 'a=rtcp-mux is required' };
  if (!opus) return { refusal: 'opus/48000/2 is missing' };
  if (!/^a=group:BUNDLE 0\r$/m.test(sdp)) return { refusal: 'a=group:BUNDLE is required' };
  return {
    sessionId,
    ufrag,
    pwd,
    fingerprint: fingerprint.replace(/^sha-256 /, ''),
    trackId: /^a=msid:\S+ (\S+)\r$/m.exec(sdp)?.[1] ?? 'gw-audio-0',
    opus: Number(opus),
  };
}

/** What the relay answers with; the shapes are those of Meta's samples. */
export interface AnswerParts {
  readonly offer: GatewayOffer;
  readonly address: string;
  readonly port: number;
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** `<user>:<token>`: Meta carries the person in it. */
  readonly person: string;
  /** Of the consumer's audio. */
  readonly ssrc: number;
  /** Meta lists telephone-event in some answers and not in others. */
  readonly telephoneEvent: boolean;
}

/** The answer to the gateway's offer: one line, sendrecv, no SSRC. */
export function buildAnswer(parts: AnswerParts): string {
  return crlf([
    ...session(parts, '0', 'WMS', []),
    ...section(parts, '0', 'sendrecv', `- ${parts.offer.trackId}`, false),
  ]);
}

/** The renegotiation offer: the consumer's voice comes on a second line. `o=` repeats the answer's version, as Meta does. */
export function buildRenegotiation(parts: AnswerParts): string {
  const consumer = `${parts.person}:DEFAULT 4455667788990011223`;
  return crlf([
    ...session(parts, '0 1', `WMS ${parts.person}:DEFAULT`, ['a=x-fb-feature:pqc-0']),
    ...section(parts, '0', 'recvonly', `- ${parts.offer.trackId}`, true),
    ...section(parts, '1', 'sendonly', consumer, true),
    `a=ssrc:${parts.ssrc} cname:${parts.person}`,
  ]);
}

function session({ offer }: AnswerParts, bundle: string, semantic: string, extra: string[]): string[] {
  return [
    'v=0',
    `o=- ${offer.sessionId} 2 IN IP4 127.0.0.1`,
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
  return [
    `m=audio ${parts.port} UDP/TLS/RTP/SAVPF ${opus}${events}`,
    `c=IN IP4 ${parts.address}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=candidate:1000001 1 udp 2122260224 ${parts.address} ${parts.port} typ host generation 1`,
    `a=candidate:1000003 1 tcp 1518280448 ${parts.address} 3478 typ host tcptype passive generation 1`,
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
