import { expect, test } from 'vitest';
import {
  cleanText,
  escapeUser,
  isToken,
  isUri,
  parseNameAddr,
  quoteString,
  splitOutside,
  unquote,
  userOf,
} from '../../src/sip/grammar.ts';

test('lists split outside quotes and angle brackets only', () => {
  expect(splitOutside('"a, \\"b" <sip:x@y;p=1,2>;q=1, <sip:z@w> ,, sip:v', ',')).toEqual([
    '"a, \\"b" <sip:x@y;p=1,2>;q=1',
    '<sip:z@w>',
    'sip:v',
  ]);
});

test.each([
  [
    '"Acme; \\"Inc\\" <x>" <sip:100%23@pbx;user=phone>;tag=a1',
    'Acme; "Inc" <x>',
    'sip:100%23@pbx;user=phone',
    'a1',
  ],
  ['Bob Token<sip:bob@pbx>;tag="q;1"', 'Bob Token', 'sip:bob@pbx', 'q;1'],
  ['sip:bob@pbx;tag=t', '', 'sip:bob@pbx', 't'],
  ['<tel:+4930123>', '', 'tel:+4930123', undefined],
  ['<sip:open', '', 'sip:open', undefined],
  ['', '', '', undefined],
])('%s is read as a name-addr', (value, displayName, uri, tag) => {
  const parsed = parseNameAddr(value);
  expect([parsed.displayName, parsed.uri, parsed.params.get('tag')]).toEqual([displayName, uri, tag]);
});

test.each([
  ['sip:alice@pbx', 'alice'],
  ['SIPS:al%20ice;x=1:pw@pbx', 'al ice'],
  ['sip:pbx', ''],
  ['tel:+49-30;phone-context=x', '+49-30'],
  ['sip:50%@pbx', '50%'],
  ['mailto:a@b', ''],
  ['', ''],
])('the user of %s is %s', (uri, user) => {
  expect(userOf(uri)).toBe(user);
});

test('a quoted-string cannot be left, whatever it holds', () => {
  const text = 'Ann "the\\ boss"\r\nVia: x\u0000\u2028Müller 🎧';
  const quoted = quoteString(text);
  expect(quoted).toBe('"Ann \\"the\\\\ boss\\" Via: x Müller 🎧"');
  expect(unquote(quoted)).toBe('Ann "the\\ boss" Via: x Müller 🎧');
});

test('text is cleaned to one line, lone surrogates too', () => {
  expect(cleanText(' a\r\n\r\nINVITE\tb\x7f\u0085c\ud800 ')).toBe('a INVITE b c\ufffd');
});

test('a user part is escaped so that nothing in it is syntax', () => {
  expect(escapeUser('+49 30@evil;x>\r\n')).toBe('+49%2030%40evil%3Bx%3E');
  expect(userOf(`sip:${escapeUser('Müller & Söhne')}@x`)).toBe('Müller & Söhne');
});

test('URIs with white space, brackets, quotes or the separator of control frames are refused', () => {
  for (const uri of ['sip:a@b', 'sips:a@[::1]:5061;transport=tls', 'tel:+49', 'sip:b?Replaces=x%40y']) {
    expect(isUri(uri), uri).toBe(true);
  }
  for (const uri of [
    '',
    'http://x',
    'sip:',
    'sip:a b',
    'sip:a\r\nVia: x',
    'sip:a>b',
    'sip:"a"@b',
    'sip:a|b',
    'sip:ä@b',
  ]) {
    expect(isUri(uri), uri).toBe(false);
  }
  expect(isUri(`sip:${'a'.repeat(2000)}@b`)).toBe(false);
});

test('header names are tokens', () => {
  expect(isToken('X-Meta-Call-Id')).toBe(true);
  for (const name of ['', 'X Y', 'X:', 'X\r\nY', 'ü', 'a'.repeat(65)])
    expect(isToken(name), name).toBe(false);
});
