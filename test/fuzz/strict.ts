/**
 * A second opinion on what may leave the server: RFC 3261 25.1 written down once more, in expressions, and nothing of
 * the server's own grammar. Texts are latin1: a character is a byte.
 */

const TOKEN = "[A-Za-z0-9\\-.!%*_+`'~]+";
const QUOTED = '"(?:[^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[^\\r\\n])*"';
const SPACE = ' ?';
const VALUE = `(?:[A-Za-z0-9\\-.!%*_+\`'~[\\]:@/&=]+|${QUOTED})`;
const PARAMS = `(?:${SPACE};${SPACE}${TOKEN}(?:${SPACE}=${SPACE}${VALUE})?)*`;
const HOST = '(?:[A-Za-z0-9\\-._]+|\\[[0-9A-Fa-f:.]+\\])';
const PORT = `(?:${SPACE}:${SPACE}[0-9]{1,5})?`;
/** Printable, without what ends a URI in angle brackets. */
const URI = '[A-Za-z][A-Za-z0-9+.\\-]*:[^\\x00-\\x20\\x7f"<>\\\\]+';
const BARE_URI = '[A-Za-z][A-Za-z0-9+.\\-]*:[^\\x00-\\x20\\x7f"<>\\\\,;?]+';
const DISPLAY = `(?:${QUOTED}|[A-Za-z0-9\\-.!%*_+\`'~\\x80-\\xff ]*)`;

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const VIA = whole(`SIP${SPACE}/${SPACE}2\\.0${SPACE}/${SPACE}${TOKEN} ${HOST}${PORT}${PARAMS}`);
const ADDRESS = whole(
  `${DISPLAY}${SPACE}<(?<uri>${URI})>${PARAMS}${SPACE}|(?<bare>${BARE_URI})${PARAMS}${SPACE}`,
);
const SIP_URI = whole(
  `[sS][iI][pP][sS]?:(?:[^@]*@)?(?:[A-Za-z0-9\\-._]+|\\[[0-9A-Fa-f:.]+\\])(?::(?<port>[0-9]{1,5}))?(?:;[^?]*)?(?:\\?.*)?`,
);
/** More than one `@` is tolerated: nobody looks inside. */
const CALL_ID = whole('[A-Za-z0-9\\-.!%*_+`\'~()<>:\\\\"/[\\]?{}@]+');
const REQUEST_LINE = whole(`(?<method>${TOKEN}) (?<uri>${URI}) SIP/2\\.0`);
const STATUS_LINE = whole('SIP/2\\.0 [1-6][0-9]{2} [^\\x00-\\x08\\x0a-\\x1f\\x7f]*');
const FIELD = whole(`(?<name>${TOKEN}): ?(?<value>[^\\r\\n]*)`);
/** Those that IANA has registered. */
const COMPACT = /^[abcdefijklmnorstuvxy]$/;
const ONCE = [
  'from',
  'to',
  'call-id',
  'cseq',
  'content-length',
  'max-forwards',
  'content-type',
  'expires',
  'rack',
  'rseq',
];
const MANDATORY = ['via', 'from', 'to', 'call-id', 'cseq', 'content-length'];
/** What a peer is told may be longer than what it said: a space after each comma, our address in Via. */
const MAX_LINE = { application: 8192 + 256, peer: 2 * 8192 };

/** Headers that route calls; an application that sends a broken one to a peer does so on its own account. */
const ROUTING = ['contact', 'route', 'record-route'];
const PASSED_ON = ['path', 'service-route'];

/** What is wrong with a message, to an application or from one to a peer; or undefined. */
export function faultOf(bytes: Buffer, to: 'application' | 'peer'): string | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return 'no end of headers';
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    if (line.length > MAX_LINE[to]) return `a line of ${line.length} characters`;
    const match = FIELD.exec(line);
    if (!match?.groups) return `not a header line: ${JSON.stringify(line.slice(0, 80))}`;
    const name = match.groups['name']!.toLowerCase();
    if (COMPACT.test(name)) return `compact form ${name}`;
    const value = match.groups['value']!;
    const fault = valueFault(to === 'peer' ? value.replaceAll('\t', ' ') : value, to);
    if (fault !== undefined) return `${name}: ${fault}`;
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  if (lines.length > 210) return `${lines.length} header fields`;
  const get = (name: string): string => fields.get(name)?.[0] ?? '';
  for (const name of MANDATORY) if (!fields.has(name)) return `no ${name}`;
  for (const name of ONCE) if ((fields.get(name)?.length ?? 0) > 1) return `${name} more than once`;
  if (get('content-length') !== String(bytes.length - end - 4))
    return 'Content-Length is not that of the body';
  for (const name of ['constructor', '__proto__']) if (fields.has(name)) return `a header named ${name}`;

  const request = REQUEST_LINE.exec(start)?.groups;
  if (!request && !STATUS_LINE.test(start)) return `start line: ${JSON.stringify(start.slice(0, 80))}`;
  const cseq = /^([0-9]{1,10}) (\S+)$/.exec(get('cseq'));
  if (!cseq || Number(cseq[1]) > 0x7fff_ffff || !whole(TOKEN).test(cseq[2]!)) return `CSeq: ${get('cseq')}`;
  if (request && request['method'] !== cseq[2]) return 'CSeq names another method';
  if (request && uriFault(request['uri']!) !== undefined) return `Request-URI ${uriFault(request['uri']!)}`;
  if (!CALL_ID.test(get('call-id'))) return 'Call-ID';
  for (const via of fields.get('via')!.flatMap(list)) if (!VIA.test(via)) return `Via: ${via}`;
  for (const name of ['from', 'to']) {
    const fault = addressFault(get(name));
    if (fault !== undefined) return `${name}: ${fault}`;
    const tag = /;\s?tag\s?=\s?([^;]*)/i.exec(get(name).replace(/"(?:[^"\\]|\\.)*"|<[^>]*>/g, ''))?.[1];
    if (tag !== undefined && !whole(`${TOKEN} ?`).test(tag)) return `${name} tag: ${tag}`;
  }
  for (const name of to === 'peer' ? ROUTING : [...ROUTING, ...PASSED_ON]) {
    const values = (fields.get(name) ?? []).flatMap(list);
    if (name === 'contact' && values.length === 1 && values[0] === '*') continue;
    for (const value of values) {
      const fault = addressFault(value);
      if (fault !== undefined) return `${name}: ${fault}`;
    }
  }
  return undefined;
}

/** No control characters but quoted ones, and no run of white space outside quotes: drachtio-srf stalls on those. */
function valueFault(value: string, to: 'application' | 'peer'): string | undefined {
  const bare = value.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
  if (/[\x00-\x1f\x7f]/.test(bare)) return 'a control character';
  if (to === 'application' && / {2}/.test(bare)) return 'a run of spaces';
  return undefined;
}

function addressFault(value: string): string | undefined {
  const groups = ADDRESS.exec(value)?.groups;
  if (!groups) return `not an address: ${JSON.stringify(value.slice(0, 200))}`;
  return uriFault(groups['uri'] ?? groups['bare'] ?? '');
}

function uriFault(uri: string): string | undefined {
  if (!/^sips?:/i.test(uri)) return undefined;
  const match = SIP_URI.exec(uri);
  if (!match) return `not a SIP URI: ${uri.slice(0, 200)}`;
  const port = match.groups?.['port'];
  return port !== undefined && (Number(port) === 0 || Number(port) > 65_535) ? `port ${port}` : undefined;
}

/** Cut at commas outside quotes and angle brackets. */
function list(value: string): string[] {
  const parts = value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d\d:\d\d:\d\d\.\d{6}$/;

/** What is wrong with the tokens of a `sip` frame toward an application (without the frame's own id), or undefined. */
export function frameFault(tokens: readonly string[], bytes: Buffer): string | undefined {
  const [type, source, length, protocol, , port, time, transaction, dialog = ''] = tokens;
  if (type !== 'sip') return `frame type ${type}`;
  if (source !== 'network' && source !== 'application') return `source ${source}`;
  if (length !== String(bytes.length) && length !== '0') return `length ${length}`;
  if (protocol !== 'udp' && protocol !== 'tcp' && protocol !== 'tls') return `protocol ${protocol}`;
  if (!/^\d{1,5}$/.test(port ?? '')) return `port ${port}`;
  if (!TIME.test(time ?? '')) return `time ${time}`;
  if (transaction !== 'unsolicited' && !UUID.test(transaction ?? '')) return `transaction ${transaction}`;
  if (dialog !== '' && !dialog.includes(';from-tag=')) return `dialog ${dialog}`;
  const isRequest = !bytes.toString('latin1', 0, 8).startsWith('SIP/2.0 ');
  if (tokens.length !== (isRequest && source === 'network' ? 12 : 9)) return `${tokens.length} tokens`;
  return undefined;
}

/** The same for the frame of a call detail record. */
export function recordFault(tokens: readonly string[]): string | undefined {
  const [type = '', source, time = '', word] = tokens;
  if (!['cdr:attempt', 'cdr:start', 'cdr:stop'].includes(type)) return `frame type ${type}`;
  if (source !== 'network' && source !== 'application') return `source ${source}`;
  if (!TIME.test(time)) return `time ${time}`;
  return word === undefined || /^[a-z-]+$/.test(word) ? undefined : `word ${word}`;
}
