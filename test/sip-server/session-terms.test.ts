import { expect, test } from 'vitest';
import { answerTerms, isTooShort, termsOf } from '../../src/sip-server/dialog/session-terms.ts';
import { parseMinSE, parseSessionExpires } from '../../src/sip-server/grammar/session-expires.ts';
import { Headers } from '../../src/sip-server/message/headers.ts';

const headers = (...lines: readonly string[]): Headers => {
  const list = new Headers();
  for (const line of lines) {
    const at = line.indexOf(':');
    list.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return list;
};

test.each([
  ['1800', { interval: 1800, refresher: undefined }],
  ['1800;refresher=uac', { interval: 1800, refresher: 'uac' }],
  ['  4000 ; x=1 ; Refresher = UAS', { interval: 4000, refresher: 'uas' }],
  ['4294967295', { interval: 4_294_967_295, refresher: undefined }],
  ['4294967296', undefined],
  ['', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['1800,90', undefined],
  ['1800 uac', undefined],
  ['1800;refresher', undefined],
  ['1800;refresher=both', undefined],
  ['1800;refresher="uac', undefined],
  [`1800${';'.repeat(8000)}`, undefined],
])('Session-Expires: %s', (value, expected) => {
  expect(parseSessionExpires(value)).toEqual(expected);
});

test.each([
  ['90', 90],
  ['90;a=b', 90],
  ['ninety', undefined],
  ['', undefined],
])('Min-SE: %s', (value, expected) => {
  expect(parseMinSE(value)).toBe(expected);
});

test('the compact form is the same header', () => {
  expect(isTooShort(headers('x: 60', 'k: replaces, Timer'))).toBe(true);
});

test.each([
  [['Session-Expires: 89', 'Supported: timer'], true],
  [['Session-Expires: 89', 'Require: timer'], true],
  [['Session-Expires: 89;refresher=uas'], true],
  [['Session-Expires: 90', 'Supported: timer'], false],
  // 422 means nothing to a peer without session timers.
  [['Session-Expires: 89'], false],
  [['Supported: timer'], false],
])('too short: %s', (lines, expected) => {
  expect(isTooShort(headers(...lines))).toBe(expected);
});

// RFC 4028 9, table 2, and its rules for the interval.
test.each([
  // Nobody asks: no timer, even if the peer could.
  [[], undefined, undefined],
  [['Supported: timer'], undefined, undefined],
  // The peer asks.
  [['Supported: timer', 'Session-Expires: 1800'], undefined, '1800 uac true'],
  [['Supported: timer', 'Session-Expires: 1800;refresher=uac'], undefined, '1800 uac true'],
  [['Supported: timer', 'Session-Expires: 1800;refresher=uas'], undefined, '1800 uas true'],
  [['Session-Expires: 1800;refresher=uac'], undefined, '1800 uac true'],
  // A proxy asks for a peer that cannot.
  [['Session-Expires: 1800'], undefined, '1800 uas false'],
  [['Session-Expires: 30'], undefined, undefined],
  [['Session-Expires: many', 'Supported: timer'], undefined, undefined],
  // The application asks.
  [[], '600', '600 uas false'],
  [[], '600;refresher=uac', '600 uas false'],
  [['Supported: timer'], '600', '600 uac true'],
  [['Supported: timer'], '600;refresher=uas', '600 uas true'],
  [['Supported: timer'], '30', '90 uac true'],
  [['Supported: timer', 'Min-SE: 1000'], '600', '1000 uac true'],
  // Both ask: never more than the request, never less than its Min-SE, its refresher.
  [['Supported: timer', 'Session-Expires: 1800;refresher=uac'], '600;refresher=uas', '600 uac true'],
  [['Supported: timer', 'Session-Expires: 1800'], '7200;refresher=uas', '1800 uas true'],
  [['Supported: timer', 'Session-Expires: 1800', 'Min-SE: 900'], '600', '900 uac true'],
])('answer to %s, application %s: %s', (lines, wish, expected) => {
  const terms = answerTerms(headers(...lines), wish === undefined ? undefined : parseSessionExpires(wish));
  expect(terms && `${terms.interval} ${terms.refresher} ${terms.required}`).toBe(expected);
});

test('what a 2xx means depends on our role in the transaction', () => {
  const uas = headers('Session-Expires: 300;refresher=uas');
  expect(termsOf(uas, 'uac')).toEqual({ interval: 300, refresher: 'remote' });
  expect(termsOf(uas, 'uas')).toEqual({ interval: 300, refresher: 'local' });
  const silent = headers('Session-Expires: 10');
  expect(termsOf(silent, 'uac')).toEqual({ interval: 90, refresher: 'local' });
  expect(termsOf(headers(), 'uac')).toBeUndefined();
  expect(termsOf(headers('Session-Expires: x'), 'uac')).toBeUndefined();
});
