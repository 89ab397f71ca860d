import type { TortureCase } from './verdict.ts';

const refused = (status: number, reads?: Readonly<Record<string, string>>): TortureCase['expected'] => ({
  outcome: 'answered',
  status,
  ...(reads && { reads }),
});

/** RFC 4475 3.1.1: strange and valid. */
const VALID: readonly TortureCase[] = [
  {
    name: 'wsinv',
    section: '3.1.1.1',
    says: 'Valid in spite of folds, spaces, escapes and empty values. Its To tag names a dialog: inside that dialog it is a re-INVITE.',
    app: { status: 200, tag: '1918181833n' },
    expected: {
      outcome: 'delivered',
      inDialog: true,
      uri: 'sip:vivekg@chair-dnrc.example.com;unknownparam',
      reads: {
        Subject: '',
        NewFangledHeader: 'newfangled value continued newfangled value',
        UnknownHeaderWithUnusualValue: ';;,,;;,;',
        From: '"J Rosenberg \\\\\\"" <sip:jdrosen@example.com> ; tag = 98asjd8',
        Contact:
          '"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33',
        CSeq: '0009 INVITE',
        Route: '<sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
      },
    },
  },
  {
    name: 'intmeth',
    section: '3.1.1.2',
    says: 'Valid: every odd character where the grammar allows it. The method is one that nobody knows, hence 405, which repeats the identifiers to the letter.',
    expected: refused(405),
  },
  {
    name: 'esc01',
    section: '3.1.1.3',
    says: 'Valid: escapes in user parts and parameters are left as they are, for resolving them would change the target.',
    expected: {
      outcome: 'delivered',
      uri: 'sip:sips%3Auser%40example.com@example.net',
      reads: {
        To: 'sip:%75se%72@example.com',
        Contact: '<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>',
      },
    },
  },
  {
    name: 'escnull',
    section: '3.1.1.4',
    says: 'Valid: an escaped NUL in a user part does not end it; both contacts arrive and differ.',
    expected: {
      outcome: 'delivered',
      reads: { Contact: '<sip:%00@host5.example.com>,<sip:%00%00@host5.example.com>' },
    },
  },
  {
    name: 'esc02',
    section: '3.1.1.5',
    says: 'Valid: % is no escape in a method or a header name. RE%47IST%45R is not REGISTER but a method that nobody knows: 405.',
    expected: refused(405, { cseq: '29344 RE%47IST%45R' }),
  },
  {
    name: 'lwsdisp',
    section: '3.1.1.6',
    says: 'Valid: no space is needed between display name and <.',
    expected: { outcome: 'delivered', reads: { From: 'caller<sip:caller@example.com>;tag=323' } },
  },
  {
    name: 'longreq',
    section: '3.1.1.7',
    says: 'Valid: 34 Via, long values in every place. It must be served in whole.',
    expected: { outcome: 'delivered' },
  },
  {
    name: 'dblreq',
    section: '3.1.1.8',
    says: 'Valid: a REGISTER of Content-Length 0; what follows it in the datagram, here an INVITE, is ignored.',
    expected: { outcome: 'delivered', reads: { 'Call-ID': 'dblreq.0ha0isndaksdj99sdfafnl3lk233412' } },
  },
  {
    name: 'semiuri',
    section: '3.1.1.9',
    says: 'Valid: the semicolon before @ belongs to the user part.',
    expected: { outcome: 'delivered', uri: 'sip:user;par=u%40example.net@example.com' },
  },
  {
    name: 'transports',
    section: '3.1.1.10',
    says: 'Valid: transports in Via may be known or not.',
    expected: { outcome: 'delivered' },
  },
  {
    name: 'mpart01',
    section: '3.1.1.11',
    says: 'Valid: a body with binary parts; it goes to the application byte for byte.',
    expected: {
      outcome: 'delivered',
      reads: { 'Content-Type': 'multipart/mixed;boundary=7a9cbec02ceef655' },
    },
  },
  {
    name: 'unreason',
    section: '3.1.1.12',
    says: 'Valid: a reason phrase beyond ASCII.',
    expected: { outcome: 'response', to: 'application' },
  },
  {
    name: 'noreason',
    section: '3.1.1.13',
    says: 'Valid: an empty reason phrase. A 100 moves the transaction on and is shown to nobody.',
    expected: { outcome: 'response', to: 'swallowed' },
  },
];

/** RFC 4475 3.1.2: malformed. */
const MALFORMED: readonly TortureCase[] = [
  {
    name: 'badinv01',
    section: '3.1.2.1',
    says: 'Separators without values in Via and Contact: 400, though the Via to answer to is itself malformed.',
    expected: refused(400),
  },
  {
    name: 'clerr',
    section: '3.1.2.2',
    says: 'Content-Length beyond the datagram: 400.',
    expected: refused(400),
  },
  { name: 'ncl', section: '3.1.2.3', says: 'A negative Content-Length: 400.', expected: refused(400) },
  {
    name: 'scalar02',
    section: '3.1.2.4',
    says: 'CSeq beyond 2^31 is reason enough for 400, whatever the other numbers.',
    expected: refused(400),
  },
  {
    name: 'scalarlg',
    section: '3.1.2.5',
    says: 'A response whose CSeq is beyond 2^31 is discarded.',
    expected: { outcome: 'response', to: 'dropped' },
  },
  {
    name: 'quotbal',
    section: '3.1.2.6',
    says: 'An unterminated quote in To: 400. Guessing where it ends is allowed; we do not.',
    expected: refused(400),
  },
  {
    name: 'ltgtruri',
    section: '3.1.2.7',
    says: 'Angle brackets around the Request-URI: 400. Ignoring them is allowed; we do not.',
    expected: refused(400),
  },
  {
    name: 'lwsruri',
    section: '3.1.2.8',
    says: 'White space in the Request-URI: 400.',
    expected: refused(400),
  },
  {
    name: 'lwsstart',
    section: '3.1.2.9',
    says: 'Several spaces in the request line: may be refused or borne; refused, 400.',
    expected: refused(400),
  },
  {
    name: 'trws',
    section: '3.1.2.10',
    says: 'Spaces at the end of the request line: may be refused or borne; refused, 400.',
    expected: refused(400),
  },
  {
    name: 'escruri',
    section: '3.1.2.11',
    says: 'Headers in the Request-URI: 400 is acceptable; never may they become headers.',
    expected: refused(400),
  },
  {
    name: 'baddate',
    section: '3.1.2.12',
    says: 'A Date in a zone other than GMT: should not be refused unless Date matters, and may be ignored. Served without it.',
    expected: { outcome: 'delivered', lacks: ['Date'] },
  },
  {
    name: 'regbadct',
    section: '3.1.2.13',
    says: 'A Contact with headers and without angle brackets: 400.',
    expected: refused(400),
  },
  {
    name: 'badaspec',
    section: '3.1.2.14',
    says: 'Spaces within <>: 400 is reasonable; ignoring them is allowed; we do not.',
    expected: refused(400),
  },
  {
    name: 'baddn',
    section: '3.1.2.15',
    says: 'A comma in an unquoted display name: 400 is reasonable; guessing is allowed; we do not.',
    expected: refused(400),
  },
  { name: 'badvers', section: '3.1.2.16', says: 'SIP/7.0: 505.', expected: refused(505) },
  {
    name: 'mismatch01',
    section: '3.1.2.17',
    says: 'Methods of request line and CSeq differ: 400.',
    expected: refused(400),
  },
  {
    name: 'mismatch02',
    section: '3.1.2.18',
    says: 'An unknown method, and CSeq names another: 501 rather than the acceptable 400.',
    expected: refused(501),
  },
  {
    name: 'bigcode',
    section: '3.1.2.19',
    says: 'A status code beyond three digits: the response is discarded.',
    expected: { outcome: 'response', to: 'dropped' },
  },
];

/** RFC 4475 3.2 to 3.4: well-formed, and a matter of transactions, methods or the application. */
const SEMANTIC: readonly TortureCase[] = [
  {
    name: 'badbranch',
    section: '3.2.1',
    says: 'A branch that is the cookie and nothing else: 400, or matched as RFC 2543 has it. Served that way.',
    expected: { outcome: 'delivered' },
  },
  { name: 'insuf', section: '3.3.1', says: 'No Call-ID, From or To: 400.', expected: refused(400) },
  {
    name: 'unkscm',
    section: '3.3.2',
    says: 'A Request-URI of an unknown scheme: 416.',
    expected: refused(416),
  },
  {
    name: 'novelsc',
    section: '3.3.3',
    says: 'A Request-URI of a scheme that is not for SIP: 416.',
    expected: refused(416),
  },
  {
    name: 'unksm2',
    section: '3.3.4',
    says: 'Schemes other than SIP in To, From and Contact are valid. A registrar, here the application, refuses with 400.',
    app: { status: 400 },
    expected: { outcome: 'delivered', status: 400, reads: { Contact: '<name:John_Smith>' } },
  },
  {
    name: 'bext01',
    section: '3.3.5',
    says: 'Unknown option tags in Require: 420 that names them; Proxy-Require is not for an endpoint.',
    expected: refused(420, { unsupported: 'nothingSupportsThis, nothingSupportsThisEither' }),
  },
  {
    name: 'invut',
    section: '3.3.6',
    says: 'A body of unknown type: the endpoint, here the application, answers 415.',
    app: { status: 415, headers: { Accept: 'application/sdp' } },
    expected: { outcome: 'delivered', status: 415, reads: { 'Content-Type': 'application/unknownformat' } },
  },
  {
    name: 'regaut01',
    section: '3.3.7',
    says: 'Credentials of an unknown scheme: a registrar, here the application, takes them as none and challenges.',
    app: { status: 401, headers: { 'WWW-Authenticate': 'Digest realm="example.com", nonce="1"' } },
    expected: {
      outcome: 'delivered',
      status: 401,
      reads: { Authorization: 'NoOneKnowsThisScheme opaque-data=here' },
    },
  },
  {
    name: 'multi01',
    section: '3.3.8',
    says: 'Several values of headers that have one: 400.',
    expected: refused(400),
  },
  {
    name: 'mcl01',
    section: '3.3.9',
    says: 'Two Content-Length of different values: 400; in a datagram the rest goes with it.',
    expected: refused(400),
  },
  {
    name: 'bcast',
    section: '3.3.10',
    says: 'A response whose second Via is the broadcast address: an endpoint discards it.',
    expected: { outcome: 'response', to: 'dropped' },
  },
  {
    name: 'zeromf',
    section: '3.3.11',
    says: 'Max-Forwards 0: 483 is a proxy’s; an endpoint serves it.',
    expected: { outcome: 'delivered', reads: { 'Max-Forwards': '0' } },
  },
  {
    name: 'cparam01',
    section: '3.3.12',
    says: 'A parameter after a bare URI belongs to Contact: the registrar reads it so.',
    expected: {
      outcome: 'delivered',
      reads: { Contact: 'sip:+19725552222@gw1.example.net;unknownparam' },
    },
  },
  {
    name: 'cparam02',
    section: '3.3.13',
    says: 'A parameter within <> belongs to the URI.',
    expected: {
      outcome: 'delivered',
      reads: { Contact: '<sip:+19725552222@gw1.example.net;unknownparam>' },
    },
  },
  {
    name: 'regescrt',
    section: '3.3.14',
    says: 'Escaped headers within a Contact URI are valid and must not be lost.',
    expected: {
      outcome: 'delivered',
      reads: { Contact: '<sip:user@example.com?Route=%3Csip:sip.example.com%3E>' },
    },
  },
  {
    name: 'sdp01',
    section: '3.3.15',
    says: 'An Accept without application/sdp: the endpoint, here the application, may answer 406.',
    app: { status: 406 },
    expected: { outcome: 'delivered', status: 406, reads: { Accept: 'text/nobodyKnowsThis' } },
  },
  {
    name: 'inv2543',
    section: '3.4.1',
    says: 'An INVITE of RFC 2543: no branch, From tag, Content-Length, Max-Forwards or Contact. Served; the application is given From as Contact.',
    expected: {
      outcome: 'delivered',
      acknowledged: true,
      reads: { Contact: '<sip:+13035551111@ift.client.example.net;user=phone>' },
    },
  },
];

/** The 49 messages of RFC 4475. */
export const RFC4475: readonly TortureCase[] = [...VALID, ...MALFORMED, ...SEMANTIC];
