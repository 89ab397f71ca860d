import { describe, expect, test } from 'vitest';
import { formatReplaces, parseReferTo, parseReplaces } from '../../src/sip/index.ts';
import { sipfrag } from '../../src/sip/refer.ts';

const target = (value: string): object => {
  const parsed = parseReferTo(value);
  if (!parsed.ok) throw new Error(`${parsed.error.status} ${parsed.error.phrase}`);
  return parsed.value;
};
const status = (value: string | undefined): number => {
  const parsed = parseReferTo(value);
  return parsed.ok ? 200 : parsed.error.status;
};

describe('Refer-To', () => {
  test.each([
    ['<sip:200@pbx.example>', { uri: 'sip:200@pbx.example', user: '200', host: 'pbx.example' }],
    ['sip:200@PBX.example', { uri: 'sip:200@PBX.example', host: 'pbx.example' }],
    ['"Bob, the \\"one\\"" <sip:bob@10.0.0.1:5070>', { host: '10.0.0.1', port: 5070 }],
    ['Bob <sips:b%20b@[2001:DB8::1]:5061>;x=y', { user: 'b b', host: '2001:db8::1', port: 5061 }],
    ['sip:200@pbx.example;x=y', { uri: 'sip:200@pbx.example' }],
    ['<sip:a;b?c@pbx.example>', { user: 'a;b?c' }],
    [
      '<sip:200@pbx.example;line=x;method=invite;maddr=1.2.3.4;ttl=1;lr>',
      { uri: 'sip:200@pbx.example;line=x' },
    ],
    ['<sip:200@pbx.example?Subject=hi&Route=%3Csip:evil%3E>', { uri: 'sip:200@pbx.example' }],
    ['<tel:+49-30-123>', { uri: 'tel:+49-30-123', user: '+49-30-123', host: '' }],
  ])('%s', (value, wanted) => {
    expect(target(value)).toMatchObject(wanted);
  });

  test('with Replaces, escaped as it should be and as some phones do', () => {
    const replaces = { callId: 'a@10.0.0.1', toTag: 't', fromTag: 'f', earlyOnly: false };
    const escaped = '<sip:b@pbx?Replaces=a%4010.0.0.1%3Bto-tag%3Dt%3Bfrom-tag%3Df&Require=replaces>';
    expect(target(escaped)).toMatchObject({ uri: 'sip:b@pbx', replaces, requiresReplaces: true });
    const plain = '<sip:b@pbx?replaces=a@10.0.0.1%3Bfrom-tag%3Df%3Bto-tag%3Dt>';
    expect(target(plain)).toMatchObject({ replaces, requiresReplaces: false });
  });

  test.each([
    [undefined, 400],
    ['', 400],
    ['<mailto:a@b>', 416],
    ['<sip:200@pbx;method=BYE>', 501],
    ['<sip:200@pbx>,<sip:201@pbx>', 400],
    ['sip:200@pbx?Replaces=a', 400],
    ['sip:200@pbx,sip:201@pbx', 400],
    ['<sip:200@pbx:0>', 400],
    ['<sip:200@pb_x>', 400],
    ['<sip:200@pbx?Replaces=a%3Bto-tag%3Db%3Bto-tag%3Dc%3Bfrom-tag%3Dd>', 400],
  ])('%s is refused with %i', (value, wanted) => {
    expect(status(value)).toBe(wanted);
  });

  test('made to take long does not', () => {
    const hostile = ['"'.repeat(2_000), `<sip:${';a'.repeat(900)}>`, `<sip:${'a:'.repeat(900)}@>`];
    for (const value of hostile) expect(status(value)).toBe(400);
  });
});

describe('Replaces', () => {
  test('is read as it is written', () => {
    const dialog = { callId: 'x@y', toTag: '1', fromTag: '2', earlyOnly: true };
    expect(parseReplaces(formatReplaces(dialog))).toEqual(dialog);
    expect(parseReplaces(' x@y ; from-tag=2 ; To-Tag=1 ;early-only;z=1')).toEqual(dialog);
  });

  test.each([
    [''],
    ['x'],
    ['x;to-tag=1'],
    ['x y;to-tag=1;from-tag=2'],
    ['x;to-tag=;from-tag=2'],
    ['x;to-tag=1;from-tag=2, y;to-tag=1;from-tag=2'],
    ['x;to-tag=1;to-tag=1;from-tag=2'],
  ])('%s is none', (value) => {
    expect(parseReplaces(value)).toBeUndefined();
  });
});

test('a sipfrag is one line', () => {
  expect(sipfrag(486, 'Busy\r\nHere')).toBe('SIP/2.0 486 BusyHere\r\n');
});
