import { describe, expect, it } from 'vitest';
import {
  answerSipOffer,
  buildSipOffer,
  freshSipOffer,
  negotiateSipAnswer,
  newSdes,
  type SipLocal,
  type SrtpPolicy,
} from '../../src/sdp/index.ts';
import { cryptoLine, parseCrypto } from '../../src/sdp/sdes.ts';
import { LOCAL, phone } from './sip.ts';

let seed = 0;
const random = (bytes: number): Uint8Array => {
  seed += 1;
  return new Uint8Array(bytes).fill(seed);
};
const sideOf = (policy: SrtpPolicy, change: Partial<SipLocal> = {}): SipLocal => {
  const sdes = newSdes(policy, random);
  return { ...LOCAL, codecs: ['PCMU'], ...(sdes ? { sdes } : {}), ...change };
};

/** RFC 4568 section 5.1.1's example: 30 bytes. */
const KEY = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';
const GCM = Buffer.alloc(28, 5).toString('base64');
const SUITE = 'AES_CM_128_HMAC_SHA1_80';

describe('a=crypto', () => {
  it('reads key and salt, and writes what it reads', () => {
    const crypto = parseCrypto(`1 ${SUITE} inline:${KEY}|2^31`);
    expect(crypto).toMatchObject({ tag: 1, suite: SUITE });
    expect(Buffer.concat([crypto!.key, crypto!.salt]).toString('base64')).toBe(KEY);
    expect([crypto!.key.length, crypto!.salt.length]).toEqual([16, 14]);
    expect(cryptoLine(crypto!)).toBe(`a=crypto:1 ${SUITE} inline:${KEY}`);
    const gcm = parseCrypto(`12 AEAD_AES_128_GCM inline:${GCM}`);
    expect([gcm!.key.length, gcm!.salt.length]).toEqual([16, 12]);
  });

  it.each([
    `1 ${SUITE} inline:${KEY}|1048576`,
    `1 ${SUITE} inline:${KEY}|2^20`,
    `1 ${SUITE} inline:${KEY} WSH=64`,
    `1 ${SUITE} inline:${KEY}|2^48 -vendor=1 WSH=128`,
    `123456789  AES_CM_128_HMAC_SHA1_32  inline:${KEY}`,
    `1 aes_cm_128_hmac_sha1_80 INLINE:${KEY}`,
  ])('takes %s', (value) => {
    expect(parseCrypto(value)).toBeDefined();
  });

  it.each([
    ['another suite', `1 AES_256_CM_HMAC_SHA1_80 inline:${KEY}`],
    ['F8', `1 F8_128_HMAC_SHA1_80 inline:${KEY}`],
    ['a short key', `1 ${SUITE} inline:${KEY.slice(4)}`],
    ['a key of another suite', `1 AEAD_AES_128_GCM inline:${KEY}`],
    ['no base64', `1 ${SUITE} inline:${KEY.slice(1)}*`],
    ['an MKI', `1 ${SUITE} inline:${KEY}|2^20|1:4`],
    ['an MKI without lifetime', `1 ${SUITE} inline:${KEY}|1:4`],
    ['several keys', `1 ${SUITE} inline:${KEY}|2^20|1:4;inline:${KEY}|2^20|2:4`],
    ['a short life', `1 ${SUITE} inline:${KEY}|2^16`],
    ['a life that is none', `1 ${SUITE} inline:${KEY}|long`],
    ['key derivation', `1 ${SUITE} inline:${KEY} KDR=4`],
    ['no encryption', `1 ${SUITE} inline:${KEY} UNENCRYPTED_SRTP`],
    ['no encryption of RTCP behind a hint', `1 ${SUITE} inline:${KEY} WSH=64 UNENCRYPTED_SRTCP`],
    ['no authentication', `1 ${SUITE} inline:${KEY} UNAUTHENTICATED_SRTP`],
    ['a parameter that nobody knows', `1 ${SUITE} inline:${KEY} FEC_ORDER=FEC_SRTP`],
    ['another way to give keys', `1 ${SUITE} mikey:${KEY}`],
    ['no key', `1 ${SUITE}`],
    ['no tag', `x ${SUITE} inline:${KEY}`],
    ['nothing', ''],
  ])('refuses %s', (_, value) => {
    expect(parseCrypto(value)).toBeUndefined();
  });
});

describe('our offer', () => {
  it('is RTP/SAVP when required, RTP/AVP with keys when optional, and plain when off', () => {
    const required = buildSipOffer(sideOf('required'));
    expect(required).toMatch(/^m=audio 30000 RTP\/SAVP 0 101\r$/m);
    expect(required.match(/^a=crypto:\d \S+/gm)).toEqual([
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80',
      'a=crypto:2 AEAD_AES_128_GCM',
      'a=crypto:3 AES_CM_128_HMAC_SHA1_32',
    ]);
    const optional = buildSipOffer(sideOf('optional'));
    expect(optional).toMatch(/^m=audio 30000 RTP\/AVP 0 101\r$/m);
    expect(optional).toContain('a=crypto:1');
    expect(buildSipOffer(sideOf('off'))).not.toContain('crypto');
  });

  it('has a key of its own for every suite and every dialog', () => {
    const keys = [sideOf('required'), sideOf('required')].flatMap((side) =>
      side.sdes!.keys.map(({ key }) => Buffer.from(key).toString('hex')),
    );
    expect(new Set(keys).size).toBe(6);
  });

  const answer = (protocol: string, ...lines: string[]): string => phone(`m=audio 5004 ${protocol} 0`, lines);

  it.each(['optional', 'required'] as const)('%s: agrees on what the phone chose', (policy) => {
    const local = sideOf(policy);
    for (const protocol of ['RTP/AVP', 'RTP/SAVP', 'RTP/SAVPF']) {
      const plan = negotiateSipAnswer(local, answer(protocol, `a=crypto:1 ${SUITE} inline:${KEY}`));
      expect(plan).toMatchObject({ ok: true, value: { srtp: { profile: SUITE } } });
      if (!plan.ok) continue;
      const { local: ours, remote } = plan.value.srtp!;
      expect(ours.key).toEqual(local.sdes!.keys[0]!.key);
      expect(Buffer.concat([remote.key, remote.salt]).toString('base64')).toBe(KEY);
    }
  });

  it.each([
    ['optional', 'a tag that was not offered', 'RTP/AVP', `a=crypto:7 ${SUITE} inline:${KEY}`],
    ['optional', 'the suite of another tag', 'RTP/AVP', `a=crypto:2 ${SUITE} inline:${KEY}`],
    ['optional', 'an MKI', 'RTP/AVP', `a=crypto:1 ${SUITE} inline:${KEY}|1:4`],
    ['optional', 'RTP/SAVP without a key', 'RTP/SAVP', 'a=sendrecv'],
    ['required', 'no key', 'RTP/AVP', 'a=sendrecv'],
    ['required', 'RTP/SAVP without a key', 'RTP/SAVP', 'a=sendrecv'],
    ['required', 'a tag that was not offered', 'RTP/SAVP', `a=crypto:9 ${SUITE} inline:${KEY}`],
  ] as const)('%s: refuses an answer with %s', (policy, _, protocol, line) => {
    const plan = negotiateSipAnswer(sideOf(policy), answer(protocol, line));
    expect(plan).toMatchObject({ ok: false, error: { code: 'SDP_NO_SRTP' } });
    if (!plan.ok) expect(plan.error.message).not.toContain(KEY);
  });

  it('goes on in the clear when it is optional and the phone answers so', () => {
    const plan = negotiateSipAnswer(sideOf('optional'), answer('RTP/AVP'));
    expect(plan).toMatchObject({ ok: true });
    expect(plan.ok && plan.value.srtp).toBeUndefined();
  });
});

describe("our answer to the phone's offer", () => {
  const offer = (protocol: string, ...lines: string[]): string => phone(`m=audio 5004 ${protocol} 0`, lines);

  it('takes the first key that we can use, and gives its tag back with our key', () => {
    const local = sideOf('optional');
    const result = answerSipOffer(
      local,
      offer(
        'RTP/SAVP',
        `a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:${KEY}`,
        `a=crypto:2 ${SUITE} inline:${KEY}|1:4`,
        `a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:${KEY}|2^31`,
        `a=crypto:6 ${SUITE} inline:${KEY}`,
      ),
    );
    if (!result.ok) throw result.error;
    const { answerSdp, plan } = result.value;
    const ours = local.sdes!.keys.find(({ suite }) => suite === 'AES_CM_128_HMAC_SHA1_32')!;
    expect(answerSdp).toContain('m=audio 30000 RTP/SAVP 0');
    expect(answerSdp.match(/^a=crypto:.*$/gm)).toEqual([cryptoLine({ ...ours, tag: 5 })]);
    expect(plan.srtp).toMatchObject({ profile: 'AES_CM_128_HMAC_SHA1_32', local: { key: ours.key } });
  });

  it.each([
    ['optional', 'RTP/AVP', [], undefined],
    ['optional', 'RTP/AVP', [`a=crypto:1 ${SUITE} inline:${KEY}|1:4`], undefined],
    ['optional', 'RTP/AVP', [`a=crypto:1 ${SUITE} inline:${KEY}`], SUITE],
    ['required', 'RTP/AVP', [`a=crypto:1 ${SUITE} inline:${KEY}`], SUITE],
    ['required', 'RTP/SAVPF', [`a=crypto:1 ${SUITE} inline:${KEY}`], SUITE],
    ['off', 'RTP/AVP', [`a=crypto:1 ${SUITE} inline:${KEY}`], undefined],
  ] as const)('%s takes %s with %j', (policy, protocol, lines, profile) => {
    const result = answerSipOffer(sideOf(policy), offer(protocol, ...lines));
    if (!result.ok) throw result.error;
    expect(result.value.plan.srtp?.profile).toBe(profile);
    expect(result.value.answerSdp.includes('a=crypto')).toBe(profile !== undefined);
    expect(result.value.answerSdp).toContain(`m=audio 30000 ${protocol} 0`);
  });

  it.each([
    ['required', 'SDP_NO_SRTP', 'RTP/AVP', []],
    ['required', 'SDP_NO_SRTP', 'RTP/SAVP', [`a=crypto:1 ${SUITE} inline:${KEY} KDR=1`]],
    ['optional', 'SDP_NO_SRTP', 'RTP/SAVP', []],
    ['off', 'SDP_SRTP_OFF', 'RTP/SAVP', [`a=crypto:1 ${SUITE} inline:${KEY}`]],
  ] as const)('%s refuses with %s: %s with %j', (policy, code, protocol, lines) => {
    const result = answerSipOffer(sideOf(policy), offer(protocol, ...lines));
    expect(result).toMatchObject({ ok: false, error: { code } });
  });

  it('prefers the secure line of two, and the plain one when SRTP is off', () => {
    const two = phone('m=audio 5004 RTP/AVP 0', [
      'm=audio 5006 RTP/SAVP 0',
      `a=crypto:1 ${SUITE} inline:${KEY}`,
    ]);
    const secure = answerSipOffer(sideOf('optional'), two);
    if (!secure.ok) throw secure.error;
    expect(secure.value.plan).toMatchObject({ remote: { port: 5_006 }, srtp: { profile: SUITE } });
    expect(secure.value.answerSdp).toContain('m=audio 0 RTP/AVP 0\r\nm=audio 30000 RTP/SAVP 0');
    const plain = answerSipOffer(sideOf('off'), two);
    expect(plain).toMatchObject({ ok: true, value: { plan: { remote: { port: 5_004 } } } });
  });
});

describe('both ends', () => {
  const policies = ['off', 'optional', 'required'] as const;
  it.each(policies.flatMap((ours) => policies.map((theirs) => [ours, theirs] as const)))(
    'offer %s, answer %s',
    (ours, theirs) => {
      const a = sideOf(ours);
      const b = sideOf(theirs, { address: '192.0.2.50' });
      const answered = answerSipOffer(b, buildSipOffer(a));
      const fits = !(ours === 'required' && theirs === 'off') && !(ours === 'off' && theirs === 'required');
      expect(answered.ok).toBe(fits);
      if (!answered.ok) return;
      const plan = negotiateSipAnswer(a, answered.value.answerSdp);
      if (!plan.ok) throw plan.error;
      const secure = ours !== 'off' && theirs !== 'off';
      expect(plan.value.srtp !== undefined).toBe(secure);
      const [mine, other] = [plan.value.srtp, answered.value.plan.srtp];
      expect(mine?.local).toEqual(other?.remote);
      expect(mine?.remote).toEqual(other?.local);
    },
  );

  it('a re-INVITE keeps the keys, or brings new ones', () => {
    const a = sideOf('required');
    const b = sideOf('required', { address: '192.0.2.50' });
    const agreed = (side: SipLocal): unknown => {
      const answered = answerSipOffer(b, buildSipOffer(side));
      if (!answered.ok) throw answered.error;
      return answered.value.plan.srtp;
    };
    const first = agreed(a);
    const held = freshSipOffer(a, { direction: 'sendonly' }).local;
    expect(agreed(held)).toEqual(first);
    const renewed = freshSipOffer(a, { sdes: newSdes('required', random)! }).local;
    const second = agreed(renewed) as { local: object; remote: object };
    expect(second.remote).not.toEqual((first as typeof second).remote);
    expect(second.local).toEqual((first as typeof second).local);
  });
});
