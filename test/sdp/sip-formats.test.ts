import { expect, it } from 'vitest';
import {
  answerSipOffer,
  buildSipOffer,
  negotiateSipAnswer,
  parseOpusFmtp,
  type SipLocal,
} from '../../src/sdp/index.ts';
import { LOCAL, phone } from './sip.ts';

const L16: SipLocal = { ...LOCAL, codecs: ['L16', 'PCMU'] };

it('offers L16 at both rates, with telephone-event at each clock', () => {
  const offer = buildSipOffer(L16);
  expect(offer).toContain('m=audio 30000 RTP/AVP 108 109 0 103 101\r\n');
  expect(offer).toContain('a=rtpmap:108 L16/16000\r\na=rtpmap:109 L16/8000\r\n');
  expect(offer).toContain('a=rtpmap:103 telephone-event/16000\r\n');
});

it.each([
  [['a=rtpmap:97 L16/16000'], 16_000, 108],
  [['a=rtpmap:97 l16/8000/1'], 8_000, 109],
])('takes %j of an answer at its rate', (lines, clockRate, declared) => {
  expect(negotiateSipAnswer(L16, phone('m=audio 5004 RTP/AVP 97', lines))).toMatchObject({
    value: { codec: 'L16', clockRate, payloadType: 97, receivePayloadTypes: [declared, 97] },
  });
});

it('takes no stereo L16 and none of a rate that we have not', () => {
  for (const rtpmap of ['L16/16000/2', 'L16/44100', 'L16/44100/2']) {
    const answer = negotiateSipAnswer(L16, phone('m=audio 5004 RTP/AVP 97', [`a=rtpmap:97 ${rtpmap}`]));
    expect(answer).toMatchObject({ ok: false, error: { code: 'SDP_NO_COMMON_CODEC' } });
  }
});

it('answers an offer of L16 with its own number and rate', () => {
  const answer = answerSipOffer(L16, phone('m=audio 5004 RTP/AVP 97', ['a=rtpmap:97 L16/8000']));
  expect(answer).toMatchObject({ value: { plan: { codec: 'L16', clockRate: 8_000, payloadType: 97 } } });
  expect(answer.ok && answer.value.answerSdp).toContain('a=rtpmap:97 L16/8000\r\n');
});

it('keeps L16 at 16 kHz within a packet of an Ethernet frame', () => {
  const ptime = (rate: number): unknown =>
    negotiateSipAnswer(L16, phone('m=audio 5004 RTP/AVP 97', [`a=rtpmap:97 L16/${rate}`, 'a=ptime:60']));
  expect(ptime(16_000)).toMatchObject({ value: { ptimeMs: 40 } });
  expect(ptime(8_000)).toMatchObject({ value: { ptimeMs: 60 } });
});

it('offers comfort noise where the trunk says so, and never beside Opus alone', () => {
  const offer = (local: Partial<SipLocal>): string => buildSipOffer({ ...LOCAL, ...local });
  expect(offer({})).not.toContain('CN/');
  expect(offer({ comfortNoise: true })).toContain('m=audio 30000 RTP/AVP 107 9 0 8 13 102 101\r\n');
  expect(offer({ comfortNoise: true })).toContain('a=rtpmap:13 CN/8000\r\n');
  expect(offer({ comfortNoise: true, codecs: ['opus'] })).not.toContain('CN/');
});

it('agrees to the comfort noise that a phone offers at the clock of the codec', () => {
  const rtpmaps = ['a=rtpmap:98 CN/16000', 'a=rtpmap:96 opus/48000/2'];
  const both = answerSipOffer(LOCAL, phone('m=audio 5004 RTP/AVP 0 13 98', rtpmaps));
  expect(both).toMatchObject({ value: { plan: { codec: 'PCMU', comfortNoise: [13, 19] } } });
  expect(both.ok && both.value.answerSdp).toContain('m=audio 30000 RTP/AVP 0 13\r\n');
  expect(both.ok && both.value.answerSdp).toContain('a=rtpmap:13 CN/8000\r\n');
  const wide = ['a=rtpmap:97 L16/16000', ...rtpmaps];
  expect(answerSipOffer(L16, phone('m=audio 5004 RTP/AVP 97 13 98', wide))).toMatchObject({
    value: { plan: { codec: 'L16', comfortNoise: [98] } },
  });
  const opus = answerSipOffer(LOCAL, phone('m=audio 5004 RTP/AVP 96 13', rtpmaps));
  expect(opus.ok && opus.value.answerSdp).toContain('m=audio 30000 RTP/AVP 96\r\n');
  expect(opus).not.toHaveProperty('value.plan.comfortNoise');
});

it('understands comfort noise that was not agreed, but not under a number that means something else', () => {
  const plan = (mLine: string, lines: string[] = []): unknown =>
    negotiateSipAnswer(LOCAL, phone(mLine, lines));
  expect(plan('m=audio 5004 RTP/AVP 0')).toMatchObject({ value: { comfortNoise: [13, 19] } });
  expect(plan('m=audio 5004 RTP/AVP 0 19', ['a=rtpmap:19 telephone-event/8000'])).toMatchObject({
    value: { comfortNoise: [13], telephoneEvent: { payloadType: 19 } },
  });
});

it.each([
  [undefined, {}],
  [
    'useinbandfec=1; usedtx=1;cbr=1;stereo=1; sprop-stereo=1',
    { useInbandFec: true, useDtx: true, cbr: true, stereo: true, spropStereo: true },
  ],
  [
    'maxplaybackrate=8000;maxaveragebitrate=16000;sprop-maxcapturerate=16000',
    { maxPlaybackRate: 8_000, maxAverageBitrate: 16_000, spropMaxCaptureRate: 16_000 },
  ],
  ['MaxPlaybackRate=12000 ; useinbandfec=0', { maxPlaybackRate: 12_000 }],
  ['maxplaybackrate=7;maxaveragebitrate=5999;sprop-maxcapturerate=x;;=;cbr', {}],
])('reads the Opus parameters %j', (fmtp, wanted) => {
  const nothing = { useInbandFec: false, useDtx: false, cbr: false, stereo: false, spropStereo: false };
  expect(parseOpusFmtp(fmtp)).toEqual({ ...nothing, ...wanted });
});

it.each([
  ['a=ptime:20.7', 20],
  ['a=ptime:33.3', 33],
  ['a=ptime:9.9', 20],
])('takes %s as whole milliseconds, or not at all', (line, ptimeMs) => {
  expect(negotiateSipAnswer(LOCAL, phone('m=audio 5004 RTP/AVP 0', [line]))).toMatchObject({
    value: { ptimeMs },
  });
});

it('knows no payload type beyond 127', () => {
  const answer = negotiateSipAnswer(LOCAL, phone('m=audio 5004 RTP/AVP 300 0', ['a=rtpmap:300 PCMA/8000']));
  expect(answer).toMatchObject({ value: { codec: 'PCMU', payloadType: 0 } });
});
