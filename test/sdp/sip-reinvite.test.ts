import { parse } from 'sdp-transform';
import { expect, it } from 'vitest';
import { answerSipOffer, type SipAnswer } from '../../src/sdp/index.ts';
import { LOCAL, phone } from './sip.ts';

function answer(offer: string): SipAnswer {
  const result = answerSipOffer({ ...LOCAL, version: 3 }, offer);
  if (!result.ok) throw result.error;
  return result.value;
}

it.each([
  ['sendonly', [], 'recvonly', true],
  ['inactive', [], 'inactive', true],
  ['recvonly', [], 'sendonly', false],
  ['sendrecv', [], 'sendrecv', false],
  ['sendrecv', ['c=IN IP4 0.0.0.0'], 'recvonly', true],
  ['inactive', ['c=IN IP4 0.0.0.0'], 'inactive', true],
])('answers %s %j with %s', (theirs, lines, ours, held) => {
  const result = answer(phone('m=audio 5004 RTP/AVP 0', [...lines, `a=${theirs}`]));
  expect(result.held).toBe(held);
  expect(result.plan.direction).toBe(ours);
  expect(result.answerSdp).toContain(`a=${ours}\r\n`);
});

it('resumes after a hold, each answer with one version more', () => {
  const hold = answer(phone('m=audio 5004 RTP/AVP 0', ['a=sendonly']));
  expect(hold.local).toMatchObject({ version: 4, direction: 'recvonly' });
  expect(hold.answerSdp).toContain('o=- 4711 4 IN IP4 192.0.2.1\r\n');
  const resumed = answerSipOffer(hold.local, phone('m=audio 5004 RTP/AVP 0', ['a=sendrecv']));
  expect(resumed).toMatchObject({
    value: { held: false, local: { version: 5 }, plan: { direction: 'sendrecv' } },
  });
});

it('uses the numbers of the offerer both ways', () => {
  const lines = [
    'a=rtpmap:98 telephone-event/8000',
    'a=rtpmap:99 telephone-event/48000',
    'a=rtpmap:96 opus/48000/2',
  ];
  const { plan, answerSdp } = answer(phone('m=audio 5004 RTP/AVP 96 0 98 99', lines));
  expect(plan).toMatchObject({
    codec: 'opus',
    payloadType: 96,
    receivePayloadTypes: [96],
    telephoneEvent: { payloadType: 99, clockRate: 48_000, receivePayloadType: 99 },
  });
  expect(answerSdp).toContain('m=audio 30000 RTP/AVP 96 99\r\n');
});

it('follows a change of codec, address and port', () => {
  const offer = phone('m=audio 6000 RTP/AVP 8').replaceAll('192.0.2.50', '192.0.2.77');
  expect(answer(offer).plan).toMatchObject({
    codec: 'PCMA',
    remote: { address: '192.0.2.77', port: 6000, rtcpPort: 6001 },
  });
});

it('keeps number and order of the lines, and rejects with port 0 what it does not carry', () => {
  const offer = phone('m=video 5006 RTP/AVP 96', [
    'a=rtpmap:96 H264/90000',
    'm=audio 5004 RTP/AVP 0',
    'm=audio 5008 RTP/AVP 8',
    'm=image 5010 udptl t38',
    'm=audio 0 RTP/AVP 0',
  ]);
  const { media } = parse(answer(offer).answerSdp);
  expect(media.map((m) => [m.type, m.port, m.protocol])).toEqual([
    ['video', 0, 'RTP/AVP'],
    ['audio', 30_000, 'RTP/AVP'],
    ['audio', 0, 'RTP/AVP'],
    ['image', 0, 'udptl'],
    ['audio', 0, 'RTP/AVP'],
  ]);
});

it('skips an audio line of a protocol that it does not speak', () => {
  const offer = phone('m=audio 5002 RTP/SAVP 0', ['m=audio 5004 RTP/AVP 0']);
  expect(parse(answer(offer).answerSdp).media.map((m) => m.port)).toEqual([0, 30_000]);
});

it('says which codecs the phone has when none is common: the meaning of 488', () => {
  const offer = phone('m=audio 5004 RTP/AVP 18', ['a=rtpmap:18 G729/8000']);
  const result = answerSipOffer(LOCAL, offer);
  expect(result).toMatchObject({ ok: false, error: { code: 'SDP_NO_COMMON_CODEC' } });
  expect(!result.ok && result.error.message).toContain('G729');
});
