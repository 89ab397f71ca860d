import { expect, test } from 'vitest';
import { ChallengeAnswers } from '../../src/sip/challenge.ts';
import { authorize, chooseChallenge, parseChallenges } from '../../src/sip/digest.ts';
import type { InboundResponse } from '../../src/sip/link.ts';

const mufasa = { username: 'Mufasa', password: 'Circle of Life' };
const get = { method: 'GET', uri: '/dir/index.html', body: '' };
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const rfc7616 =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", ' +
  'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';

const responseOf = (header: string): string | undefined => /response="([^"]*)"/.exec(header)?.[1];

test('RFC 7616 3.9.1, SHA-256 and MD5, from one header with both challenges', () => {
  const [sha, md5] = parseChallenges(rfc7616);
  const withSha = authorize(sha!, get, mufasa, CNONCE);
  expect(responseOf(withSha)).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  expect(responseOf(authorize(md5!, get, mufasa, CNONCE))).toBe('8ca523f5e9506fed4657c9700eebdbec');
  expect(withSha).toContain('algorithm=SHA-256, qop=auth, nc=00000001');
  expect(chooseChallenge([sha!, md5!])).toBe(sha);
});

test('RFC 2069 form, without qop', () => {
  const [challenge] = parseChallenges(
    'DIGEST realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
  );
  const header = authorize(challenge!, get, { username: 'Mufasa', password: 'Circle Of Life' }, 'unused');
  expect(responseOf(header)).toBe('670fd8c2df070c60b045671b8b24ff02');
  expect(header).not.toContain('qop');
});

test('a realm with a comma, an equals sign and an escaped quote stays whole', () => {
  const [challenge] = parseChallenges('Digest realm="Acme, Inc = \\"best\\"", nonce="n,1" ,stale=true');
  expect(challenge?.params.get('realm')).toBe('Acme, Inc = \\"best\\"');
  expect(challenge?.params.get('nonce')).toBe('n,1');
  expect(authorize(challenge!, get, mufasa, 'c')).toContain('realm="Acme, Inc = \\"best\\""');
});

test('unknown schemes and algorithms are passed over, garbage ends', () => {
  const challenges = parseChallenges(
    'Bearer realm="x", Digest realm="a", nonce="1", algorithm=AKAv1-MD5, Digest realm="b", nonce="2", algorithm=md5',
  );
  expect(chooseChallenge(challenges)?.params.get('realm')).toBe('b');
  expect(chooseChallenge(parseChallenges('Digest realm="a", nonce="1", qop="token"'))).toBeUndefined();
  expect(chooseChallenge(parseChallenges('Digest nonce="1"'))).toBeUndefined();
  for (const garbage of ['', '"', '=,=', 'Digest', '"""', 'Digest realm="', 'a=b']) {
    expect(chooseChallenge(parseChallenges(garbage)), garbage).toBeUndefined();
  }
});

const challenged = (status: number, name: string, value: string): InboundResponse => ({
  status,
  reason: '',
  body: '',
  dialogId: '',
  synthetic: false,
  address: '127.0.0.1',
  header: (asked) => (asked === name ? value : undefined),
  ack: () => {},
});
const invite = { method: 'INVITE', uri: 'sip:a@b', body: '' };

test('a proxy and the far end are both answered, the same realm twice is not', () => {
  const answers = new ChallengeAnswers(mufasa, () => 0.5);
  const proxy = challenged(407, 'proxy-authenticate', 'Digest realm="p", nonce="1"');
  const server = challenged(401, 'www-authenticate', 'Digest realm="s", nonce="1"');
  expect(Object.keys(answers.next(proxy, invite) ?? {})).toEqual(['Proxy-Authorization']);
  expect(Object.keys(answers.next(server, invite) ?? {})).toEqual(['Proxy-Authorization', 'Authorization']);
  expect(answers.next(server, invite)).toBeUndefined();
});

test('a stale nonce is answered again, not for ever', () => {
  const answers = new ChallengeAnswers(mufasa, () => 0.5);
  const stale = challenged(401, 'www-authenticate', 'Digest realm="s", nonce="2", stale=TRUE');
  const tries = Array.from({ length: 6 }, () => answers.next(stale, invite)).filter((headers) => headers);
  expect(tries).toHaveLength(3);
});

test('without credentials, or without a challenge, there is no answer', () => {
  const server = challenged(401, 'www-authenticate', 'Digest realm="s", nonce="1"');
  expect(new ChallengeAnswers(undefined, () => 0).next(server, invite)).toBeUndefined();
  expect(new ChallengeAnswers(mufasa, () => 0).next(challenged(407, 'x', ''), invite)).toBeUndefined();
  expect(new ChallengeAnswers(mufasa, () => 0).next({ ...server, status: 403 }, invite)).toBeUndefined();
});
