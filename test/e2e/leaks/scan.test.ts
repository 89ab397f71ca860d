import { inspect } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { DERIVED, PERSONS, SECRETS, WRONG } from './canaries.ts';
import { Scan, SECRET_SHAPES } from './scan.ts';

/** As werift makes one: letters, digits, + and /. */
const ICE = { 'an ICE password': 'r+7Q/xW2bLk0Zp/9dFhT1sVg' };
/** A master key of SRTP, whose base64 has +, / and letters. */
const KEY = Buffer.from('fbff7f80c0ffee112233445566778899', 'hex');
const SALT = Buffer.alloc(14, 7);
const scan = new Scan({
  texts: { ...SECRETS, ...WRONG, ...ICE, ...PERSONS },
  keys: { 'an SRTP key': KEY, ...DERIVED },
  shapes: SECRET_SHAPES,
});

const texts = Object.entries({ ...SECRETS, ...WRONG, ...ICE, ...PERSONS });
const keys = Object.entries({ 'an SRTP key': KEY, ...DERIVED });

/** How software writes a text, in the middle of others. */
const writings: Readonly<Record<string, (text: string) => string>> = {
  'in a line of the log': (text) => JSON.stringify({ level: 'info', note: `is ${text}, it is`, msg: 'x' }),
  'in JSON within JSON': (text) => JSON.stringify({ body: JSON.stringify({ note: `"${text}"\r\n` }) }),
  'with all of JSON’s escapes': (text) =>
    `{"x":"${[...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}`,
  'as PHP writes JSON': (text) => `{"x":"${text.replaceAll('/', '\\/')}"}`,
  'as PHP writes JSON, within JSON within JSON': (text) =>
    JSON.stringify([JSON.stringify({ body: `{"x":"${text.replaceAll('/', '\\/')}"}` })]),
  'in a URL': (text) => `GET /me?access_token=${encodeURIComponent(text)}&fields=id HTTP/1.1`,
  'in a URL, in small letters': (text) =>
    `/me?a=${encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())}`,
  'in a form': (text) => String(new URLSearchParams({ x: text })),
  'of Basic authorization': (text) => `Basic ${Buffer.from(`user:${text}`).toString('base64')}`,
  'in base64, between others': (text) => Buffer.from(`xy${text}z`).toString('base64'),
  'in base64url': (text) => Buffer.from(`x${text}`).toString('base64url'),
  'in base64 that is broken into lines': (text) =>
    Buffer.from(`some words before ${text} and behind it`).toString('base64').replace(/.{19}/g, '$&\r\n'),
  'in hexadecimal': (text) => Buffer.from(text).toString('hex'),
  'as Node prints a buffer': (text) => inspect(Buffer.from(text), { breakLength: 40 }),
  'in the name of a file': (text) => `traces/${text}.json\n`,
  'as a packet': (text) => Buffer.concat([Buffer.of(0, 200, 255), Buffer.from(text)]).toString('latin1'),
};

it.each(Object.entries(writings))('every text is found %s, and half of one is not', (how, write) => {
  for (const [name, text] of texts) {
    // Five characters in base64, between others, are met by chance.
    if (/base64|Basic/.test(how) && text === PERSONS.keys) continue;
    const written = write(text);
    expect(scan.in(written)).toContain(name);
    expect(scan.in(written.slice(0, written.length / 2))).not.toContain(name);
  }
});

const inBytes: Readonly<Record<string, (key: Uint8Array) => string>> = {
  'in SDP, with its salt': (key) => `a=x ${Buffer.concat([key, SALT]).toString('base64')}|2^31`,
  'in SDP that is part of JSON': (key) =>
    JSON.stringify({ sdp: `v=0\r\na=${Buffer.concat([key, SALT]).toString('base64')}\r\n` }),
  'in a URL': (key) => encodeURIComponent(Buffer.concat([key, SALT]).toString('base64')),
  'in base64 that is broken into lines': (key) =>
    Buffer.concat([SALT, key, SALT]).toString('base64').replace(/.{11}/g, '$&\n'),
  'behind other bytes': (key) => Buffer.concat([Buffer.from('ab'), key, key]).toString('base64'),
  'in a file': (key) => `x${Buffer.from(key).toString('latin1')}y`,
  'in an object of JSON': (key) => JSON.stringify({ local: { key: new Uint8Array(key) } }),
  'in a buffer of JSON': (key) => JSON.stringify({ local: { key: Buffer.from(key) } }),
  'in JSON for people': (key) => JSON.stringify({ local: { key: Buffer.from(key) } }, undefined, 2),
  'in capitals': (key) => Buffer.from(key).toString('hex').toUpperCase(),
  'as a fingerprint': (key) => Buffer.from(key).toString('hex').match(/../g)?.join(':').toUpperCase() ?? '',
  'as Node prints a buffer': (key) => inspect(Buffer.from(key)),
  'as Node prints an array': (key) => inspect({ local: { key: new Uint8Array(key) } }),
};

it.each(Object.entries(inBytes))(
  'every key is found %s, and one that is nearly the same is not',
  (_, write) => {
    for (const [name, key] of keys) {
      expect(scan.in(write(key))).toContain(name);
      const other = Buffer.from(key);
      other[5] = (other[5] ?? 0) ^ 1;
      expect(scan.in(write(other))).not.toContain(name);
    }
  },
);

it.each([
  ['an SDES key', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcdefgh'],
  ['an SDES key', encodeURIComponent('inline:abcdefgh')],
  ['a private key', JSON.stringify({ pem: '-----BEGIN PRIVATE KEY-----\nMIIE' })],
  ['a digest response', 'Authorization: Digest username="x", response="0123"'],
  ['a digest response', JSON.stringify({ sip: 'Digest username="x", response="0123"' })],
  ['a digest response', JSON.stringify({ params: { response: '0'.repeat(32) } })],
  ['an ICE password', JSON.stringify({ sdp: 'a=ice-ufrag:x\r\na=ice-pwd:abc\r\n' })],
  ['a Bearer token', 'authorization: Bearer abcdefghijklmnopqrstuvw'],
])('%s is known by its shape', (name, text) => {
  expect(scan.in(text)).toContain(name);
});

it('what is cut out is no secret, nor what nobody asked for', () => {
  const text = JSON.stringify({
    sdp: 'a=ice-pwd:[secret]\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 [secret]\r\ninline:[secret]',
    sip: 'Proxy-Authorization: [secret]\r\nDigest x="y", response="[secret]"',
    http: 'Bearer [secret]; www-authenticate: Bearer realm="msgw"; "response":"approve"',
    noise: deflateRawSync(Buffer.from(Array.from({ length: 50_000 }, (_, n) => n * 7919).join(' '))).toString(
      'base64',
    ),
  });
  expect(scan.in(text)).toEqual([]);
});
