import { expect, it } from 'vitest';
import { buildSipOffer, freshSipOffer, parseSipDescription } from '../../src/sdp/index.ts';
import { LOCAL } from './sip.ts';

it('offers the codecs in the order of the trunk, telephone-event at each clock', () => {
  expect(buildSipOffer(LOCAL).split('\r\n')).toEqual([
    'v=0',
    'o=- 4711 1 IN IP4 192.0.2.1',
    's=-',
    'c=IN IP4 192.0.2.1',
    't=0 0',
    'm=audio 30000 RTP/AVP 107 9 0 8 102 101',
    'a=rtpmap:107 opus/48000/2',
    'a=fmtp:107 maxplaybackrate=16000;maxaveragebitrate=20000;useinbandfec=1;minptime=10',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:102 telephone-event/48000',
    'a=fmtp:102 0-16',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    'a=sendrecv',
    '',
  ]);
});

it('offers telephone-event at 8000 beside Opus alone, for phones that have it at no other clock', () => {
  expect(buildSipOffer({ ...LOCAL, codecs: ['opus'] })).toContain('a=rtpmap:101 telephone-event/8000');
});

it('leaves telephone-event out on wish, and writes IPv6 as such', () => {
  const offer = buildSipOffer({
    ...LOCAL,
    address: '2001:db8::1',
    codecs: ['PCMA'],
    telephoneEvent: false,
    direction: 'sendonly',
  });
  expect(offer).not.toContain('telephone-event');
  expect(offer).toContain('c=IN IP6 2001:db8::1\r\n');
  expect(offer).toContain('m=audio 30000 RTP/AVP 8\r\n');
  expect(offer).toContain('a=sendonly\r\n');
  expect(parseSipDescription(offer)).toMatchObject({
    ok: true,
    value: { audio: { address: '2001:db8::1' } },
  });
});

it('makes a whole fresh offer for a re-INVITE without SDP: all codecs, sendrecv, version one up', () => {
  const held = { ...LOCAL, version: 4, direction: 'recvonly' } as const;
  const { offerSdp, local } = freshSipOffer(held);
  expect(local).toEqual({ ...LOCAL, version: 5 });
  expect(offerSdp).toBe(buildSipOffer({ ...LOCAL, version: 5 }));
  expect(freshSipOffer(local, { direction: 'sendonly', port: 30_002 }).offerSdp).toContain('m=audio 30002');
});
