import { expect, it } from 'vitest';
import { DigestChallenge, type DigestVerdict } from '../../src/sim/digest.ts';
import { authorize, parseChallenges } from '../../src/sip/digest.ts';

const credentials = { username: 'desk', password: 'secret' };
const uri = 'sip:100@127.0.0.1:5060';

/** What the gateway's own client answers to a challenge, changed on the way. */
function answer(
  challenge: string,
  { signed = uri, as = credentials, change = (header: string): string => header } = {},
): string {
  const [parsed] = parseChallenges(challenge);
  if (!parsed) throw new Error('no challenge');
  return change(authorize(parsed, { method: 'INVITE', uri: signed, body: '' }, as, 'c0ffee'));
}

it('takes the right answer once, and wants another nonce count for the next', () => {
  const phone = new DigestChallenge(credentials);
  const first = answer(phone.challenge());
  expect(phone.check(first, 'INVITE', uri)).toBe('right');
  expect(phone.check(first, 'INVITE', uri)).toBe('stale');
  expect(phone.challenge(true)).toMatch(/stale=true$/);
});

it.each<[string, Parameters<typeof answer>[1], DigestVerdict]>([
  ['another password', { as: { username: 'desk', password: 'guess' } }, 'wrong'],
  ['another user', { as: { username: 'chair', password: 'secret' } }, 'wrong'],
  ['another Request-URI', { signed: 'sip:900@127.0.0.1:5060' }, 'wrong'],
  ['another realm', { change: (header) => header.replace(/realm="[^"]*"/, 'realm="elsewhere"') }, 'wrong'],
  ['no realm', { change: (header) => header.replace(/realm="[^"]*", /, '') }, 'wrong'],
  ['no qop', { change: (header) => header.replace(/qop=auth, /, '') }, 'wrong'],
  ['a count that is no count', { change: (header) => header.replace(/nc=\w+/, 'nc=1') }, 'wrong'],
  ['no cnonce', { change: (header) => header.replace(/cnonce="\w+"/, 'cnonce=""') }, 'wrong'],
  [
    'another algorithm',
    { change: (header) => header.replace('algorithm=MD5', 'algorithm=SHA-256') },
    'wrong',
  ],
  ['another scheme', { change: (header) => header.replace('Digest', 'Basic') }, 'wrong'],
])('refuses %s', (_name, how, verdict) => {
  const phone = new DigestChallenge(credentials);
  expect(phone.check(answer(phone.challenge(), how), 'INVITE', uri)).toBe(verdict);
});

it('refuses no answer, another method, a nonce of its own making, and one that is too old', () => {
  const phone = new DigestChallenge(credentials);
  expect(phone.check(undefined, 'INVITE', uri)).toBe('wrong');
  expect(phone.check(answer(phone.challenge()), 'REGISTER', uri)).toBe('wrong');
  expect(phone.check(answer(new DigestChallenge(credentials).challenge()), 'INVITE', uri)).toBe('stale');
  const old = answer(phone.challenge());
  for (let i = 0; i < 100; i++) phone.challenge();
  expect(phone.check(old, 'INVITE', uri)).toBe('stale');
});
