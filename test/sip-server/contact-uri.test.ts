import { expect, test } from 'vitest';
import { parseContactUri } from '../../src/sip-server/index.ts';

const listeners = (text: string): string[] => {
  const parsed = parseContactUri(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value.map(({ protocol, address, port }) => `${protocol}/${address}:${port}`);
};

test.each([
  ['sip:*', ['udp/0.0.0.0:5060', 'tcp/0.0.0.0:5060']],
  ['sip:*;transport=udp,tcp', ['udp/0.0.0.0:5060', 'tcp/0.0.0.0:5060']],
  ['sip:192.0.2.1:5070;transport=udp', ['udp/192.0.2.1:5070']],
  ['sip:[2001:db8::1]:0;transport=TCP', ['tcp/2001:db8::1:0']],
  ['sips:*', ['tls/0.0.0.0:5061']],
  ['sips:127.0.0.1:5063;transport=tls', ['tls/127.0.0.1:5063']],
  ['sip:127.0.0.1;transport=udp,tls', ['udp/127.0.0.1:5060', 'tls/127.0.0.1:5061']],
])('%s', (text, expected) => {
  expect(listeners(text)).toEqual(expected);
});

test.each([
  ['', /is no contact/],
  ['192.0.2.1', /is no contact/],
  ['sip:me@192.0.2.1', /is no contact/],
  ['sip:pbx.example', /"pbx\.example" is neither an IP address/],
  ['sip:192.0.2.1;transport=wss', /transport "wss" is none of/],
  ['sip:192.0.2.1;transport=', /transport "" is none of/],
  ['sip:192.0.2.1;lr', /no parameter but transport/],
  ['sip:192.0.2.1;transport=udp;lr', /no parameter but transport/],
  ['sips:192.0.2.1;transport=udp', /sips is served by tls/],
])('"%s" is refused with the reason', (text, reason) => {
  const parsed = parseContactUri(text);
  expect(!parsed.ok && parsed.error).toMatch(reason);
});
