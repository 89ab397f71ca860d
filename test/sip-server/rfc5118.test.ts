import { expect, test } from 'vitest';
import { parseHostPort } from '../../src/sip-server/grammar/scan.ts';
import { parseSipUri } from '../../src/sip-server/grammar/uri.ts';
import { formatVia, parseVia, withReceived } from '../../src/sip-server/grammar/via.ts';
import { judge } from './conformance/judge.ts';
import { RFC5118 } from './conformance/rfc5118.ts';

test.each(RFC5118.map((each) => [each.section, each.name, each] as const))(
  '%s %s',
  async (_section, _name, each) => {
    expect(await judge(each, each.message)).toEqual([]);
  },
);

test('4.3, 4.4: what is address and what is port', () => {
  expect(parseSipUri('sip:[2001:db8::10:5070]')).toMatchObject({ host: '2001:db8::10:5070' });
  expect(parseSipUri('sip:[2001:db8::10:5070]')).not.toHaveProperty('port');
  expect(parseSipUri('sip:[2001:db8::10]:5070')).toMatchObject({ host: '2001:db8::10', port: 5070 });
});

test('4.5: received is written without brackets', () => {
  const via = parseVia('SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1;rport')!;
  expect(formatVia(withReceived(via, { address: '2001:db8::9:255', port: 6 }))).toBe(
    'SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1;received=2001:db8::9:255;rport=6',
  );
});

test('4.10: three colons mean the address with two', () => {
  expect(parseHostPort('[2001:db8:::192.0.2.1]:5061')).toEqual({ host: '2001:db8::192.0.2.1', port: 5061 });
});
