import { err, ok, type Result } from '../../shared/result.ts';
import { parseNameAddr, parseNameAddrs, tagOf } from '../grammar/name-addr.ts';
import { isAmbiguous } from '../grammar/params.ts';
import { isToken, isTokenCode, parseDigits, splitList } from '../grammar/scan.ts';
import { isUriText, parseSipUri, schemeOf } from '../grammar/uri.ts';
import { parseCSeq, parseVia } from '../grammar/via.ts';
import type { Headers } from './headers.ts';
import type { SipMessage } from './message.ts';
import { METHODS } from './names.ts';
import { cutMessage, LIMITS, type Malformed } from './parse.ts';

/** Headers that may appear once (RFC 3261 7.3.1, table 2). */
const SINGLE = [
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'content-type',
  'expires',
  'min-expires',
  'rack',
  'rseq',
  'event',
  'refer-to',
  'referred-by',
  'replaces',
  'session-expires',
  'min-se',
  'subscription-state',
  'date',
  'timestamp',
] as const;

/** Headers that route; each value must parse. */
const ADDRESSES = ['contact', 'route', 'record-route', 'path', 'service-route'] as const;

/** Methods whose Contact becomes the remote target of a dialog. */
const TARGETING = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE']);

/** One datagram as a valid message, or the reason it must not go any further. */
export function parseMessage(data: Buffer): Result<SipMessage, Malformed> {
  const cut = cutMessage(data);
  if (!cut.ok) return cut;
  const { start, headers, body } = cut.value;
  const fail = (reason: string, status = 400): Result<SipMessage, Malformed> =>
    err(start.kind === 'request' ? { status, reason, headers, method: start.method } : { status, reason });

  const repeated = repeatedHeader(headers);
  if (repeated !== undefined) return fail(`Several ${repeated} headers`);
  const viaValues = headers.all('via').flatMap(splitList);
  if (viaValues.length > LIMITS.vias) return fail('Too many Via headers');
  const via = parseVia(viaValues[0] ?? '');
  if (!via || viaValues.some((value) => !parseVia(value))) return fail('Bad Via header');
  if (isAmbiguous(via.params, 'branch')) return fail('Bad branch');
  const from = parseNameAddr(headers.get('from') ?? '');
  if (!from) return fail('Bad From header');
  const to = parseNameAddr(headers.get('to') ?? '');
  if (!to) return fail('Bad To header');
  const fromTag = tagOf(from);
  const toTag = tagOf(to);
  if ((fromTag !== undefined && !isToken(fromTag)) || (toTag !== undefined && !isToken(toTag)))
    return fail('Bad tag');
  // Answerers that add a second tag to To are met; the first counts.
  if (isAmbiguous(from.params, 'tag')) return fail('Bad tag');
  const callId = headers.get('call-id') ?? '';
  if (!isCallId(callId)) return fail('Bad Call-ID header');
  const cseq = parseCSeq(headers.get('cseq') ?? '');
  if (!cseq) return fail('Bad CSeq header');
  for (const key of ADDRESSES) {
    const values = headers.all(key);
    if (key === 'contact' && values.length === 1 && values[0] === '*' && !TARGETING.has(cseq.method))
      continue;
    if (values.length === 0) continue;
    const addresses = parseNameAddrs(values);
    if (!addresses) return fail(`Bad ${key} header`);
    // RFC 3261 8.1.1.8: what shall be a remote target must be a SIP or SIPS URI.
    const [first] = addresses;
    if (key === 'contact' && start.kind === 'request' && TARGETING.has(cseq.method)) {
      if (!first || !parseSipUri(first.uri)) return fail('Bad contact header');
    }
  }
  const hops = headers.get('max-forwards');
  if (hops !== undefined && parseDigits(hops, 255) === undefined) return fail('Bad Max-Forwards header');

  // Nobody here reads Date; a malformed one is as good as none (RFC 4475 3.1.2.12).
  const date = headers.get('date');
  if (date !== undefined && !DATE.test(date)) headers.remove('date');

  const core = { headers, body, vias: viaValues.length, via, from, to, fromTag, toTag, callId, cseq };
  if (start.kind === 'response') return ok({ ...start, ...core });
  if (cseq.method !== start.method) {
    // RFC 4475 3.1.2.18: of an unknown method 501 says more.
    return METHODS.has(start.method)
      ? fail('CSeq method does not match')
      : fail('Method unknown, and CSeq does not match', 501);
  }
  const scheme = schemeOf(start.uri);
  if (scheme === undefined || !isUriText(start.uri)) return fail('Bad Request-URI');
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel') return fail('Unsupported URI Scheme', 416);
  const uri = parseSipUri(start.uri);
  // RFC 3261 19.1.1: no headers in a Request-URI.
  if (scheme !== 'tel' && uri?.headers !== '') return fail('Bad Request-URI');
  return ok({ ...start, ...core });
}

/** SIP-date, RFC 3261 25.1: GMT is the only zone. */
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/i;

function repeatedHeader(headers: Headers): string | undefined {
  const seen = new Set<string>();
  for (const { key, name } of headers) {
    if (seen.has(key) && (SINGLE as readonly string[]).includes(key)) return name;
    seen.add(key);
  }
  return undefined;
}

/** word ["@" word], RFC 3261 25.1. */
export function isCallId(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isTokenCode(code) && !'()<>:\\"/[]?{}@'.includes(text[i] ?? ' ')) return false;
  }
  return text.length > 0;
}
