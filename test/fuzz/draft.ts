import type { Random } from './random.ts';

/** A SIP message as something to be changed; a character is a byte (latin1). Content-Length is one of the fields. */
export interface Draft {
  start: string;
  fields: { name: string; value: string }[];
  body: string;
}

export const bytesOf = (draft: Draft): Buffer =>
  Buffer.from(
    [draft.start, ...draft.fields.map(({ name, value }) => `${name}: ${value}`), '', draft.body].join('\r\n'),
    'latin1',
  );

/** Reads what the server wrote, which is one line a field. */
export function draftOf(bytes: Buffer): Draft {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
  });
  return { start, fields, body: text.slice(end + 4) };
}

export function field(draft: Draft, name: string): string {
  return draft.fields.find((each) => each.name.toLowerCase() === name)?.value ?? '';
}

const NAMES: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  rack: 'RAck',
  rseq: 'RSeq',
};

/** A draft of named fields, in their order; Content-Length is added. */
export function draft(start: string, fields: Readonly<Record<string, string | undefined>>, body = ''): Draft {
  const given = Object.entries({ ...fields, 'content-length': String(body.length) });
  return {
    start,
    body,
    fields: given.flatMap(([key, value]) =>
      value === undefined
        ? []
        : [
            {
              name:
                NAMES[key] ?? key.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase()),
              value,
            },
          ],
    ),
  };
}

export const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';

export const METHODS = [
  'INVITE',
  'OPTIONS',
  'REGISTER',
  'BYE',
  'ACK',
  'CANCEL',
  'PRACK',
  'UPDATE',
  'INFO',
  'REFER',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'PUBLISH',
  'FOO',
] as const;

/** What some methods carry of their own. */
const EXTRA: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  REFER: {
    'refer-to': '<sip:other@127.0.0.1:5090?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>',
    'referred-by': '<sip:a@b>',
  },
  SUBSCRIBE: { event: 'presence', expires: '60' },
  NOTIFY: { event: 'refer;id=1', 'subscription-state': 'active;expires=60' },
  PRACK: { rack: '1 1 INVITE' },
  REGISTER: {
    expires: '3600',
    authorization: 'Digest username="a", realm="b, c", nonce="n", uri="sip:x", response="r"',
  },
  PUBLISH: { event: 'presence', 'sip-if-match': 'abc' },
};

export interface RequestIds {
  readonly branch?: string;
  readonly callId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly seq?: number;
  readonly uri?: string;
}

/** A valid request of a peer, of any method, with more or fewer of the headers that it may have. */
export function request(random: Random, method: string, ids: RequestIds = {}): Draft {
  const {
    uri = random.pick([
      'sip:us@127.0.0.1:5060',
      'sip:us@127.0.0.1;transport=udp;x=y',
      'tel:+1-201-555',
      'sips:us@[::1]:5061',
    ]),
  } = ids;
  const offers = method === 'INVITE' || method === 'UPDATE' || random.chance(0.1);
  const body = offers && random.chance(0.8) ? SDP : '';
  const some = (probability: number, value: string): string | undefined =>
    random.chance(probability) ? value : undefined;
  return draft(
    `${method} ${uri} SIP/2.0`,
    {
      via: `SIP/2.0/UDP 127.0.0.1:5080;branch=${ids.branch ?? `z9hG4bK${random.token()}`};rport`,
      'max-forwards': '70',
      from:
        ids.from ??
        `"A \\"B\\" ${random.pick(['', 'é', '(x)'])}" <sip:peer@127.0.0.1>;tag=${random.token(5)}`,
      to: ids.to ?? '<sip:us@127.0.0.1>',
      'call-id': ids.callId ?? `${random.token(10)}@host`,
      cseq: `${ids.seq ?? 1 + random.below(100)} ${method}`,
      contact: random.pick([
        '<sip:peer@127.0.0.1:5080>',
        '"P, Q" <sip:peer@10.1.2.3;transport=udp>;q=0.5',
        'sip:peer@127.0.0.1:5080',
      ]),
      'record-route': some(0.15, '<sip:127.0.0.1:5081;lr>, <sip:[::1]:5082;lr>'),
      route: some(0.1, '<sip:127.0.0.1:5060;lr>'),
      supported: some(0.5, 'timer, 100rel, replaces'),
      require: some(0.08, random.pick(['100rel', 'timer', 'foo', 'replaces'])),
      'session-expires': some(0.15, random.pick(['1800', '90;refresher=uac', '60', '1800;refresher=uas'])),
      'min-se': some(0.1, '90'),
      'user-agent': some(0.4, 'phone/1.0 (a (nested) comment)'),
      'p-asserted-identity': some(0.2, '"A" <sip:+1@127.0.0.1>, <tel:+1>'),
      'x-page': some(0.2, 'any text: "quoted, text"; a=b'),
      ...EXTRA[method],
      'content-type': body === '' ? undefined : 'application/sdp',
    },
    body,
  );
}

/** An answer of a peer to a request of ours. */
export function response(random: Random, to: Draft, status: number, tag: string): Draft {
  const value = field(to, 'to');
  const tagged = /;tag=/.test(value) || status === 100 ? value : `${value};tag=${tag}`;
  const body = status > 100 && status < 300 && random.chance(0.7) ? SDP : '';
  return draft(
    `SIP/2.0 ${status} ${random.pick(['OK', '', 'Some reason', 'Grüße'])}`,
    {
      via: field(to, 'via'),
      from: field(to, 'from'),
      to: tagged,
      'call-id': field(to, 'call-id'),
      cseq: field(to, 'cseq'),
      contact: random.chance(0.9)
        ? random.pick(['<sip:peer@127.0.0.1:5080>', '<sip:peer@10.9.8.7:5062>'])
        : undefined,
      'record-route': random.chance(0.15) ? '<sip:127.0.0.1:5081;lr>' : undefined,
      require: status > 100 && status < 200 && random.chance(0.3) ? '100rel' : undefined,
      rseq: status > 100 && status < 200 && random.chance(0.3) ? String(1 + random.below(3)) : undefined,
      'session-expires': status === 200 && random.chance(0.2) ? '1800;refresher=uac' : undefined,
      'www-authenticate': status === 401 ? 'Digest realm="r", nonce="n"' : undefined,
      'retry-after': status >= 500 && random.chance(0.3) ? '5' : undefined,
      'content-type': body === '' ? undefined : 'application/sdp',
    },
    body,
  );
}
