import { expect, it } from 'vitest';
import {
  answerSipOffer,
  buildLocalAnswer,
  buildSipOffer,
  negotiateSipAnswer,
  newSdes,
  parseMetaDescription,
  planReceive,
  planSend,
  type SipCodec,
} from '../../src/sdp/index.ts';
import { answerB, offerC, offerD } from './meta-templates.ts';
import { LOCAL, phone } from './sip.ts';

/** Numerical Recipes' generator: the same inputs in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SCRAPS = ['', '\r\n', 'a=', 'm=', ' ', ':', '-1', '99999999999999999999', '\0', 'a=rtpmap:', '=', '{}'];

function mutilated(text: string, below: (n: number) => number): string {
  let result = text;
  for (let cuts = 1 + below(5); cuts > 0; cuts--) {
    const at = below(result.length);
    result = result.slice(0, at) + SCRAPS[below(SCRAPS.length)] + result.slice(at + below(14));
  }
  return result;
}

it('returns a value for any mutilated description of Meta, never throws, and answers what it took', () => {
  const below = random(1);
  for (let i = 0; i < 3_000; i++) {
    const sdp = mutilated([answerB(), offerC(), offerD()][i % 3] ?? '', below);
    const parsed = parseMetaDescription(sdp);
    if (!parsed.ok) continue;
    planReceive(parsed.value);
    planSend(parsed.value, { ssrc: 1, cname: 'x' });
    const ours = { sessionId: '1', candidates: [], iceUfrag: 'u', icePwd: 'p', fingerprint: '', ssrc: 1 };
    const answer = buildLocalAnswer(parsed.value, { ...ours, cname: 'c', streamId: 's', trackId: 't' }, 2);
    expect(answer.match(/^m=/gm)).toHaveLength(parsed.value.media.length);
  }
});

it('returns a value for any mutilated description of a phone, with a place to send to', () => {
  const below = random(2);
  const sdes = newSdes('optional', (bytes) => new Uint8Array(bytes).fill(below(256)));
  const whole = phone(
    'm=audio 5004 RTP/AVP 96 0 8 101',
    [
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31',
      'a=rtpmap:96 opus/48000/2',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=rtcp:5009',
    ],
    ['a=sendrecv'],
  );
  for (let i = 0; i < 3_000; i++) {
    const sdp = mutilated(whole, below);
    const secure = { ...LOCAL, ...(sdes && { sdes }) };
    const results = [LOCAL, secure].flatMap((local) => [
      negotiateSipAnswer(local, sdp),
      answerSipOffer(local, sdp),
    ]);
    for (const result of results) {
      if (!result.ok) continue;
      const plan = 'plan' in result.value ? result.value.plan : result.value;
      expect(plan.remote.port).toSatisfy((port: number) => port > 0 && port < 65_536);
      expect(plan.remote.rtcpPort).toSatisfy((port: number) => port > 0 && port < 65_536);
    }
  }
});

it('agrees with itself: the answer to our offer always gives both ends the same codec', () => {
  const below = random(3);
  const all: SipCodec[] = ['PCMU', 'PCMA', 'G722', 'opus'];
  const some = (): SipCodec[] => {
    const picked = all.filter(() => below(2) === 1).sort(() => below(3) - 1);
    return picked.length > 0 ? picked : ['PCMU'];
  };
  for (let i = 0; i < 500; i++) {
    const ours = { ...LOCAL, codecs: some() };
    const theirs = { ...LOCAL, address: '192.0.2.50', codecs: some(), telephoneEvent: below(2) === 1 };
    const answered = answerSipOffer(theirs, buildSipOffer(ours));
    const common = ours.codecs.find((codec) => theirs.codecs.includes(codec));
    expect(answered.ok).toBe(common !== undefined);
    if (!answered.ok) continue;
    const plan = negotiateSipAnswer(ours, answered.value.answerSdp);
    expect(plan.ok && plan.value.codec).toBe(common);
    expect(answered.value.plan.codec).toBe(common);
    expect(plan.ok && plan.value.telephoneEvent !== undefined).toBe(theirs.telephoneEvent);
  }
});
