import { expect, test } from 'vitest';
import {
  cleanHeaders,
  cseqOf,
  formatFrom,
  parseContacts,
  parseRetryAfter,
  sdpIn,
  unusable,
} from '../../src/sip/headers.ts';

test('From is quoted and escaped', () => {
  expect(formatFrom({ user: '123', displayName: 'Ann "A" <sip:evil@x>' })).toBe(
    '"Ann \\"A\\" <sip:evil@x>" <sip:123@localhost>',
  );
  expect(formatFrom({ user: 'a b', host: 'gw.example' })).toBe('<sip:a%20b@gw.example>');
  expect(formatFrom({ user: '' })).toBe('<sip:localhost>');
});

test('what the stack writes and what is no header name is kept back, values stay on their line', () => {
  const { headers, rejected } = cleanHeaders({
    'X-Meta-Call-Id': 'c1\r\nRoute: <sip:evil>',
    Via: 'x',
    'content-LENGTH': '9',
    'Bad Name': 'x',
    constructor: 'x',
    'X-Empty': '\r\n',
  });
  expect(headers).toEqual({ 'X-Meta-Call-Id': 'c1 Route: <sip:evil>' });
  expect(rejected).toEqual(['Via', 'content-LENGTH', 'Bad Name', 'constructor']);
});

test('options that cannot be sent are named', () => {
  const base = { uri: 'sip:a@b', from: { user: 'x' }, headers: {}, sdp: '' };
  expect(unusable(base)).toBeUndefined();
  expect(unusable({ ...base, uri: 'a@b' })).toBe('uri');
  expect(unusable({ ...base, proxy: 'sip:p|x' })).toBe('proxy');
  expect(unusable({ ...base, to: '<sip:a>' })).toBe('to');
  expect(unusable({ ...base, from: { user: 'x', host: 'a\r\nb' } })).toBe('from.host');
});

test.each([
  ['120', 120],
  [' 5 (in a meeting);duration=3600', 5],
  ['18000;duration=3600', 18000],
  ['soon', undefined],
  ['12x', undefined],
  [undefined, undefined],
])('Retry-After %s', (value, seconds) => {
  expect(parseRetryAfter(value)).toBe(seconds);
});

test('contacts come best q first, unusable ones not at all', () => {
  expect(
    parseContacts(
      '<sip:c@x>;q=0.1, "A, B" <sip:a@x;transport=tcp>, sip:b@x;q=0.5, <http://x>, <sip:d@x>;q=nine',
    ),
  ).toEqual(['sip:a@x;transport=tcp', 'sip:b@x', 'sip:c@x', 'sip:d@x']);
  expect(parseContacts('*')).toEqual([]);
});

test('CSeq', () => {
  expect([cseqOf('102 INVITE'), cseqOf(''), cseqOf(undefined)]).toEqual([102, 0, 0]);
});

test('SDP is found in the body and in a multipart body', () => {
  const sdp = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n';
  expect(sdpIn('application/sdp', sdp)).toBe(sdp);
  expect(sdpIn(undefined, sdp)).toBe(sdp);
  expect(sdpIn('Application/SDP; charset=utf-8', sdp)).toBe(sdp);
  const multipart = `--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b1--\r\n`;
  expect(sdpIn('multipart/mixed;boundary="b1"', multipart)?.trim()).toBe(sdp.trim());
  expect(sdpIn('application/isup', 'xx')).toBeUndefined();
  expect(sdpIn('multipart/mixed', multipart)).toBeUndefined();
  expect(sdpIn('application/sdp', '')).toBeUndefined();
});
