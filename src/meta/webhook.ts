import { GatewayError } from '../shared/error.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MetaEvent, WebhookBatch } from './events.ts';
import { idOf, isObject, type Json, type JsonObject, numberOf, parseJsonLossless, timeMsOf } from './json.ts';
import { sdpOf } from './sdp-value.ts';

type Item = MetaEvent | { readonly reason: string };

/**
 * Reads one POST of Meta's: up to 1000 updates, several entries, calls under `entry[].calls[]` or
 * `entry[].changes[]`. Each item stands for itself: one that makes no sense is listed as ignored and the others
 * are taken. Errors: META_WEBHOOK_MALFORMED when the body is no JSON object at all.
 */
export function parseWebhook(raw: Uint8Array): Result<WebhookBatch, GatewayError> {
  const parsed = parseJsonLossless(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'));
  if (!parsed.ok) return malformed(`The body is no JSON: ${parsed.error}`);
  const body = parsed.value;
  if (!isObject(body)) return malformed('The body is no JSON object.');
  if (body['object'] !== 'page') {
    return ok({ items: [], ignored: [{ reason: `object is ${describe(body['object'])}, not "page"` }] });
  }
  const items: MetaEvent[] = [];
  const ignored: { reason: string; pageId?: string }[] = [];
  for (const entry of listOf(body['entry'])) {
    if (!isObject(entry)) {
      ignored.push({ reason: 'an entry is no object' });
      continue;
    }
    const pageId = idOf(entry['id']) ?? pageOfReply(entry);
    for (const item of itemsOfEntry(entry, pageId)) {
      if ('kind' in item) items.push(item);
      else ignored.push({ reason: item.reason, ...(pageId ? { pageId } : {}) });
    }
  }
  return ok({ items, ignored });
}

function itemsOfEntry(entry: JsonObject, pageId: string | undefined): Item[] {
  if (!pageId) return [{ reason: 'the entry names no page (entry.id)' }];
  const entryTime = entry['time'];
  const items: Item[] = listOf(entry['calls']).map((call) => callEvent(call, pageId, entryTime));
  if (isObject(entry['call_permission_reply'])) items.push(permissionReply(entry, pageId));
  if (isObject(entry['call_settings'])) items.push(settingsUpdate(entry['call_settings'], pageId, entryTime));
  for (const message of listOf(entry['messaging'])) {
    if (isObject(message) && isObject(message['call_permission_reply']))
      items.push(permissionReply(message, pageId));
    else items.push({ reason: 'a messaging event' });
  }
  for (const change of listOf(entry['changes'])) items.push(...itemsOfChange(change, pageId, entryTime));
  return items.length > 0 ? items : [{ reason: 'the entry holds nothing of ours' }];
}

function itemsOfChange(change: Json, pageId: string, entryTime: Json | undefined): Item[] {
  if (!isObject(change) || !isObject(change['value']))
    return [{ reason: 'a change is no object with a value' }];
  const { field, value } = change;
  if (!isObject(value)) return [{ reason: 'a change has no value' }];
  if (field === 'calls') {
    return Array.isArray(value['calls'])
      ? value['calls'].map((call: Json) => callEvent(call, pageId, entryTime))
      : [callEvent(value, pageId, entryTime)];
  }
  if (field === 'call_permission_reply') {
    return [
      permissionReply(
        isObject(value['call_permission_reply']) ? value : { ...value, call_permission_reply: value },
        pageId,
      ),
    ];
  }
  if (field === 'call_settings_update') {
    return [
      settingsUpdate(isObject(value['call_settings']) ? value['call_settings'] : value, pageId, entryTime),
    ];
  }
  return [{ reason: `field ${describe(field)} is not ours` }];
}

function callEvent(call: Json, pageId: string, entryTime: Json | undefined): Item {
  if (!isObject(call)) return { reason: 'a call is no object' };
  const callId = idOf(call['id']) ?? idOf(call['call_id']);
  if (!callId) return { reason: 'a call has no id' };
  const event = textOf(call['event']);
  const timestampMs = timeMsOf(call['timestamp']) ?? timeMsOf(entryTime);
  const base = (
    detail: string,
  ): { pageId: string; callId: string; dedupeKey: string; timestampMs?: number } => ({
    pageId,
    callId,
    dedupeKey: [pageId, callId, event, timestampMs ?? '', detail].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
  });
  switch (event) {
    case 'connect': {
      const parties = [idOf(call['from']), idOf(call['to'])];
      const consumerId = parties.find((id) => id !== undefined && id !== pageId);
      if (!consumerId) return { reason: 'a connect names no consumer (from, to)' };
      const direction = textOf(call['call_direction']) || textOf(call['direction']);
      return {
        kind: 'connect',
        ...base(''),
        consumerId,
        ...(direction === 'user_initiated' || direction === 'business_initiated' ? { direction } : {}),
      };
    }
    case 'call_status': {
      const status = textOf(call['call_status']) || textOf(call['status']);
      const consumerId = idOf(call['recipient_id']);
      return { kind: 'call_status', ...base(status), status, ...(consumerId ? { consumerId } : {}) };
    }
    case 'media_update': {
      const session = isObject(call['session']) ? call['session'] : undefined;
      const version = numberOf(session?.['version'] ?? call['version']);
      const sdp = sdpOf(session?.['sdp_renegotiation'] ?? session?.['sdp']);
      return {
        kind: 'media_update',
        ...base(String(version ?? '')),
        ...(version === undefined ? {} : { version }),
        ...(sdp === undefined ? {} : { sdp }),
      };
    }
    case 'terminate': {
      const [first] = listOf(call['status']);
      const durationS = numberOf(call['duration']);
      const startTimeMs = timeMsOf(call['start_time']);
      const endTimeMs = timeMsOf(call['end_time']);
      return {
        kind: 'terminate',
        ...base(''),
        status: textOf(first ?? call['status']),
        ...(durationS === undefined ? {} : { durationS }),
        ...(startTimeMs === undefined ? {} : { startTimeMs }),
        ...(endTimeMs === undefined ? {} : { endTimeMs }),
      };
    }
    default:
      return { reason: `event ${describe(call['event'])} is unknown` };
  }
}

function permissionReply(holder: JsonObject, pageId: string): Item {
  const reply = holder['call_permission_reply'];
  const sender = holder['sender'];
  const consumerId = isObject(sender) ? idOf(sender['id']) : undefined;
  if (!isObject(reply) || !consumerId) return { reason: 'a permission reply names no consumer (sender.id)' };
  const response = /^(approve|accept)d?$/.test(textOf(reply['response'])) ? 'approve' : 'reject';
  const timestampMs = timeMsOf(holder['timestamp']);
  const expirationMs = timeMsOf(reply['expiration_timestamp']);
  return {
    kind: 'call_permission_reply',
    pageId,
    consumerId,
    response,
    dedupeKey: [pageId, consumerId, 'call_permission_reply', timestampMs ?? '', response].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(expirationMs === undefined ? {} : { expirationMs }),
  };
}

function settingsUpdate(settings: JsonObject, pageId: string, time: Json | undefined): Item {
  const routing = settings['call_routing'];
  const ringTarget = isObject(routing) ? textOf(routing['ring_target']) : textOf(routing);
  const timestampMs = timeMsOf(time);
  const { audio_enabled: audio, icon_enabled: icon } = settings;
  return {
    kind: 'call_settings_update',
    pageId,
    dedupeKey: [pageId, '', 'call_settings_update', timestampMs ?? '', JSON.stringify(settings)].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(typeof audio === 'boolean' ? { audioEnabled: audio } : {}),
    ...(typeof icon === 'boolean' ? { iconEnabled: icon } : {}),
    ...(ringTarget ? { ringTarget: ringTarget.toUpperCase() } : {}),
  };
}

/** A permission reply may sit on the entry itself, without an entry id. */
function pageOfReply(entry: JsonObject): string | undefined {
  const recipient = entry['recipient'];
  return isObject(recipient) ? idOf(recipient['id']) : undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}

/** For a log line: never the value of something that may be personal. */
function describe(value: Json | undefined): string {
  return typeof value === 'string' && /^[a-z_]{1,40}$/i.test(value) ? `"${value}"` : typeof value;
}

function malformed(message: string): Result<never, GatewayError> {
  return err(new GatewayError('META_WEBHOOK_MALFORMED', message.slice(0, 200)));
}
