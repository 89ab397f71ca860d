import type { TortureCase } from './verdict.ts';

/** A case with its message, lines without CRLF; Content-Length is counted here, for the RFC's are not right. */
interface Written extends TortureCase {
  readonly lines: readonly string[];
  readonly body?: readonly string[];
}

const register = (uri: string): string[] => [
  `REGISTER ${uri} SIP/2.0`,
  'To: sip:user@example.com',
  'From: sip:user@example.com;tag=81x2',
  'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
  'Call-ID: SSG9559905523997077@hlau_4100',
  'Max-Forwards: 70',
  'Contact: "Caller" <sip:caller@[2001:db8::1]>',
  'CSeq: 98176 REGISTER',
];
const CONTACT = { Contact: '"Caller" <sip:caller@[2001:db8::1]>' };

const options = (host: string): string[] => [
  `OPTIONS sip:user@${host} SIP/2.0`,
  `To: sip:user@${host}`,
  'From: sip:user@example.com;tag=810x2',
  'Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111',
  'Call-ID: G9559905523997077@hlau_4100',
  'CSeq: 689 OPTIONS',
  'Max-Forwards: 70',
];

const MEDIA = [
  't=3338481189 3370017201',
  'm=audio 6000 RTP/AVP 2',
  'a=rtpmap:2 G726-32/8000',
  'm=video 6024 RTP/AVP 107',
  'a=rtpmap:107 H263-1998/90000',
];

const WRITTEN: readonly Written[] = [
  {
    name: 'ipv6-good',
    section: '4.1',
    says: 'A well-formed IPv6 reference in the Request-URI, Via and Contact.',
    lines: register('sip:[2001:db8::10]'),
    expected: { outcome: 'delivered', reads: CONTACT },
  },
  {
    name: 'ipv6-bad',
    section: '4.2',
    says: 'No brackets around the address in the Request-URI: 400.',
    lines: register('sip:2001:db8::10'),
    expected: { outcome: 'answered', status: 400 },
  },
  {
    name: 'port-ambiguous',
    section: '4.3',
    says: 'What stands within the brackets is all address, though a port may have been meant.',
    lines: register('sip:[2001:db8::10:5070]'),
    expected: { outcome: 'delivered', reads: CONTACT },
  },
  {
    name: 'port-unambiguous',
    section: '4.4',
    says: 'A port after the brackets.',
    lines: register('sip:[2001:db8::10]:5070'),
    expected: { outcome: 'delivered', reads: CONTACT },
  },
  {
    name: 'via-received-param-with-delim',
    section: '4.5',
    says: 'Brackets around the address in received are not of the grammar, and must be read. Its dialog is unknown: 481.',
    lines: [
      'BYE sip:[2001:db8::10] SIP/2.0',
      'To: sip:user@example.com;tag=bd76ya',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Max-Forwards: 70',
      'CSeq: 321 BYE',
    ],
    expected: { outcome: 'answered', status: 481 },
  },
  {
    name: 'via-received-param-no-delim',
    section: '4.5',
    says: 'An address without brackets in received, as the grammar has it.',
    lines: [
      'OPTIONS sip:[2001:db8::10] SIP/2.0',
      'To: sip:user@example.com',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3',
      'Call-ID: SSG95523997077@hlau_4100',
      'Max-Forwards: 70',
      'Contact: "Caller" <sip:caller@[2001:db8::9:1]>',
      'CSeq: 921 OPTIONS',
    ],
    expected: { outcome: 'delivered' },
  },
  {
    name: 'ipv6-in-sdp',
    section: '4.6',
    says: 'IPv6 addresses in the session description reach the application untouched.',
    lines: [
      'INVITE sip:user@[2001:db8::10] SIP/2.0',
      'To: sip:user@[2001:db8::10]',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "Caller" <sip:caller@[2001:db8::20]>',
      'CSeq: 8612 INVITE',
      'Max-Forwards: 70',
      'Content-Type: application/sdp',
    ],
    body: [
      'v=0',
      'o=assistant 971731711378798081 0 IN IP6 2001:db8::20',
      "s=Live video feed for today's meeting",
      'c=IN IP6 2001:db8::20',
      ...MEDIA,
    ],
    expected: { outcome: 'delivered', reads: { Contact: '"Caller" <sip:caller@[2001:db8::20]>' } },
  },
  {
    name: 'mult-ip-in-header',
    section: '4.7',
    says: 'IPv6 and IPv4 in one list of Via, and a received of the other family. Its dialog is unknown: 481.',
    lines: [
      'BYE sip:user@host.example.net SIP/2.0',
      'Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144',
      'Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200',
      'Call-ID: 997077@lau_4100',
      'Max-Forwards: 70',
      'CSeq: 89187 BYE',
      'To: sip:user@example.net;tag=9817--94',
      'From: sip:user@example.com;tag=81x2',
    ],
    expected: { outcome: 'answered', status: 481 },
  },
  {
    name: 'mult-ip-in-sdp',
    section: '4.8',
    says: 'One media line on IPv4, one on IPv6.',
    lines: [
      'INVITE sip:user@[2001:db8::10] SIP/2.0',
      'To: sip:user@[2001:db8::10]',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "Caller" <sip:caller@[2001:db8::9:1]>',
      'Max-Forwards: 70',
      'CSeq: 8912 INVITE',
      'Content-Type: application/sdp',
    ],
    body: [
      'v=0',
      'o=bob 280744730 28977631 IN IP4 host.example.com',
      's=',
      't=0 0',
      'm=audio 22334 RTP/AVP 0',
      'c=IN IP4 192.0.2.1',
      'm=video 6024 RTP/AVP 107',
      'c=IN IP6 2001:db8::1',
      'a=rtpmap:107 H263-1998/90000',
    ],
    expected: { outcome: 'delivered' },
  },
  {
    name: 'ipv4-mapped-ipv6',
    section: '4.9',
    says: 'IPv4-mapped IPv6 addresses in Via, Contact and the session description.',
    lines: [
      'INVITE sip:user@example.com SIP/2.0',
      'To: sip:user@example.com',
      'From: sip:user@east.example.com;tag=81x2',
      'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      'Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
      'CSeq: 612 INVITE',
      'Max-Forwards: 70',
      'Content-Type: application/sdp',
    ],
    body: [
      'v=0',
      'o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2',
      's=Call me soon, please!',
      'c=IN IP6 ::ffff:192.0.2.2',
      ...MEDIA,
    ],
    expected: { outcome: 'delivered', reads: { Contact: '"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>' } },
  },
  {
    name: 'ipv6-bug-abnf-3-colons',
    section: '4.10',
    says: 'Three colons before an IPv4 address come of a mistake in the grammar of RFC 3261, and must be borne.',
    lines: options('[2001:db8:::192.0.2.1]'),
    expected: { outcome: 'delivered' },
  },
  {
    name: 'ipv6-correct-abnf-2-colons',
    section: '4.10',
    says: 'The same address as RFC 4291 writes it.',
    lines: options('[2001:db8::192.0.2.1]'),
    expected: { outcome: 'delivered' },
  },
];

export interface WrittenCase extends TortureCase {
  readonly message: Buffer;
}

/** The messages of RFC 5118. */
export const RFC5118: readonly WrittenCase[] = WRITTEN.map(({ lines, body = [], ...of }) => {
  const text = body.map((line) => `${line}\r\n`).join('');
  const head = [...lines, `Content-Length: ${text.length}`].map((line) => `${line}\r\n`).join('');
  return { ...of, message: Buffer.from(`${head}\r\n${text}`) };
});
