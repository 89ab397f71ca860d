import { err, ok, type Result } from '../../shared/result.ts';
import { type Dialog, routing } from '../dialog/dialog.ts';
import { formatNameAddr, parseNameAddr, tagOf } from '../grammar/name-addr.ts';
import { hostPortText, isToken, parseDigits } from '../grammar/scan.ts';
import { parseSipUri, uriParam } from '../grammar/uri.ts';
import { parseCSeq } from '../grammar/via.ts';
import { Headers } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { requestLine, serialize } from '../message/serialize.ts';
import { isCallId } from '../message/validate.ts';
import type { Flow, Target } from '../transport/transport.ts';
import type { Protocol } from '../types.ts';
import type { AppMessage } from './app-message.ts';
import type { Ids } from './ids.ts';
import {
  isContact,
  isSips,
  movedContact,
  ownContact,
  ownHosts,
  viaValue,
  withOwnContact,
  withOwnHost,
} from './own-address.ts';

/** A request of ours as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly branch: string;
  readonly flow: Flow;
  readonly seq: number;
  readonly callId: string;
  readonly fromTag: string;
}

/** Headers that the server alone writes. */
const OWN = new Set([
  'via',
  'max-forwards',
  'route',
  'record-route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
]);

/** Outside of a dialog an application may preload a route set (RFC 3261 8.1.2, RFC 3608, RFC 3327). */
const OWN_OUTSIDE = new Set([...OWN].filter((key) => key !== 'route'));

const CONTACT_OUTSIDE = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
/** Target refresh requests, and NOTIFY (RFC 3261 12.2, 6665 4.4.1). */
const CONTACT_INSIDE = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE', 'NOTIFY']);

/** The application's Content-Type, or `application/sdp` for what looks like it; the failure is a NOK text. */
function contentType(message: AppMessage): Result<string | undefined, string> {
  if (message.body.length === 0) return ok(undefined);
  const given = message.headers.get('content-type');
  if (given !== undefined && given !== '') return ok(given);
  return message.body.subarray(0, 3).toString('latin1') === 'v=0'
    ? ok('application/sdp')
    : err('missing content-type');
}

/** Appends what the application may set, and the Content-Type. */
export function appendApp(
  headers: Headers,
  message: AppMessage,
  flow: Flow,
  own = OWN,
): Result<void, string> {
  for (const { key, name, value } of message.headers) {
    if (own.has(key) || key === 'content-type') continue;
    headers.append(name, key === 'p-asserted-identity' ? ownHosts(value, flow) : value);
  }
  const type = contentType(message);
  if (!type.ok) return type;
  if (type.value !== undefined) headers.append('Content-Type', type.value);
  return ok(undefined);
}

/** Leaves room below 2^31 (RFC 3261 8.1.1.5) for all that a dialog may still send. */
const MAX_WANTED_SEQ = 0x7f00_0000;

/** The CSeq number that an application asks for, as in a retry with credentials. The failure is a NOK text. */
export function wantedSeq(headers: Headers): Result<number | undefined, string> {
  const seq = parseCSeq(headers.get('cseq') ?? '')?.seq;
  return seq !== undefined && seq > MAX_WANTED_SEQ ? err('CSeq number too large') : ok(seq);
}

/** A request outside any dialog (RFC 3261 8.1.1). The failure is a NOK text. */
export function buildOutside(
  method: string,
  uri: string,
  message: AppMessage,
  flow: Flow,
  ids: Ids,
): Result<WireRequest & { readonly contact: string }, string> {
  const given = message.headers;
  const fromText = withOwnHost(given.get('from') ?? `<sip:${hostPortText(flow.local)}>`, flow);
  const from = parseNameAddr(fromText);
  if (!from || !isToken(tagOf(from) ?? 'none')) return err('invalid From header');
  const fromTag = tagOf(from) ?? ids.tag();
  const to = parseNameAddr(withOwnHost(given.get('to') ?? `<${uri}>`, flow));
  if (!to) return err('invalid To header');
  const callId = given.get('call-id') ?? ids.uuid();
  if (!isCallId(callId)) return err('invalid Call-ID header');
  const wanted = wantedSeq(given);
  if (!wanted.ok) return wanted;
  const seq = wanted.value ?? ids.seq();
  const branch = ids.branch();
  const appContact = given.get('contact');
  const secure = isSips(uri);
  const contact =
    appContact === undefined ? ownContact(flow, secure) : withOwnContact(appContact, flow, secure);
  if (!isContact(contact)) return err('invalid Contact header');

  const headers = new Headers()
    .append('Via', viaValue(flow, branch))
    .append('Max-Forwards', maxForwards(given))
    .append(
      'From',
      tagOf(from) === undefined
        ? formatNameAddr({ ...from, params: [...from.params, ['tag', fromTag]] })
        : fromText,
    )
    .append('To', formatNameAddr(to))
    .append('Call-ID', callId)
    .append('CSeq', `${seq} ${method}`);
  if (appContact !== undefined || CONTACT_OUTSIDE.has(method)) headers.append('Contact', contact);
  const rest = appendApp(headers, message, flow, OWN_OUTSIDE);
  if (!rest.ok) return rest;
  const bytes = serialize(requestLine(method, uri), headers, message.body);
  return ok({ method, uri, headers, bytes, branch, flow, seq, callId, fromTag, contact });
}

/** A request in a dialog (RFC 3261 12.2.1.1); the caller owns the CSeq number; `remote` may be an early fork. */
export function buildInside(
  dialog: Dialog,
  method: string,
  seq: number,
  message: AppMessage,
  flow: Flow,
  ids: Ids,
  remote = dialog.remote,
): Result<WireRequest, string> {
  if (!remote) return err('dialog has no remote target yet');
  const { uri, routes } = routing(remote);
  const branch = ids.branch();
  const headers = new Headers()
    .append('Via', viaValue(flow, branch))
    .append('Max-Forwards', maxForwards(message.headers))
    .append('From', dialog.localAddress)
    .append('To', dialog.remoteHeader(remote))
    .append('Call-ID', dialog.callId)
    .append('CSeq', `${seq} ${method}`);
  for (const route of routes) headers.append('Route', route);
  if (CONTACT_INSIDE.has(method)) {
    const given = message.headers.get('contact');
    const contact =
      given === undefined
        ? dialog.contact
        : withOwnContact(given, flow, isSips(parseNameAddr(dialog.contact)?.uri ?? ''));
    if (!isContact(contact)) return err('invalid Contact header');
    headers.append('Contact', contact);
  }
  const rest = appendApp(headers, message, flow);
  if (!rest.ok) return rest;
  const bytes = serialize(requestLine(method, uri), headers, message.body);
  const fromTag = dialog.localTag;
  return ok({ method, uri, headers, bytes, branch, flow, seq, callId: dialog.callId, fromTag });
}

const maxForwards = (headers: Headers): string =>
  String(parseDigits(headers.get('max-forwards') ?? '', 255) ?? 70);

/** ACK for a 3xx to 6xx (RFC 3261 17.1.1.3). */
export function buildFailureAck(invite: WireRequest, response: SipResponse): Buffer {
  const headers = new Headers()
    .append('Via', invite.headers.get('via') ?? '')
    .append('Max-Forwards', '70')
    .copy(invite.headers, 'from')
    .copy(response.headers, 'to')
    .copy(invite.headers, 'call-id')
    .append('CSeq', `${invite.seq} ACK`)
    .copy(invite.headers, 'route');
  return serialize(requestLine('ACK', invite.uri), headers);
}

/** CANCEL for an INVITE (RFC 3261 9.1); of the application's headers only Reason and X- ones go along. */
export function buildCancel(invite: WireRequest, message: AppMessage | undefined): WireRequest {
  const headers = new Headers()
    .append('Via', invite.headers.get('via') ?? '')
    .append('Max-Forwards', '70')
    .copy(invite.headers, 'from')
    .copy(invite.headers, 'to')
    .copy(invite.headers, 'call-id')
    .append('CSeq', `${invite.seq} CANCEL`)
    .copy(invite.headers, 'route');
  for (const { key, name, value } of message?.headers ?? []) {
    if (key === 'reason' || key.startsWith('x-')) headers.append(name, value);
  }
  return {
    ...invite,
    method: 'CANCEL',
    headers,
    bytes: serialize(requestLine('CANCEL', invite.uri), headers),
  };
}

/** The final response that the stack itself gives its application for a request that got none. */
export function buildSynthetic(request: WireRequest, status: number, reason: string): Buffer {
  const headers = new Headers()
    .copy(request.headers, 'via')
    .copy(request.headers, 'from')
    .copy(request.headers, 'to')
    .copy(request.headers, 'call-id')
    .copy(request.headers, 'cseq');
  return serialize(`SIP/2.0 ${status} ${reason}`, headers);
}

/**
 * Where a URI asks to go (RFC 3261 8.1.2, RFC 3263 4).
 *
 * @param silent the transport when it names none
 */
export function targetOf(uri: string, silent?: Protocol): Target | undefined {
  const parsed = parseSipUri(uri);
  if (!parsed) return undefined;
  const maddr = uriParam(parsed, 'maddr')?.replace(/^\[(.*)\]$/, '$1');
  return {
    host: maddr || parsed.host,
    domain: parsed.host,
    port: parsed.port,
    protocol: uriParam(parsed, 'transport')?.toLowerCase(),
    secure: parsed.scheme === 'sips',
    silent,
  };
}

/**
 * The same request on another way (RFC 3263 4.3): a new transaction, so a new branch; Call-ID, From and CSeq stay.
 * Our own Contact moves along.
 */
export function redirect<T extends WireRequest>(request: T, flow: Flow, ids: Ids): T {
  const branch = ids.branch();
  const headers = new Headers();
  for (const field of request.headers) headers.append(field.name, field.value);
  headers.set('Via', viaValue(flow, branch));
  const contact = headers.get('contact');
  if (contact !== undefined) headers.set('Contact', movedContact(contact, request.flow, flow));
  const end = request.bytes.indexOf('\r\n\r\n');
  const bytes = serialize(requestLine(request.method, request.uri), headers, request.bytes.subarray(end + 4));
  return { ...request, headers, bytes, branch, flow };
}
