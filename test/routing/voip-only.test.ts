import { describe, expect, it } from 'vitest';
import { fitsPattern, type VoipTrunk, voipOnly } from '../../src/routing/index.ts';

const trunks: Record<string, VoipTrunk> = {
  pbx: {
    host: 'PBX.example.com',
    fromDomain: 'voice.example.com',
    voipOnly: true,
    transferTo: ['2??', 'q-*'],
  },
  closed: { host: '192.0.2.10', voipOnly: true },
  carrier: { host: 'carrier.example.net', voipOnly: false, transferTo: ['*'] },
  any: { host: '192.0.2.20', from: ['198.51.100.0/24'], voipOnly: true, transferTo: ['*'] },
  e164: { host: '2001:db8::5', transport: 'tls', voipOnly: true, transferTo: ['+4930123*'] },
  realm: { host: '192.0.2.30', domains: ['sip.example.org'], voipOnly: true, transferTo: ['?*'] },
};
const verdict = (uri: string) => {
  const result = voipOnly({ uri }, trunks);
  return result.ok ? `${result.trunk}/${result.user}` : result.code.replace('ROUTING_TARGET_', '');
};

describe('where a transfer or redirect may go', () => {
  it('to a user that a pattern of the trunk names, whatever else the URI says', () => {
    expect(verdict('sip:201@pbx.example.com')).toBe('pbx/201');
    expect(verdict('SIP:201@PBX.EXAMPLE.COM.:5080;transport=tcp?Replaces=a%40b')).toBe('pbx/201');
    expect(verdict('sip:q-sales@voice.example.com')).toBe('pbx/q-sales');
    expect(verdict('sip:q-%C3%BC@pbx.example.com')).toBe('pbx/q-ü');
    expect(verdict('sip:201;x=y:secret@pbx.example.com')).toBe('pbx/201');
    expect(verdict('sip:7@198.51.100.77')).toBe('any/7');
    expect(verdict('sip:7@sip.example.org')).toBe('realm/7');
  });

  it('nowhere by default', () => {
    expect(verdict('sip:201@192.0.2.10')).toBe('NOT_ALLOWED');
    expect(verdict('sip:301@pbx.example.com')).toBe('NOT_ALLOWED');
    expect(verdict('sip:2010@pbx.example.com')).toBe('NOT_ALLOWED');
  });

  it('to no host but those of trunks', () => {
    for (const host of [
      'evil.example.com',
      'pbx.example.com.evil.net',
      '192.0.2.11',
      '[2001:db8::6]',
      '127.0.0.1',
    ])
      expect(verdict(`sip:201@${host}`), host).toBe('ELSEWHERE');
    expect(verdict('sip:201@evil.net?x=@pbx.example.com'), 'a header is no host').toBe('ELSEWHERE');
  });

  it('to no telephone number, however it is written', () => {
    for (const uri of [
      'tel:+4930123456',
      'tel:201',
      'sip:+4930123456@192.0.2.20',
      'sip:%2B4930123456@192.0.2.20',
      'sip:%2b49-30-123456@192.0.2.20',
      'sip:004930123456@192.0.2.20',
      'sip:+4930123456;phone-context=x@192.0.2.20',
      'sip:123;phone-context=+49@192.0.2.20',
      'sip:+4930123456%3Bx@192.0.2.20',
      'sip:+4930123456%2C1@192.0.2.20',
      'sip:+4930123456p1@192.0.2.20',
      'sip:+49301234567890123@192.0.2.20',
      'sip:201@192.0.2.20;user=phone',
      'sip:201@192.0.2.20;transport=udp;USER=PHONE;lr',
    ])
      expect(verdict(uri), uri).toBe('PSTN');
  });

  it('to a number that a pattern says the beginning of', () => {
    expect(verdict('sip:+4930123456@[2001:DB8:0::5]:5061')).toBe('e164/+4930123456');
    expect(verdict('sips:+4930123456@[2001:db8::5]')).toBe('e164/+4930123456');
    expect(verdict('sip:+4930999456@[2001:db8::5]')).toBe('PSTN');
    expect(verdict('sip:201@pbx.example.com;user=phone'), 'some phones say so of everything').toBe('pbx/201');
  });

  it('to no trunk that reaches the PSTN, and not with sips into the clear', () => {
    expect(verdict('sip:201@carrier.example.net')).toBe('PSTN');
    expect(verdict('sips:201@pbx.example.com')).toBe('NOT_ALLOWED');
  });

  it('to nothing that cannot be called', () => {
    for (const uri of [
      '',
      '201',
      'sip:',
      'sip:pbx.example.com',
      'sip:@pbx.example.com',
      'sip:%ZZ@pbx.example.com',
      'sip:2%0D%0A1@pbx.example.com',
      'sip:2\r\n1@pbx.example.com',
      'sip:201@[2001:db8::5',
      'sip:201@pbx.example.com:x',
      'http://pbx.example.com/201@',
      `sip:${'2'.repeat(5_000)}@pbx.example.com`,
    ])
      expect(verdict(uri), JSON.stringify(uri.slice(0, 60))).toBe('MALFORMED');
  });

  it('of several trunks with one host the one that permits it counts', () => {
    const two = { a: { host: '192.0.2.1', voipOnly: true }, b: { ...trunks['pbx']!, host: '192.0.2.1' } };
    expect(voipOnly({ uri: 'sip:201@192.0.2.1' }, two)).toEqual({ ok: true, trunk: 'b', user: '201' });
  });
});

describe('a pattern', () => {
  it('is whole, and takes each character for itself', () => {
    expect(fitsPattern('2??', '201')).toBe(true);
    expect(fitsPattern('2??', '20')).toBe(false);
    expect(fitsPattern('a*b*c', 'a.b.b.c')).toBe(true);
    expect(fitsPattern('a*b*c', 'a.b.b')).toBe(false);
    expect(fitsPattern('*', '')).toBe(true);
    expect(fitsPattern('.+', 'ab')).toBe(false);
    expect(fitsPattern('A', 'a')).toBe(false);
  });

  it('takes no time on a text that was made for it', () => {
    expect(fitsPattern('*a*a*a*a*a*a*a*a*b', 'a'.repeat(2_000))).toBe(false);
  });
});
