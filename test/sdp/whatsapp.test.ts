import { expect, it } from 'vitest';
import {
  buildMetaAnswer,
  buildMetaOffer,
  MESSENGER_SDP,
  type MetaOfferOptions,
  parseMetaDescription,
  planReceive,
  planSend,
  WHATSAPP_SDP,
} from '../../src/sdp/index.ts';
import { offerOf } from '../../src/sim/whatsapp/sdp.ts';

const FINGERPRINT = Array(32).fill('AB').join(':');
const ours: MetaOfferOptions = {
  sessionId: '5210987654321098765',
  candidates: [
    { foundation: '1', priority: 2130706431, address: '203.0.113.10', port: 50040 },
    { foundation: '2', priority: 2130706430, address: '2001:db8::10', port: 50041 },
  ],
  iceUfrag: 'k3Vz',
  icePwd: 'Yp2mXw9QdRt5uBn8sLc4HfJa',
  fingerprint: FINGERPRINT,
  ssrc: 2190334455,
  cname: 'gw-7f3a',
  streamId: 'gw-stream',
  trackId: 'gw-audio-0',
};
const theirs = (telephoneEvent: boolean): string =>
  offerOf({
    candidates: [{ address: '198.51.100.20', port: 3480 }],
    ufrag: 'Hd82',
    pwd: '9fKe3LtVbA7uXq2ZrNc5MdWy',
    fingerprint: FINGERPRINT,
    ssrc: 3100224466,
    telephoneEvent,
  });
const read = (sdp: string) => {
  const parsed = parseMetaDescription(sdp);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
};
const answerTo = (sdp: string): string[] => {
  const answer = buildMetaAnswer(read(sdp), ours, WHATSAPP_SDP);
  if (!answer.ok) throw answer.error;
  return answer.value.split('\r\n');
};

it('is, line by line, the answer that WhatsApp takes', () => {
  expect(answerTo(theirs(true))).toEqual([
    'v=0',
    'o=- 5210987654321098765 1 IN IP4 203.0.113.10',
    's=-',
    't=0 0',
    'a=group:BUNDLE audio',
    'a=msid-semantic: WMS gw-stream',
    'm=audio 50040 UDP/TLS/RTP/SAVPF 111 126',
    'c=IN IP4 203.0.113.10',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:1 1 udp 2130706431 203.0.113.10 50040 typ host generation 0',
    'a=candidate:2 1 udp 2130706430 2001:db8::10 50041 typ host generation 0',
    'a=ice-ufrag:k3Vz',
    'a=ice-pwd:Yp2mXw9QdRt5uBn8sLc4HfJa',
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    'a=setup:active',
    'a=mid:audio',
    'a=sendrecv',
    'a=msid:gw-stream gw-audio-0',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:126 telephone-event/8000',
    'a=fmtp:126 0-15',
    'a=ptime:20',
    'a=ssrc:2190334455 cname:gw-7f3a',
    'a=ssrc:2190334455 msid:gw-stream gw-audio-0',
    '',
  ]);
});

it('answers no telephone-event that was not offered, and takes it all the same, at 8000', () => {
  const offer = theirs(false);
  expect(answerTo(offer).filter((line) => line.includes('126'))).toEqual([]);
  const plan = planReceive(read(offer), WHATSAPP_SDP);
  expect(plan).toMatchObject({
    ok: true,
    value: { telephoneEvents: [{ payloadType: 126, clockRate: 8_000 }], ssrc: 3100224466, mid: 'audio' },
  });
  expect(planReceive(read(offer), MESSENGER_SDP)).toMatchObject({
    value: { telephoneEvents: [{ clockRate: 48_000 }, { clockRate: 48_000 }] },
  });
  expect(planSend(read(offer), ours)).toMatchObject({
    value: { payloadType: 111, maxAverageBitrate: 20_000, useInbandFec: true, mid: 'audio' },
  });
});

it("keeps Meta's numbers for Opus and extensions, and refuses a line that it does not know", () => {
  const sdp = theirs(true)
    .replaceAll('111', '96')
    .replace('a=mid:audio', 'a=mid:audio\r\na=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid')
    .concat('m=video 9 UDP/TLS/RTP/SAVPF 109\r\na=mid:v\r\na=rtpmap:109 H264/90000\r\n');
  const answer = answerTo(sdp);
  expect(answer).toContain('m=audio 50040 UDP/TLS/RTP/SAVPF 96 126');
  expect(answer).toContain('a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid');
  expect(answer).toContain('m=video 0 UDP/TLS/RTP/SAVPF 109');
});

it.each([
  ['no audio', (sdp: string) => sdp.replace(/m=audio \d+/, 'm=audio 0'), 'SDP_NO_AUDIO'],
  ['no Opus', (sdp: string) => sdp.replaceAll('opus/48000/2', 'G722/8000'), 'SDP_NO_OPUS'],
])('is not made for an offer with %s', (_name, change, code) => {
  expect(buildMetaAnswer(read(change(theirs(true))), ours, WHATSAPP_SDP)).toMatchObject({
    ok: false,
    error: { code },
  });
});

it('offers WhatsApp one line under its mid, with its telephone-event and packet time, and no extensions', () => {
  const offer = buildMetaOffer(ours, WHATSAPP_SDP).split('\r\n');
  expect(offer).toContain('a=group:BUNDLE audio');
  expect(offer).toContain('m=audio 50040 UDP/TLS/RTP/SAVPF 111 126');
  expect(offer).toContain('a=rtpmap:126 telephone-event/8000');
  expect(offer).toContain('a=ptime:20');
  expect(offer).toContain('a=setup:actpass');
  expect(offer.filter((line) => /extmap:|ice-lite/.test(line))).toEqual([]);
  expect(offer.filter((line) => line.startsWith('a=fingerprint'))).toHaveLength(1);
});
