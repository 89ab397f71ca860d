import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../shared/result.ts';
import { hasOption } from '../dialog/session-terms.ts';
import { formatNameAddr, parseNameAddr, parseNameAddrs, tagOf } from '../grammar/name-addr.ts';
import { isToken } from '../grammar/scan.ts';
import { parseVia } from '../grammar/via.ts';
import { Headers } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { REASONS } from '../message/names.ts';
import { serialize, statusLine } from '../message/serialize.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppMessage } from './app-message.ts';
import { FORMING } from './context.ts';
import { isContact, isSips, ownContact, withOwnContact } from './own-address.ts';
import { appendApp } from './wire-request.ts';

/** Headers of a response that the server alone writes. */
const OWN = new Set([
  'via',
  'record-route',
  'route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
]);

/** To of a response: the request's, with our tag unless it has one (RFC 3261 8.2.6.2). */
export function answeredTo(request: SipRequest, tag: string): string {
  if (request.toTag !== undefined) return request.headers.get('to') ?? '';
  return formatNameAddr({ ...request.to, params: [...request.to.params, ['tag', tag]] });
}

function common(request: SipRequest, to: string): Headers {
  return new Headers()
    .copy(request.headers, 'via')
    .copy(request.headers, 'from')
    .append('To', to)
    .copy(request.headers, 'call-id')
    .copy(request.headers, 'cseq');
}

/** An answer of the server's own. */
export function buildOwnResponse(
  request: SipRequest,
  status: number,
  tag: string,
  extra: readonly (readonly [name: string, value: string])[] = [],
  reason = REASONS[status] ?? '',
): Buffer {
  const headers = common(
    request,
    status === 100 ? (request.headers.get('to') ?? '') : answeredTo(request, tag),
  );
  if (status === 100) headers.copy(request.headers, 'timestamp');
  for (const [name, value] of extra) headers.append(name, value);
  return serialize(statusLine(status, reason), headers);
}

/**
 * The application's answer as it goes over the wire (RFC 3261 8.2.6, 12.1.1). The failure is a NOK text.
 *
 * @param rseq makes it a reliable provisional response (RFC 3262 3)
 */
export function buildAppResponse(
  request: SipRequest,
  status: number,
  message: AppMessage,
  tag: string,
  flow: Flow,
  rseq?: number,
): Result<{ readonly bytes: Buffer; readonly headers: Headers; readonly contact: string }, string> {
  const reason = message.start.kind === 'response' ? message.start.reason : '';
  const headers = common(
    request,
    status === 100 ? (request.headers.get('to') ?? '') : answeredTo(request, tag),
  );
  const { method } = request;
  const forms = FORMING.has(method) && status < 300 && status > (method === 'INVITE' ? 100 : 199);
  if (forms) headers.copy(request.headers, 'record-route');
  const given = message.headers.get('contact');
  const secure = isSecure(request);
  const contact =
    given === undefined || given === '' ? ownContact(flow, secure) : withOwnContact(given, flow, secure);
  if (!isContact(contact)) return err('invalid Contact header');
  const refreshes = forms || (method === 'UPDATE' && status >= 200 && status < 300);
  if (refreshes || (given !== undefined && given !== '')) headers.append('Contact', contact);
  const rest = appendApp(headers, message, flow, OWN);
  if (!rest.ok) return rest;
  if (rseq !== undefined) {
    if (!hasOption(headers, 'require', '100rel')) headers.append('Require', '100rel');
    headers.append('RSeq', String(rseq));
  }
  return ok({ bytes: serialize(statusLine(status, reason), headers, message.body), headers, contact });
}

/** Whether the dialog that the request makes must stay with `sips:` (RFC 3261 12.1.1). */
function isSecure(request: SipRequest): boolean {
  if (isSips(request.uri)) return true;
  const hop = request.headers.get('record-route') ?? request.headers.get('contact') ?? '';
  return isSips(parseNameAddrs([hop])?.[0]?.uri ?? '');
}

/** The tag that an application wants in To, if any that can be sent. */
export function wantedTag(message: AppMessage): string | undefined {
  const to = parseNameAddr(message.headers.get('to') ?? '');
  const tag = to && tagOf(to);
  return tag !== undefined && isToken(tag) ? tag : undefined;
}

/** An answer to a request too broken for a transaction; undefined when it cannot be answered at all. */
export function buildStatelessResponse(
  headers: Headers,
  status: number,
  reason: string,
): Result<Buffer, string> {
  // Whose version or parameters may be what is wrong: the answer goes to where the request came from.
  const via = headers.get('via') ?? '';
  const sentBy = /^SIP ?\/ ?[0-9]{1,3}\.[0-9]{1,3} ?(\/[^;,]*)/i.exec(via)?.[1];
  if (sentBy === undefined || !parseVia(`SIP/2.0${sentBy}`)) return err('no Via to answer to');
  const answer = new Headers().copy(headers, 'via');
  // The first of each only: what is broken about the request must not break the answer further.
  const repeat = (name: string, value: string | undefined): void => {
    if (value !== undefined) answer.append(name, value);
  };
  repeat('From', headers.get('from'));
  const to = headers.get('to');
  const parsed = to === undefined ? undefined : parseNameAddr(to);
  // The same tag for the same request, without keeping anything (RFC 3261 8.2.7).
  const tag = createHash('sha256')
    .update(via)
    .update(headers.get('call-id') ?? '')
    .digest('hex')
    .slice(0, 16);
  if (parsed && tagOf(parsed) === undefined) {
    answer.append('To', formatNameAddr({ ...parsed, params: [...parsed.params, ['tag', tag]] }));
  } else if (to !== undefined && !parsed && !/;\s*tag\s*=/i.test(to)) answer.append('To', `${to};tag=${tag}`);
  else repeat('To', to);
  repeat('Call-ID', headers.get('call-id'));
  repeat('CSeq', headers.get('cseq'));
  return ok(serialize(statusLine(status, reason), answer));
}
