import { expect, test } from 'vitest';
import { formatReason, parseReason } from '../../src/sip/reason.ts';

test('a reason is written as in RFC 3326', () => {
  expect(formatReason({ cause: 16, text: 'Normal call clearing' })).toBe(
    'Q.850;cause=16;text="Normal call clearing"',
  );
  expect(formatReason({ protocol: 'SIP', cause: 200, text: '' })).toBe('SIP;cause=200');
  expect(formatReason({ cause: 41, text: 'a "b"\r\nVia: x' })).toBe('Q.850;cause=41;text="a \\"b\\" Via: x"');
});

test.each([
  ['Q.850;cause=16;text="Terminated"', { q850: 16, text: 'Terminated' }],
  [
    'SIP ;cause=200 ;text="Call completed elsewhere, x", q.850 ; cause="17"',
    { sip: 200, q850: 17, text: 'Call completed elsewhere, x' },
  ],
  ['preemption;cause=1;text="UA Preemption"', {}],
  ['Q.850;cause=999', {}],
  ['Q.850;cause=-1', {}],
  ['SIP;cause=20', {}],
  ['Q.850;text=x', {}],
  ['', {}],
  [undefined, {}],
])('%s is read', (value, expected) => {
  expect(parseReason(value)).toEqual(expected);
});

test('the first cause of a protocol counts', () => {
  expect(parseReason('Q.850;cause=17, Q.850;cause=16')).toEqual({ q850: 17 });
});
