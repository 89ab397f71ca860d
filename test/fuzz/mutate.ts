import { bytesOf, type Draft, METHODS } from './draft.ts';
import type { Random } from './random.ts';

const COMPACT = new Map(
  Object.entries({
    via: 'v',
    from: 'f',
    to: 't',
    'call-id': 'i',
    contact: 'm',
    supported: 'k',
    'content-type': 'c',
    'content-length': 'l',
    'refer-to': 'r',
    event: 'o',
    subject: 's',
    'session-expires': 'x',
  }),
);
const NUMBERS = [
  '0',
  '-1',
  '1e3',
  '2147483647',
  '2147483648',
  '4294967296',
  '99999999999999999999',
  '0x10',
  '',
  '007',
  '65536',
];
const URIS = [
  'sip:a@b',
  'sip:%41%zz@b',
  'sip:a%@b',
  'sip:@b',
  'sip:a@@b',
  'sip:a:b:c@d:e',
  'sip:[::1]',
  'sip:[::1]:5060;lr',
  'sip:[::1',
  'sip:[fe80::1%eth0]',
  'sip:a@[1:2:3]:x',
  'sips:',
  'sip:',
  'tel:+1;phone-context=x',
  'http://a/b?c',
  'sip:a@b?Subject=x%0d%0aVia:%20y',
  'sip:a@b;maddr=[::2];transport=TLS;lr=on',
  'sip:a@b:0',
  'sip:a@b:70000',
  '*',
  'urn:service:sos',
  'sip:a;b=c@d;e=f?g=h',
  'sip:a@localhost',
];
const TAGS = [';tag=', ';tag', ';tag="q"', ';tag=a;tag=b', ';TAG=Z', ';tag=a b', ';tag=é', ''];
const PIECES = [
  '\r\n',
  '\r\n ',
  '\r\n\t',
  '\n',
  '\r',
  '\0',
  '\x7f',
  '"',
  '\\',
  '\\"',
  '<',
  '>',
  '<>',
  ',',
  ';',
  ';;',
  ':',
  '@',
  '=',
  '(',
  ')',
  '%',
  '%00',
  '[',
  ']',
  '|',
  '#',
  '   ',
  '\t',
  '\xc3\xa9',
  '\xff\xfe',
  '{}',
  'SIP/2.0 ',
  'sip:',
  'constructor: 1\r\n',
  '__proto__: 1\r\n',
  'toString: 1\r\n',
  'Content-Length: 3\r\n',
  'l: 7\r\n',
  '\r\n\r\n',
];

type Change = (draft: Draft, random: Random) => void;

const any = (draft: Draft, random: Random): { name: string; value: string } => random.pick(draft.fields);
const named = (draft: Draft, ...names: string[]): { name: string; value: string } | undefined =>
  draft.fields.find(({ name }) => names.includes(name.toLowerCase()));

/** Each breaks one rule, or bends it within the grammar. */
const CHANGES: readonly Change[] = [
  // A field twice, gone, elsewhere, compact, in odd case, folded, with odd space.
  (draft, random) => draft.fields.splice(random.below(draft.fields.length), 0, { ...any(draft, random) }),
  (draft, random) => draft.fields.splice(random.below(draft.fields.length), 1),
  (draft, random) => {
    const [moved] = draft.fields.splice(random.below(draft.fields.length), 1);
    if (moved) draft.fields.splice(random.below(draft.fields.length + 1), 0, moved);
  },
  (draft) => {
    for (const each of draft.fields) each.name = COMPACT.get(each.name.toLowerCase()) ?? each.name;
  },
  (draft, random) => {
    const each = any(draft, random);
    each.name = random.pick([
      each.name.toUpperCase(),
      each.name.toLowerCase(),
      `${each.name} `,
      `${each.name}\t`,
      ` ${each.name}`,
      '',
    ]);
  },
  (draft, random) => {
    const each = any(draft, random);
    const at = random.below(each.value.length + 1);
    each.value = `${each.value.slice(0, at)}\r\n${random.pick([' ', '\t', '   '])}${each.value.slice(at)}`;
  },
  // A value of another field, nothing, a list, twice.
  (draft, random) => {
    any(draft, random).value = any(draft, random).value;
  },
  (draft, random) => {
    any(draft, random).value = '';
  },
  (draft, random) => {
    const each = any(draft, random);
    each.value = Array.from({ length: 1 + random.below(80) }, () => each.value).join(
      random.pick([',', ', ', ' ', ';']),
    );
  },
  // Parameters again and again.
  (draft, random) => {
    const each = any(draft, random);
    const parameter = random.pick([
      ';a=b',
      ';branch=z9hG4bKx',
      ';rport',
      ';received=1.2.3.4',
      ';lr',
      ';x="\\"y"',
      ';q=0.1',
      ';=',
    ]);
    each.value += parameter.repeat(1 + random.below(40));
  },
  // Numbers at their limits.
  (draft, random) => {
    const each = named(
      draft,
      random.pick(['max-forwards', 'content-length', 'expires', 'min-se', 'session-expires', 'rseq']),
    );
    if (each) each.value = random.pick(NUMBERS);
  },
  (draft, random) => {
    const each = named(draft, 'cseq');
    if (each) each.value = `${random.pick(NUMBERS)} ${each.value.split(' ')[1]}`;
  },
  (draft, random) => {
    const each = named(draft, 'rack') ?? any(draft, random);
    each.value = `${random.pick(NUMBERS)} ${random.pick(NUMBERS)} ${random.pick(METHODS)}`;
  },
  // Methods that do not agree.
  (draft, random) => {
    const each = named(draft, 'cseq');
    if (each) each.value = each.value.replace(/\S+$/, random.pick(METHODS));
  },
  (draft, random) => {
    draft.start = draft.start.replace(/^\S+/, random.pick(METHODS));
  },
  // URIs and tags.
  (draft, random) => {
    draft.start = draft.start.replace(/ \S+/, ` ${random.pick(URIS)}`);
  },
  (draft, random) => {
    const each = named(draft, random.pick(['from', 'to', 'contact', 'route', 'record-route', 'refer-to']));
    if (each)
      each.value = each.value.replace(
        /<[^>]*>|sips?:[^;,>]*/,
        random.pick([`<${random.pick(URIS)}>`, random.pick(URIS)]),
      );
  },
  (draft, random) => {
    const each = named(draft, random.pick(['from', 'to']));
    if (each) each.value = each.value.replace(/(;tag=.*)?$/, random.pick(TAGS));
  },
  (draft, random) => {
    const each = named(draft, 'via', 'v');
    if (each)
      each.value = random.pick([
        'SIP/2.0/UDP [::1]:5080;branch=z9hG4bKy',
        'SIP / 2.0 / UDP 127.0.0.1 : 5080 ; branch = z9hG4bKz',
        'SIP/2.0/TLS host.example',
        'SIP/2.0/UDP 127.0.0.1:5080;branch=nocookie',
        'SIP/3.0/UDP a',
        'SIP/2.0/UDP',
        'SIP/2.0/UDP a;branch=',
        `${each.value}, SIP/2.0/TCP b;branch=z9hG4bKw`,
      ]);
  },
  // Bodies: binary, too short, too long, unannounced.
  (draft, random) => {
    draft.body = Array.from({ length: random.below(400) }, () => String.fromCharCode(random.below(256))).join(
      '',
    );
  },
  (draft, random) => {
    const each = named(draft, 'content-length', 'l');
    if (each) each.value = String(Math.max(0, draft.body.length + random.below(41) - 20));
  },
  (draft) => {
    draft.fields = draft.fields.filter(({ name }) => name.toLowerCase() !== 'content-length');
  },
  // New fields.
  (draft, random) => {
    const name = random.pick([
      'Date',
      'Timestamp',
      'Reason',
      'Replaces',
      'Path',
      'Service-Route',
      'Subject',
      'Warning',
      'constructor',
      'X-Y',
    ]);
    draft.fields.push({ name, value: random.pick([...NUMBERS, ...URIS, ...PIECES]) });
  },
];

/** A valid message made strange: some changes of its structure, then perhaps of its bytes. */
export function mutate(from: Draft, random: Random): Buffer {
  const draft: Draft = { ...from, fields: from.fields.map((each) => ({ ...each })) };
  for (let changes = random.below(4); changes > 0 && draft.fields.length > 1; changes--)
    random.pick(CHANGES)(draft, random);
  let bytes = bytesOf(draft);
  for (let changes = random.below(3); changes > 0; changes--) bytes = damage(bytes, random);
  return bytes.subarray(0, 65_507);
}

/** Bytes flipped, put in, cut out, repeated; the end cut off; two messages glued. */
function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.below(24));
  switch (random.below(7)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = flipped[at]! ^ (1 << random.below(8));
      return flipped;
    }
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.pick(PIECES), 'latin1'),
        bytes.subarray(at),
      ]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 3: {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + random.below(200)));
      const copies = Array.from({ length: 1 + random.below(20) }, () => piece);
      return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
    }
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes, bytes]);
    default: {
      const noise = Buffer.from(bytes);
      for (let i = at; i < to; i++) noise[i] = random.below(256);
      return noise;
    }
  }
}
