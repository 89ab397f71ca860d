import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { authorize, parseChallenges } from '../../src/sip/digest.ts';
import { DigestGuard } from '../../src/sip/digest-guard.ts';

const KNOWN = [
  { username: 'desk', password: 'open, "sesame"' },
  { username: 'queue', password: 'other' },
];
const URI = 'sip:7001@gateway';
const INVITE = { method: 'INVITE', uri: URI, body: '' };

function guard(algorithm: 'MD5' | 'SHA-256' = 'MD5') {
  const clock = new FakeClock(1_789_000_000_000);
  const made = new DigestGuard({ realm: 'the, gateway', algorithm, now: () => clock.now() });
  const sign = (challenge: string, credentials = KNOWN[0]!, request = INVITE): string =>
    authorize(parseChallenges(challenge)[0]!, request, credentials, 'c0ffee');
  const check = (authorization: string | undefined, method = 'INVITE', uri = URI) =>
    made.check(authorization, method, uri, KNOWN);
  return { clock, guard: made, sign, check };
}

describe('digest of a caller', () => {
  it.each(['MD5', 'SHA-256'] as const)('our own client passes, by name (%s)', (algorithm) => {
    const { guard: made, sign, check } = guard(algorithm);
    expect(check(sign(made.challenge(false)))).toEqual({ verdict: 'right', username: 'desk' });
    expect(check(sign(made.challenge(false), KNOWN[1]))).toEqual({ verdict: 'right', username: 'queue' });
  });

  it('a response in capitals, the scheme in capitals, parameters in any order', () => {
    const { guard: made, sign, check } = guard();
    const value = sign(made.challenge(false)).replace(/response="([^"]+)"/, (_, hex: string) => {
      return `response="${hex.toUpperCase()}"`;
    });
    const parts = value
      .slice(7)
      .split(/, (?=\w+=)/)
      .reverse()
      .join(', ');
    expect(check(`DIGEST ${parts}`)).toMatchObject({ verdict: 'right' });
  });

  it('a wrong password, an unknown person, another method or address do not pass', () => {
    const { guard: made, sign, check } = guard();
    const challenge = made.challenge(false);
    expect(check(sign(challenge, { username: 'desk', password: 'x' }))).toEqual({ verdict: 'wrong' });
    expect(check(sign(challenge, { username: 'nobody', password: '' }))).toEqual({ verdict: 'wrong' });
    const signed = sign(challenge);
    expect(check(signed, 'REGISTER')).toEqual({ verdict: 'wrong' });
    expect(check(signed, 'INVITE', 'sip:9999@gateway')).toEqual({ verdict: 'wrong' });
    expect(check(signed.replace('qop=auth,', '')), 'RFC 2069 has no replay protection').toEqual({
      verdict: 'wrong',
    });
  });

  it.each([undefined, '', 'Basic Zm9v', 'Digest realm="else"', '"', 'Digest ,,,='])(
    'nothing of ours: %j',
    (value) => {
      expect(guard().check(value)).toEqual({ verdict: 'none' });
    },
  );

  it('an answer passes once; the next one with a higher count passes again', () => {
    const { guard: made, sign, check } = guard();
    const signed = sign(made.challenge(false));
    expect(check(signed).verdict).toBe('right');
    expect(check(signed).verdict).toBe('stale');
  });

  it('a nonce ends after five minutes, and nobody can make one', () => {
    const { guard: made, clock, sign, check } = guard();
    const challenge = made.challenge(false);
    clock.advance(299_999);
    expect(check(sign(challenge)).verdict).toBe('right');
    const other = made.challenge(false);
    clock.advance(300_000);
    expect(check(sign(other)).verdict).toBe('stale');
    const forged = made.challenge(true).replace(/nonce="(\w+)\.[^.]+/, 'nonce="$1.AAAAAAAAAAAA');
    expect(check(sign(forged)).verdict).toBe('stale');
    expect(made.challenge(true)).toContain('stale=true');
  });

  it('what was used is not good again when its count was forgotten for lack of room', () => {
    const { clock, guard: made, sign, check } = guard();
    const captured = sign(made.challenge(false));
    expect(check(captured)).toMatchObject({ verdict: 'right' });
    for (let used = 0; used < 10_000; used += 1) {
      clock.advance(1);
      check(sign(made.challenge(false)));
    }
    expect(check(captured)).toEqual({ verdict: 'stale' });
    clock.advance(1);
    expect(check(sign(made.challenge(false)))).toMatchObject({ verdict: 'right' });
  });
});
