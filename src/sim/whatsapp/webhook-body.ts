import { randomBytes } from 'node:crypto';
import type { DeliveryOptions, Entry, WebhookEvent } from '../webhook-body.ts';

/** A WhatsApp business number. */
export interface BusinessNumber {
  /** phone_number_id */
  readonly id: string;
  /** As people write it. */
  readonly displayNumber: string;
  nameOf(waId: string): string | undefined;
}

const ACCOUNT_ID = '330011223344556';

/** One event of a call in WhatsApp's envelope: the same facts under other names, times as text. */
export function whatsappEntry(number: BusinessNumber, event: WebhookEvent, options: DeliveryOptions): Entry {
  const waId = String(event['consumer']);
  const part = event.event === 'call_status' ? statuses(event, waId) : calls(number, event, waId, options);
  return entryOf(number, 'calls', { ...contactsOf(number, waId), ...part });
}

/** The consumer's answer to a request for permission: a message. Times are milliseconds since the epoch. */
export function permissionReplyEntry(
  number: BusinessNumber,
  waId: string,
  response: 'approve' | 'reject',
  now: number,
  until: number | undefined,
): Entry {
  const reply = {
    response: response === 'approve' ? 'accept' : 'reject',
    is_permanent: false,
    response_source: 'user_action',
    ...(until === undefined ? {} : { expiration_timestamp: String(Math.floor(until / 1000)) }),
  };
  const message = {
    from: waId,
    id: `wamid.${randomBytes(12).toString('base64url')}`,
    timestamp: String(Math.floor(now / 1000)),
    type: 'interactive',
    interactive: { type: 'call_permission_reply', call_permission_reply: reply },
  };
  return entryOf(number, 'messages', { ...contactsOf(number, waId), messages: [message] });
}

function entryOf({ id, displayNumber }: BusinessNumber, field: string, value: object): Entry {
  const metadata = { display_phone_number: displayNumber, phone_number_id: id };
  return {
    id: ACCOUNT_ID,
    changes: [{ field, value: { messaging_product: 'whatsapp', metadata, ...value } }],
  };
}

function contactsOf(number: BusinessNumber, waId: string): object {
  const name = number.nameOf(waId);
  return name === undefined ? {} : { contacts: [{ profile: { name }, wa_id: waId }] };
}

function statuses(event: WebhookEvent, waId: string): object {
  const status = {
    id: event.id,
    type: 'call',
    status: String(event['call_status']).toUpperCase(),
    timestamp: String(event.timestamp),
    recipient_id: waId,
    ...opaqueOf(event),
  };
  return { statuses: [status] };
}

function calls(number: BusinessNumber, event: WebhookEvent, waId: string, options: DeliveryOptions): object {
  const isOurs = event['opaque'] !== undefined || event['call_direction'] === 'business_initiated';
  const own = number.displayNumber.replace(/\D/g, '');
  const { duration, reason } = event;
  const call = {
    id: event.id,
    from: isOurs ? own : waId,
    to: isOurs ? waId : own,
    event: event.event,
    ...(options.withoutDirection ? {} : { direction: isOurs ? 'BUSINESS_INITIATED' : 'USER_INITIATED' }),
    timestamp: String(event.timestamp),
    ...(event.event === 'connect'
      ? sessionOf(event['session'], options)
      : { status: statusOf(event, options) }),
    ...(duration === undefined
      ? {}
      : { start_time: String(event['start_time']), end_time: String(event['end_time']), duration }),
    ...opaqueOf(event),
  };
  return { calls: [call], ...(typeof reason === 'string' ? { errors: [errorOf(reason)] } : {}) };
}

/** A text that the business gave, as it is. */
function opaqueOf({ opaque }: WebhookEvent): object {
  return opaque === undefined ? {} : { biz_opaque_callback_data: opaque };
}

function sessionOf(session: unknown, { legacySdp, bareLf, actpassAnswer }: DeliveryOptions): object {
  const { sdp_type: type, sdp } = session as { readonly sdp_type: string; readonly sdp: string };
  const said = type === 'answer' && actpassAnswer ? sdp.replace(/a=setup:\w+/, 'a=setup:actpass') : sdp;
  const text = bareLf ? said.replaceAll('\r\n', '\n') : said;
  if (!legacySdp) return { session: { sdp_type: type, sdp: text } };
  return { connection: { webrtc: { sdp: JSON.stringify({ sdp: text, type }) } } };
}

function statusOf({ status }: WebhookEvent, { oddStatus }: DeliveryOptions): unknown {
  return oddStatus ? [String(status)] : String(status).toUpperCase();
}

/** Codes of the calls that Meta gave up; the text is ours. */
function errorOf(reason: string): object {
  const code = reason.startsWith('no media') ? 138_021 : 138_020;
  return { code, title: 'Call failed', message: reason, error_data: { details: reason } };
}
