import { expect, it } from 'vitest';
import { buildMetaOffer } from '../../src/sdp/index.ts';

const options = {
  sessionId: '5210987654321098765',
  candidates: [{ foundation: '1', priority: 2130706431, address: '203.0.113.10', port: 50040 }],
  iceUfrag: 'k3Vz',
  icePwd: 'Yp2mXw9QdRt5uBn8sLc4HfJa',
  fingerprint:
    '0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9',
  ssrc: 2190334455,
  cname: 'gw-7f3a',
  streamId: 'gw-stream',
  trackId: 'gw-audio-0',
};

it('is, line by line, the offer that Meta takes', () => {
  expect(buildMetaOffer(options).split('\r\n')).toEqual([
    'v=0',
    'o=- 5210987654321098765 1 IN IP4 203.0.113.10',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS gw-stream',
    'm=audio 50040 UDP/TLS/RTP/SAVPF 111 110',
    'c=IN IP4 203.0.113.10',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:1 1 udp 2130706431 203.0.113.10 50040 typ host generation 0',
    'a=ice-ufrag:k3Vz',
    'a=ice-pwd:Yp2mXw9QdRt5uBn8sLc4HfJa',
    `a=fingerprint:sha-256 ${options.fingerprint}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=sendrecv',
    'a=msid:gw-stream gw-audio-0',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:110 telephone-event/48000',
    'a=fmtp:110 0-15',
    'a=ssrc:2190334455 cname:gw-7f3a',
    'a=ssrc:2190334455 msid:gw-stream gw-audio-0',
    '',
  ]);
});

it('is valid without a candidate, and names an IPv6 one as such', () => {
  const none = buildMetaOffer({ ...options, candidates: [] });
  expect(none).toContain('m=audio 9 UDP/TLS/RTP/SAVPF 111 110\r\nc=IN IP4 0.0.0.0\r\n');
  expect(none).not.toContain('a=candidate');
  const six = buildMetaOffer({
    ...options,
    candidates: [{ foundation: '1', priority: 1, address: '2001:db8::1', port: 5 }],
  });
  expect(six).toContain('c=IN IP6 2001:db8::1\r\n');
});
