/** Meta's descriptions as its published samples shape them, with made-up values. */
export const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i * 7 + 16).toString(16).padStart(2, '0'))
  .join(':')
  .toUpperCase();

export interface Knobs {
  readonly ufrag?: string;
  readonly version?: number;
  readonly telephoneEvent?: boolean;
}

const UFRAG = 'Hd82kQpLx0ZtWmYc/57';

function transport(ufrag: string, options: boolean): string[] {
  return [
    'c=IN IP4 198.51.100.20',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:1000001 1 udp 2122260224 198.51.100.20 40007 typ host generation 1',
    'a=candidate:1000002 1 udp 2122262784 2001:db8:face::20 40007 typ host generation 1',
    'a=candidate:1000003 1 tcp 1518280448 198.51.100.20 3478 typ host tcptype passive generation 1',
    'a=candidate:1000004 1 tcp 1518283008 2001:db8:face::20 3478 typ host tcptype passive generation 1',
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:9fKe3LtVbA7uXq2ZrNc5MdWy',
    ...(options ? ['a=ice-options:fb-force-5245'] : []),
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    'a=setup:passive',
  ];
}

const FMTP = 'a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=10;usedtx=1;useinbandfec=1';
const AUDIO_EXTENSIONS = [
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
];
const CONSUMER_SSRC = 'a=ssrc:3100224466 cname:880011223:Kq7LmPz2VxYw4TnB';
const CONSUMER_MSID = 'a=msid:880011223:Kq7LmPz2VxYw4TnB:DEFAULT 4455667788990011223';

function audio(
  mid: string,
  direction: string,
  msid: string,
  knobs: Knobs,
  extras: readonly string[],
): string[] {
  return [
    `m=audio 40007 UDP/TLS/RTP/SAVPF 111${knobs.telephoneEvent ? ' 110' : ''}`,
    ...transport(knobs.ufrag ?? UFRAG, extras.length > 0),
    `a=mid:${mid}`,
    ...AUDIO_EXTENSIONS,
    `a=${direction}`,
    msid,
    'a=rtcp-mux',
    ...extras,
    'a=rtpmap:111 opus/48000/2',
    FMTP,
    ...(knobs.telephoneEvent ? ['a=rtpmap:110 telephone-event/48000', 'a=fmtp:110 0-15'] : []),
  ];
}

function video(mid: string, real: boolean): string[] {
  return [
    'm=video 40007 UDP/TLS/RTP/SAVPF 109',
    ...transport(UFRAG, true),
    `a=mid:${mid}`,
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type',
    'a=sendonly',
    real ? 'a=msid:880011223:Kq7LmPz2VxYw4TnB:DEFAULT 5566778899001122334' : 'a=msid:- D3F4U1T_F8_TR4CK',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:109 H264/90000',
    'a=rtcp-fb:109 nack pli',
    'a=rtcp-fb:109 transport-cc',
    'a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    ...(real ? ['a=ssrc:3100224499 cname:880011223:Kq7LmPz2VxYw4TnB'] : []),
  ];
}

function session(bundle: string, knobs: Knobs, semantic: string, extra: readonly string[]): string[] {
  return [
    'v=0',
    `o=- 5210987654321098765 ${knobs.version ?? 2} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${bundle}`,
    `a=msid-semantic: WMS${semantic}`,
    'a=ice-lite',
    ...extra,
  ];
}

const text = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;
const DEFAULT_STREAM = ' 880011223:Kq7LmPz2VxYw4TnB:DEFAULT';

/** B: the answer to our offer. */
export function answerB(knobs: Knobs = {}): string {
  return text([...session('0', knobs, '', []), ...audio('0', 'sendrecv', 'a=msid:- gw-audio-0', knobs, [])]);
}

/** C: the renegotiation offer that brings the consumer on a line of its own. */
export function offerC(knobs: Knobs = {}): string {
  const extras = ['a=x-google-flag:conference'];
  return text([
    ...session('0 1', knobs, DEFAULT_STREAM, ['a=x-fb-feature:pqc-0']),
    ...audio('0', 'recvonly', 'a=msid:- gw-audio-0', knobs, extras),
    ...audio('1', 'sendonly', CONSUMER_MSID, knobs, extras),
    CONSUMER_SSRC,
  ]);
}

/** D: a media_update offer with video; the consumer's voice sits behind it. */
export function offerD(): string {
  const extras = ['a=rtcp-rsize'];
  const knobs = { telephoneEvent: true };
  return text([
    ...session('0 1 2 3', knobs, DEFAULT_STREAM, ['a=x-fb-feature:pqc-0']),
    ...audio('0', 'recvonly', 'a=msid:- gw-audio-0', knobs, extras),
    ...video('1', false),
    ...video('2', true),
    ...audio('3', 'sendonly', CONSUMER_MSID, knobs, extras),
    CONSUMER_SSRC,
  ]);
}
