import { expect, it } from 'vitest';
import { negotiateSipAnswer } from '../../src/sdp/index.ts';
import { LOCAL, phone } from './sip.ts';

it('sends with the numbers that the phone declared, receives with ours', () => {
  const answer = phone('m=audio 5004 RTP/AVP 96 97', [
    'a=rtpmap:96 opus/48000/2',
    'a=fmtp:96 maxplaybackrate=16000',
    'a=rtpmap:97 telephone-event/48000',
    'a=ptime:40',
  ]);
  expect(negotiateSipAnswer(LOCAL, answer)).toEqual({
    ok: true,
    value: {
      codec: 'opus',
      payloadType: 96,
      receivePayloadTypes: [107, 96],
      clockRate: 48_000,
      remote: { address: '192.0.2.50', port: 5004, rtcpPort: 5005, rtcpMux: false },
      telephoneEvent: { payloadType: 97, clockRate: 48_000, receivePayloadType: 102 },
      ptimeMs: 40,
      direction: 'sendrecv',
      opus: {
        maxPlaybackRate: 16_000,
        useInbandFec: false,
        useDtx: false,
        cbr: false,
        stereo: false,
        spropStereo: false,
      },
    },
  });
});

it.each([
  ['0', 'PCMU'],
  ['8', 'PCMA'],
  ['9', 'G722'],
])('knows the static number %s without an rtpmap', (number, codec) => {
  expect(negotiateSipAnswer(LOCAL, phone(`m=audio 5004 RTP/AVP ${number}`))).toMatchObject({
    value: { codec, payloadType: Number(number), clockRate: 8_000 },
  });
});

it('takes the first format of the answer that we offered, whatever the case of its name', () => {
  const answer = phone('m=audio 5004 RTP/AVP 18 3 8 0', ['a=rtpmap:18 G729/8000', 'a=rtpmap:8 pcma/8000']);
  expect(negotiateSipAnswer(LOCAL, answer)).toMatchObject({ value: { codec: 'PCMA' } });
  expect(negotiateSipAnswer({ ...LOCAL, codecs: ['PCMU'] }, answer)).toMatchObject({
    value: { codec: 'PCMU' },
  });
});

it('uses telephone-event at the clock of the codec, else at 8000, and only when we offered it', () => {
  const at8000 = ['a=rtpmap:101 telephone-event/8000'];
  const g711 = phone('m=audio 5004 RTP/AVP 0 101', at8000);
  expect(negotiateSipAnswer(LOCAL, g711)).toMatchObject({
    value: { telephoneEvent: { payloadType: 101, clockRate: 8_000, receivePayloadType: 101 } },
  });
  // Beside Opus some name it at 8000 alone, against RFC 4733 section 2.1.
  const opus = phone('m=audio 5004 RTP/AVP 96 98', [
    'a=rtpmap:96 opus/48000/2',
    'a=rtpmap:98 telephone-event/8000',
  ]);
  expect(negotiateSipAnswer(LOCAL, opus)).toMatchObject({
    value: { telephoneEvent: { payloadType: 98, clockRate: 8_000, receivePayloadType: 101 } },
  });
  const other = phone('m=audio 5004 RTP/AVP 0 98', ['a=rtpmap:98 telephone-event/16000']);
  const plans = [
    negotiateSipAnswer(LOCAL, other),
    negotiateSipAnswer({ ...LOCAL, telephoneEvent: false }, g711),
  ];
  for (const plan of plans) {
    expect(plan.ok).toBe(true);
    expect(plan).not.toHaveProperty('value.telephoneEvent');
  }
});

it.each([
  ['sendrecv', 'sendrecv'],
  ['sendonly', 'recvonly'],
  ['recvonly', 'sendonly'],
  ['inactive', 'inactive'],
])('with the phone %s we are %s, on the line or for the session', (theirs, ours) => {
  const onLine = phone('m=audio 5004 RTP/AVP 0', [`a=${theirs}`]);
  const forSession = phone('m=audio 5004 RTP/AVP 0', [], [`a=${theirs}`]);
  for (const sdp of [onLine, forSession]) {
    expect(negotiateSipAnswer(LOCAL, sdp)).toMatchObject({ value: { direction: ours } });
  }
});

it('stays inactive as far as we ourselves hold', () => {
  const answer = phone('m=audio 5004 RTP/AVP 0', ['a=recvonly']);
  expect(negotiateSipAnswer({ ...LOCAL, direction: 'sendonly' }, answer)).toMatchObject({
    value: { direction: 'sendonly' },
  });
  expect(negotiateSipAnswer({ ...LOCAL, direction: 'inactive' }, answer)).toMatchObject({
    value: { direction: 'inactive' },
  });
});

it.each([
  ['a=rtcp', ['a=rtcp:6001'], 6001],
  ['the next port', [], 5005],
  ['rtcp-mux of its own', ['a=rtcp-mux'], 5004],
  ['nonsense in a=rtcp', ['a=rtcp:99999'], 5005],
])('finds the RTCP port by %s', (_, lines, rtcpPort) => {
  expect(negotiateSipAnswer(LOCAL, phone('m=audio 5004 RTP/AVP 0', lines))).toMatchObject({
    value: { remote: { port: 5004, rtcpPort, rtcpMux: false } },
  });
});

it.each([
  [['a=ptime:30'], 30],
  [['a=ptime:30', 'a=maxptime:10'], 10],
  [['a=maxptime:10'], 10],
  [['a=maxptime:150'], 20],
  [['a=ptime:0'], 20],
  [['a=ptime:500'], 60],
])('with %j sends packets of %i ms', (lines, ptimeMs) => {
  expect(negotiateSipAnswer(LOCAL, phone('m=audio 5004 RTP/AVP 0', lines))).toMatchObject({
    value: { ptimeMs },
  });
});

it('prefers the address of the line', () => {
  const answer = phone('m=audio 5004 RTP/AVP 0', ['c=IN IP6 2001:db8::5']);
  expect(negotiateSipAnswer(LOCAL, answer)).toMatchObject({ value: { remote: { address: '2001:db8::5' } } });
});

it.each([
  ['SDP_NO_COMMON_CODEC', phone('m=audio 5004 RTP/AVP 18', ['a=rtpmap:18 G729/8000'])],
  ['SDP_NO_COMMON_CODEC', phone('m=audio 5004 RTP/AVP 96', ['a=rtpmap:96 opus/16000'])],
  ['SDP_NO_COMMON_CODEC', phone('m=audio 5004 RTP/AVP 13 101', ['a=rtpmap:101 telephone-event/8000'])],
  ['SDP_NO_AUDIO', phone('m=audio 0 RTP/AVP 0')],
  ['SDP_NO_AUDIO', phone('m=audio 70000 RTP/AVP 0')],
  ['SDP_SRTP_OFF', phone('m=audio 5004 RTP/SAVP 0')],
  ['SDP_NO_AUDIO', phone('m=image 5004 udptl t38')],
  ['SDP_ADDRESS', phone('m=audio 5004 RTP/AVP 0').replace('c=IN IP4 192.0.2.50\r\n', '')],
  ['SDP_ADDRESS', phone('m=audio 5004 RTP/AVP 0').replace('c=IN IP4 192.0.2.50', 'c=IN IP4 pbx.example')],
  ['SDP_MALFORMED', ''],
])('refuses with %s', (code, answer) => {
  expect(negotiateSipAnswer(LOCAL, answer)).toMatchObject({ ok: false, error: { code } });
});
