import { expect, test } from 'vitest';
import { serializeMessage } from '../../src/sip-server/message/serialize.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';

const HEAD = {
  via: 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  from: 'From: "A. G. Bell" <sip:agb@bell.example>;tag=1',
  to: 'To: sip:watson@bell.example',
  callId: 'Call-ID: 1@192.0.2.1',
  cseq: 'CSeq: 1 OPTIONS',
};
type Head = Partial<Record<keyof typeof HEAD, string>>;

const text = (
  changes: Head = {},
  extra: readonly string[] = [],
  body = '',
  start = 'OPTIONS sip:watson@bell.example SIP/2.0',
): string =>
  [start, ...Object.values({ ...HEAD, ...changes }).filter((line) => line !== ''), ...extra, '', body].join(
    '\r\n',
  );

const parse = (message: string | Buffer): ReturnType<typeof parseMessage> =>
  parseMessage(Buffer.from(message as string));
const verdict = (message: string): number => {
  const parsed = parse(message);
  return parsed.ok ? 200 : parsed.error.status;
};

test('folding, compact names, odd spacing and case come out clean', () => {
  const parsed = parse(
    'OPTIONS sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n' +
      'TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n' +
      'from   : "J Rosenberg \\\\\\"  two"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n' +
      'MaX-fOrWaRdS: 0068\r\ni: wsinv.ndaksdj@192.0.2.1\r\ncseq: 0009\r\n  OPTIONS\r\n' +
      'V  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n' +
      'NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n' +
      'k: a,\r\n\tb\r\nm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n',
  );
  if (!parsed.ok) throw new Error(parsed.error.reason);
  expect(serializeMessage(parsed.value).toString()).toBe(
    'OPTIONS sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n' +
      'TO: sip:vivekg@chair-dnrc.example.com ; tag = 1918181833n\r\n' +
      'From: "J Rosenberg \\\\\\"  two" <sip:jdrosen@example.com> ; tag = 98asjd8\r\n' +
      'MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nCSeq: 0009 OPTIONS\r\n' +
      'Via: SIP / 2.0 /UDP 192.0.2.2;branch=390skdjuw\r\nSubject: \r\n' +
      'NewFangledHeader: newfangled value continued newfangled value\r\n' +
      'Supported: a, b\r\nContact: "Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33\r\n' +
      'Content-Length: 0\r\n\r\n',
  );
  expect([parsed.value.toTag, parsed.value.fromTag, parsed.value.cseq]).toEqual([
    '1918181833n',
    '98asjd8',
    { seq: 9, method: 'OPTIONS' },
  ]);
});

test('Content-Length is bytes: surplus is cut off, a binary body survives, a missing one takes the datagram', () => {
  const body = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x80]);
  const message = Buffer.concat([Buffer.from(text({}, ['l: 5'])), body, Buffer.from('surplus')]);
  const parsed = parse(message);
  expect(parsed.ok && parsed.value.body.equals(body)).toBe(true);
  const open = parse(Buffer.from(text({}, [], 'é')));
  expect(open.ok && open.value.body.length).toBe(2);
});

test.each<[string, number, string]>([
  ['valid', 200, text()],
  ['Content-Length beyond the datagram', 400, text({}, ['Content-Length: 1'])],
  ['negative Content-Length', 400, text({}, ['Content-Length: -1'])],
  ['two Content-Length', 400, text({}, ['Content-Length: 0', 'l: 0'])],
  ['no end of headers', 400, text().slice(0, -2)],
  ['no Via', 400, text({ via: '' })],
  ['no From', 400, text({ from: '' })],
  ['no To', 400, text({ to: '' })],
  ['no Call-ID', 400, text({ callId: '' })],
  ['no CSeq', 400, text({ cseq: '' })],
  ['two From', 400, text({}, ['f: <sip:a@b>'])],
  ['CSeq of another method', 400, text({ cseq: 'CSeq: 1 INVITE' })],
  ['CSeq too large', 400, text({ cseq: 'CSeq: 36893488147419103232 OPTIONS' })],
  ['CSeq no number', 400, text({ cseq: 'CSeq: -1 OPTIONS' })],
  ['unclosed quote', 400, text({ from: 'From: "A. G. Bell <sip:agb@bell.example>;tag=1' })],
  ['comma in an unquoted name', 400, text({ from: 'From: Bell, Alexander <sip:agb@bell.example>;tag=1' })],
  ['unclosed angle', 400, text({ to: 'To: <sip:watson@bell.example' })],
  ['space in a URI', 400, text({ to: 'To: < sip:watson@bell.example>' })],
  ['quoted tag', 400, text({ from: 'From: <sip:agb@bell.example>;tag="a|b"' })],
  ['addr-spec with headers', 400, text({}, ['Contact: sip:user@example.com?Route=%3Csip:x%3E'])],
  ['header without colon', 400, text({}, ['Header'])],
  ['header name with a space', 400, text({}, ['My Header: 1'])],
  ['line feed in a value', 400, text({}, ['Subject: a\nVia: b'])],
  ['carriage return in a value', 400, text({}, ['Subject: a\rb'])],
  ['escaped line break in a quoted string', 400, text({ from: 'From: "a\\\r\\\nb" <sip:a@b>;tag=1' })],
  ['NUL in a value', 400, text({}, ['Subject: a\0'])],
  ['escaped NUL in a quoted string', 200, text({ from: 'From: "NUL:\\\0" <sip:a@b>;tag=1' })],
  ['two spaces in the request line', 400, text({}, [], '', 'OPTIONS  sip:watson@bell.example SIP/2.0')],
  ['trailing space in the request line', 400, text({}, [], '', 'OPTIONS sip:watson@bell.example SIP/2.0 ')],
  [
    'angle brackets around the Request-URI',
    400,
    text({}, [], '', 'OPTIONS <sip:watson@bell.example> SIP/2.0'),
  ],
  ['headers in the Request-URI', 400, text({}, [], '', 'OPTIONS sip:watson@bell.example?a=b SIP/2.0')],
  ['another version', 505, text({}, [], '', 'OPTIONS sip:watson@bell.example SIP/7.0')],
  ['unknown scheme', 416, text({}, [], '', 'OPTIONS nobodyKnowsThisScheme:x SIP/2.0')],
  ['tel URI', 200, text({}, [], '', 'OPTIONS tel:+1-201-555-0123 SIP/2.0')],
  [
    'IPv6',
    200,
    text({ via: 'Via: SIP/2.0/UDP [2001:db8::9:1]:5060;received=[2001:db8::9:255];branch=z9hG4bKas3' }),
  ],
  ['unbalanced IPv6', 400, text({ via: 'Via: SIP/2.0/UDP [2001:db8::9:1;branch=z9hG4bKas3' })],
  ['unknown transport in Via', 200, text({ via: 'Via: SIP/2.0/UNKNOWN t5.example.com;branch=z9hG4bKkdjuw' })],
  [
    'escaped user and parameters in the user part',
    200,
    text({}, [], '', 'OPTIONS sip:sips%3Auser%40example.com;x=%25@example.net SIP/2.0'),
  ],
  ['broken escape in the user part', 400, text({}, [], '', 'OPTIONS sip:a%zz@example.net SIP/2.0')],
  ['status out of range', 400, text({}, [], '', 'SIP/2.0 4294967301 better not break the receiver')],
  ['response without reason', 200, text({}, [], '', 'SIP/2.0 100 ')],
  ['UTF-8 reason', 200, text({}, [], '', 'SIP/2.0 200 = 2**3 * 5**2 но сто')],
])('%s: %i', (_name, status, message) => {
  expect(verdict(message)).toBe(status);
});

test('limits: header line, headers, Vias', () => {
  expect(verdict(text({}, [`Subject: ${'a'.repeat(8000)}`]))).toBe(200);
  expect(verdict(text({}, [`Subject: ${'a'.repeat(8200)}`]))).toBe(400);
  expect(
    verdict(
      text(
        {},
        Array.from({ length: 195 }, () => 'A: 1'),
      ),
    ),
  ).toBe(200);
  expect(
    verdict(
      text(
        {},
        Array.from({ length: 196 }, () => 'A: 1'),
      ),
    ),
  ).toBe(400);
  const vias = (n: number): string =>
    text({ via: `Via: ${Array.from({ length: n }, () => 'SIP/2.0/UDP 192.0.2.1').join(',')}` });
  expect([verdict(vias(70)), verdict(vias(71))]).toEqual([200, 400]);
});

test('a header named as a member of every object is not handed on', () => {
  const parsed = parse(text({}, ['constructor: 1', '__proto__: 2', 'X-Fine: 3']));
  if (!parsed.ok) throw new Error(parsed.error.reason);
  const out = serializeMessage(parsed.value).toString();
  expect(out).toContain('X-Fine: 3');
  expect(out).not.toMatch(/constructor|__proto__/);
});

test.each<[string, number[]]>([
  ['Latin-1', [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72]],
  ['a lone continuation byte', [0x61, 0x80]],
  ['a character cut off', [0x61, 0xe2, 0x82]],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61]],
  ['a last byte that Latin-1 calls a space', [0x61, 0xc3, 0xa0]],
])('bytes beyond ASCII come out as they came in: %s', (_name, bytes) => {
  const name = Buffer.from(bytes).toString('latin1');
  const message = Buffer.from(
    text({ from: `From: "${name}" <sip:a@b>;tag=1` }, [`Subject: ${name}`]),
    'latin1',
  );
  const parsed = parseMessage(message);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  const out = serializeMessage(parsed.value);
  expect(out.includes(Buffer.from(`From: "${name}" <sip:a@b>;tag=1\r\n`, 'latin1'))).toBe(true);
  expect(out.includes(Buffer.from(`Subject: ${name}\r\n`, 'latin1'))).toBe(true);
});

test.each<[string, number, string]>([
  ['all lines end with LF alone', 400, text().replaceAll('\r\n', '\n')],
  ['all lines end with CR alone', 400, text().replaceAll('\r\n', '\r')],
  ['one line ends with LF alone', 400, text({ to: 'To: sip:watson@bell.example\nSubject: x' })],
  ['the end is LF LF', 400, `${text().slice(0, -4)}\n\n`],
  ['a fold of white space only', 200, text({}, ['Subject: a', ' ', '\t'])],
  ['a fold before the first header', 400, text({ via: ' folded', from: 'From: <sip:a@b>' })],
  ['a fold after LF', 400, text({}, ['Subject: a\n b'])],
  ['a fold after CR', 400, text({}, ['Subject: a\r b'])],
  ['a fold at the end', 200, text({}, ['Subject: a', ' b'])],
  ['a name beyond ASCII', 400, text({}, ['Grüße: a'])],
  ['an empty name', 400, text({}, [': a'])],
  ['a tab before the colon', 200, text({}, ['Subject\t: a'])],
  ['a folded Content-Length', 200, text({}, ['Content-Length:', ' 0'])],
  ['Content-Length with a sign', 400, text({}, ['Content-Length: +0'])],
  ['Content-Length with a comma', 400, text({}, ['Content-Length: 0, 0'])],
  ['two Call-ID, one compact', 400, text({}, ['i: other'])],
  ['two CSeq of one value', 400, text({}, ['CSeq: 1 OPTIONS'])],
  ['two Max-Forwards', 400, text({}, ['Max-Forwards: 1', 'Max-Forwards: 1'])],
  ['an empty Via among others', 400, text({ via: 'Via: SIP/2.0/UDP a;branch=z9hG4bK1,,SIP/2.0/UDP b' })],
  ['a version in lower case', 200, text({}, [], '', 'OPTIONS sip:watson@bell.example sip/2.0')],
  [
    'an unknown method whose CSeq is of another',
    501,
    text({}, [], '', 'DANCE sip:watson@bell.example SIP/2.0'),
  ],
  ['two tags in From', 400, text({ from: 'From: <sip:a@b>;tag=1;TAG=2' })],
  ['one tag twice', 200, text({ from: 'From: <sip:a@b>;tag=1;tag=1' })],
  ['two tags in To', 200, text({ to: 'To: <sip:a@b>;tag=1;tag=2' })],
  ['a tag without value', 400, text({ from: 'From: <sip:a@b>;tag' })],
  ['two branches', 400, text({ via: 'Via: SIP/2.0/UDP a;branch=z9hG4bK1;branch=z9hG4bK2' })],
  ['Contact: * in OPTIONS', 200, text({}, ['Contact: *'])],
  ['IPv6 with three colons before IPv4', 200, text({}, ['Contact: <sip:a@[2001:db8:::192.0.2.1]>'])],
  ['IPv6 with three colons elsewhere', 400, text({}, ['Contact: <sip:a@[2001:db8:::1]>'])],
  ['IPv6 with nine groups', 400, text({}, ['Contact: <sip:a@[1:2:3:4:5:6:7:8:9]>'])],
  ['IPv6 with a zone', 400, text({}, ['Contact: <sip:a@[fe80::1%25eth0]>'])],
])('%s: %i', (_name, status, message) => {
  expect(verdict(message)).toBe(status);
});

test('a broken status line is a response, whatever its case: it is never answered', () => {
  for (const line of ['sip/2.0 200 OK', 'Sip/9.9 200 OK', 'SIP/2.0 2000 OK', 'SIP/2.0'])
    expect(parse(text({}, [], '', line))).toMatchObject({ ok: false, error: { status: expect.any(Number) } });
  for (const line of ['sip/2.0 200 OK', 'Sip/9.9 200 OK', 'SIP/2.0 2000 OK', 'SIP/2.0'])
    expect(parse(text({}, [], '', line))).not.toHaveProperty('error.headers');
});

test('a Date that is none is dropped, a good one stays', () => {
  const date = (value: string): string | undefined => {
    const parsed = parse(text({}, [`Date: ${value}`]));
    return parsed.ok ? parsed.value.headers.get('date') : 'refused';
  };
  expect(date('Fri, 01 Jan 2010 16:00:00 GMT')).toBe('Fri, 01 Jan 2010 16:00:00 GMT');
  expect(date('Fri, 01 Jan 2010 16:00:00 EST')).toBeUndefined();
  expect(date('yesterday')).toBeUndefined();
});

test.each<[string, number]>([
  ['<sip:a@b>', 200],
  ['sips:a@b', 200],
  ['*', 400],
  ['<tel:+1201>', 400],
  ['<http://a.example>', 400],
])('an INVITE with Contact: %s: %i', (contact, status) => {
  const invite = text({ cseq: 'CSeq: 1 INVITE' }, [`Contact: ${contact}`], '', 'INVITE sip:a@b SIP/2.0');
  expect(verdict(invite)).toBe(status);
});
