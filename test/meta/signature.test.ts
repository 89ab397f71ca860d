import { describe, expect, it } from 'vitest';
import { answerHandshake, appSecretProof, signatureOf, verifySignature } from '../../src/meta/index.ts';

// Made with Python's hmac module.
const BODY = Buffer.from(
  String.raw`{"object":"page","entry":[{"id":"102030405060708","note":"Am\u00ednat\u0430 \ud83d\ude00 <\/b>"}]}`,
);
const ONE = 'sha256=31c5d306efa42d8f130619ebb50da1ec7bee62267c969c138a34f3214d6e4c31';
const TWO = 'sha256=c19ca6e91726937b2ba1e2f202dc0228e8b1378345e96c74363b283ac8aac581';
const EMPTY = 'sha256=a7adbf36f557764aebf26d5504e037e402055f834b9f515bdf5be3555f2aa525';

describe('X-Hub-Signature-256', () => {
  it('is over the bytes as they came, escapes included', () => {
    expect(verifySignature(BODY, ONE, ['app-secret-one'])).toBe(true);
    expect(signatureOf(BODY, 'app-secret-one')).toBe(ONE);
    const reserialised = Buffer.from(JSON.stringify(JSON.parse(BODY.toString())));
    expect(verifySignature(reserialised, ONE, ['app-secret-one'])).toBe(false);
  });

  it('is good with any of the secrets', () => {
    const secrets = ['app-secret-one', 'app-secret-two'];
    expect(verifySignature(BODY, ONE, secrets)).toBe(true);
    expect(verifySignature(BODY, TWO, secrets)).toBe(true);
    expect(verifySignature(BODY, TWO, ['app-secret-one'])).toBe(false);
    expect(verifySignature(BODY, ONE, [])).toBe(false);
  });

  it('fails when any bit of the body or the signature differs', () => {
    for (let at = 0; at < BODY.length; at++) {
      const other = Buffer.from(BODY);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(verifySignature(other, ONE, ['app-secret-one'])).toBe(false);
    }
    for (let at = 7; at < ONE.length; at++) {
      const other = ONE.slice(0, at) + (ONE[at] === '0' ? '1' : '0') + ONE.slice(at + 1);
      expect(verifySignature(BODY, other, ['app-secret-one'])).toBe(false);
    }
  });

  it.each([
    undefined,
    '',
    'sha256=',
    ONE.slice(7),
    ONE.slice(0, -1),
    `${ONE}0`,
    ONE.replace('256', '1'),
    `${ONE}, ${ONE}`,
  ])('is refused in the form %j', (header) => {
    expect(verifySignature(BODY, header, ['app-secret-one'])).toBe(false);
  });

  it('takes upper-case digits, an empty body, and a view into a larger buffer', () => {
    expect(verifySignature(BODY, `sha256=${ONE.slice(7).toUpperCase()}`, ['app-secret-one'])).toBe(true);
    expect(verifySignature(new Uint8Array(0), EMPTY, ['app-secret-one'])).toBe(true);
    const large = Buffer.concat([Buffer.from('xx'), BODY, Buffer.from('yy')]);
    const view = new Uint8Array(large.buffer, large.byteOffset + 2, BODY.length);
    expect(verifySignature(view, ONE, ['app-secret-one'])).toBe(true);
  });

  it('matches no empty secret: anybody could sign with it', () => {
    expect(verifySignature(BODY, signatureOf(BODY, ''), [''])).toBe(false);
  });
});

describe('appsecret_proof', () => {
  it('is the HMAC of the token under the app secret, lower-case hex', () => {
    expect(appSecretProof('PAGE-TOKEN-1', 'app-secret-one')).toBe(
      '12a615ee27e1defd0776113529ec91ec3f736f4aeb35a81887234c62d966cb86',
    );
  });
});

describe('the verification handshake', () => {
  const query = (token: unknown, challenge: unknown = '0011582014440000000000'): Record<string, unknown> => ({
    'hub.mode': 'subscribe',
    'hub.verify_token': token,
    'hub.challenge': challenge,
  });

  it('answers the challenge as it came', () => {
    expect(answerHandshake(query('two'), ['one', 'two'])).toBe('0011582014440000000000');
  });

  it('answers nothing else', () => {
    for (const token of ['three', 'on', 'one ', '', undefined, ['one'], 1]) {
      expect(answerHandshake(query(token), ['one', 'two'])).toBeUndefined();
    }
    expect(answerHandshake({ ...query('one'), 'hub.mode': 'unsubscribe' }, ['one'])).toBeUndefined();
    expect(answerHandshake({ ...query('one'), 'hub.challenge': undefined }, ['one'])).toBeUndefined();
    expect(answerHandshake(query('one', ['a', 'b']), ['one'])).toBeUndefined();
    expect(answerHandshake(query('one'), [])).toBeUndefined();
    expect(answerHandshake(query(''), [''])).toBeUndefined();
    expect(answerHandshake({}, ['one'])).toBeUndefined();
  });
});
