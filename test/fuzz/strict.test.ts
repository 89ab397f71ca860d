import { describe, expect, test } from 'vitest';
import { bytesOf, request } from './draft.ts';
import { Random } from './random.ts';
import { readAsSrf } from './srf-reader.ts';
import { faultOf, frameFault } from './strict.ts';

const VALID = bytesOf(
  request(new Random(5), 'INVITE', { branch: 'z9hG4bKa', callId: 'c@d', from: '<sip:a@b>;tag=1', seq: 7 }),
).toString('latin1');
const fault = (text: string): string | undefined => faultOf(Buffer.from(text, 'latin1'), 'application');

test('a valid message has no fault', () => {
  expect(fault(VALID)).toBeUndefined();
  expect(() => readAsSrf(Buffer.from(VALID, 'latin1'))).not.toThrow();
});

describe('the checker of the fuzz sees', () => {
  test.each<[string, string | RegExp, string]>([
    ['a line that is no header', 'Max-Forwards: 70', 'Max-Forwards 70'],
    ['a bare line feed', 'Max-Forwards: 70', 'Max-Forwards: 7\n0'],
    ['a control character', 'Max-Forwards: 70', 'Max-Forwards: \x0170'],
    ['a run of spaces', 'Max-Forwards: 70', 'Subject: a  b'],
    ['a compact form', 'Call-ID:', 'i:'],
    ['a missing header', /From: .*\r\n/, ''],
    ['a repeated header', 'Max-Forwards: 70', 'Max-Forwards: 70\r\nMax-Forwards: 70'],
    ['a wrong length', /Content-Length: (\d+)/, 'Content-Length: 1$1'],
    ['another method in CSeq', '7 INVITE', '7 OPTIONS'],
    ['a number beyond 2^31', '7 INVITE', '2147483648 INVITE'],
    ['a broken Via', 'SIP/2.0/UDP 127.0.0.1:5080', 'SIP/2.0/UDP'],
    ['a second, broken Via', ';rport', ';rport, SIP/2.0/UDP a b'],
    ['an open bracket', '<sip:a@b>', '<sip:a@b'],
    ['an address without scheme', '<sip:a@b>', '<a@b>'],
    ['two hosts', '<sip:a@b>', '<sip:a@b@c>'],
    ['a bad port', '<sip:a@b>', '<sip:a@b:99999>'],
    ['an empty tag', ';tag=1', ';tag='],
    ['a space in the Request-URI', /^INVITE \S+/, 'INVITE sip:a b@c'],
    ['a header that would poison an object', 'Max-Forwards: 70', 'constructor: 1'],
  ])('%s', (_what, find, replace) => {
    const broken = VALID.replace(find, replace);
    expect(broken).not.toBe(VALID);
    expect(fault(broken)).toBeDefined();
  });

  test('a frame of an unknown type, or with tokens missing', () => {
    const bytes = Buffer.from(VALID, 'latin1');
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    const tokens =
      `sip|network|${bytes.length}|udp|1.2.3.4|5060|01:02:03.000000|${id}||127.0.0.1|5060|`.split('|');
    expect(frameFault(tokens, bytes)).toBeUndefined();
    expect(frameFault(['news', ...tokens.slice(1)], bytes)).toBeDefined();
    expect(frameFault(tokens.slice(0, 9), bytes)).toBeDefined();
    expect(frameFault(tokens.with(7, 'x'), bytes)).toBeDefined();
  });
});
