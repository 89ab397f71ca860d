import { expect, it } from 'vitest';
import { formatSipTrace, redactSip } from '../../src/observe/index.ts';

const trace = (lines: readonly string[]): string =>
  formatSipTrace({
    direction: 'in',
    protocol: 'udp',
    local: { address: '127.0.0.1', port: 5060 },
    remote: { address: '2001:db8::1', port: 5080 },
    message: Buffer.from(lines.join('\r\n')),
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  });

it('shows where a message went and what it says', () => {
  expect(trace(['OPTIONS sip:a@b SIP/2.0', 'To: <sip:a@b>', '', ''])).toBe(
    '2026-01-02T03:04:05.006Z udp 127.0.0.1:5060 <- [2001:db8::1]:5080 42 bytes\nOPTIONS sip:a@b SIP/2.0\nTo: <sip:a@b>\n',
  );
});

it.each([
  'Authorization: Digest username="u", response="SECRET", nc=1',
  'authorization  :Basic SECRET',
  'Proxy-Authorization: Digest username="u",\r\n response="SECRET"',
  'Proxy-Authorization: Digest username="u",\r\n\tcnonce="x",\r\n  response="SECRET"',
  'WWW-Authenticate: Digest nonce="SECRET"',
  'Proxy-Authenticate: Digest nonce="SECRET"',
  'Authentication-Info: rspauth="SECRET"',
])('cuts %s', (header) => {
  const shown = trace(['INVITE sip:a@b SIP/2.0', 'From: <sip:a@b>', header, 'Call-ID: kept', '', '']);
  expect(shown).not.toContain('SECRET');
  expect(shown).toContain('[secret]\nCall-ID: kept');
});

it('cuts keys of media', () => {
  const shown = trace([
    'SIP/2.0 200 OK',
    '',
    'v=0',
    'a=ice-pwd:SECRET',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET',
    'k=base64:SECRET',
    'a=sendrecv',
  ]);
  expect(shown).not.toContain('SECRET');
  expect(shown).toContain('a=sendrecv');
});

it('shows no control characters to a terminal', () => {
  expect(trace(['OPTIONS sip:a@b SIP/2.0', 'Subject: \u001b[2J\rx', ''])).toContain('Subject: .[2J.x');
});

it('gets through the longest message that a stranger may send', () => {
  expect(redactSip(`Authorization: ${'a\r\n '.repeat(15_000)}`)).toBe('Authorization: [secret]');
  for (const text of [`a=crypto:${' '.repeat(60_000)}`, `${'proxy-'.repeat(10_000)}authorization`])
    expect(redactSip(text)).toBe(text);
});

it('hides the password of a SIP URI and leaves host and port', () => {
  const text =
    'REGISTER sip:pbx:5060 SIP/2.0\r\nContact: <sip:u:SECRET@h:5060>, sips:v:SECRET@h\r\nTo: <sip:u@h:5061>\r\n';
  expect(redactSip(text)).toBe(text.replaceAll('SECRET', '[secret]'));
});
