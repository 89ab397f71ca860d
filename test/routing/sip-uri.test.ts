import { expect, test } from 'vitest';
import { escapeUser, formatSipUri } from '../../src/routing/index.ts';

test.each([
  [{ user: '1001', host: '192.0.2.1' }, 'sip:1001@192.0.2.1'],
  [{ user: '1001', host: 'pbx', port: 5080 }, 'sip:1001@pbx:5080'],
  [{ user: '1001', host: 'pbx.example.com', transport: 'udp' as const }, 'sip:1001@pbx.example.com'],
  [
    { user: '1001', host: '2001:db8::5', port: 5061, transport: 'tls' as const },
    'sip:1001@[2001:db8::5]:5061;transport=tls',
  ],
  [{ user: '1001', host: '[2001:db8::5]' }, 'sip:1001@[2001:db8::5]'],
  [{ user: '+254700', host: 'pbx' }, 'sip:+254700@pbx'],
  [{ user: 'a b@c:d"<>\r\n', host: 'pbx' }, 'sip:a%20b%40c%3Ad%22%3C%3E%0D%0A@pbx'],
])('%o', (parts, uri) => {
  expect(formatSipUri(parts)).toBe(uri);
});

test.each([
  { user: '', host: 'pbx' },
  { user: '1', host: '' },
  { user: '1', host: 'pbx;transport=tcp' },
  { user: '1', host: 'pbx\r\nX-Evil: 1' },
  { user: '1', host: '-pbx' },
  { user: '1', host: 'fe80::1%eth0' },
  { user: '1', host: 'pbx', port: 0 },
  { user: '1', host: 'pbx', port: 70_000 },
])('%o is no URI', (parts) => {
  expect(formatSipUri(parts)).toBeUndefined();
});

test('other scripts are escaped as UTF-8', () => {
  expect(escapeUser('Ä')).toBe('%C3%84');
  expect(escapeUser('\uD800')).toBe('%EF%BF%BD');
});
