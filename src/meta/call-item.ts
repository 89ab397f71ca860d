import { describe, foreign, type Item, malformed } from './item.ts';
import {
  idOf,
  isObject,
  type Json,
  type JsonObject,
  numberOf,
  parseJsonLossless,
  timeMsOf,
  wordOf,
} from './json.ts';
import { sdpOf } from './sdp-value.ts';

interface CallBase {
  readonly pageId: string;
  readonly callId: string;
  readonly dedupeKey: string;
  readonly timestampMs?: number;
}

/**
 * One item of `calls`: connect, call_status, media_update or terminate.
 * @param entryTime the entry's `time`, for items without a timestamp
 */
export function callItem(call: Json, pageId: string, entryTime: Json | undefined): Item {
  if (!isObject(call)) return malformed('a call is no object');
  const event = wordOf(call['event']);
  const read = READERS[event];
  if (!read) return foreign(`event ${describe(call['event'])} is unknown`);
  const callId = idOf(call['id']) ?? idOf(call['call_id']);
  if (!callId) return malformed('a call has no id');
  const ownMs = timeMsOf(call['timestamp']);
  const timestampMs = ownMs ?? timeMsOf(entryTime);
  return read(call, pageId, (detail = '') => ({
    pageId,
    callId,
    dedupeKey: [pageId, callId, event, ownMs ?? '', detail].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
  }));
}

type Reader = (call: JsonObject, pageId: string, base: (detail?: string) => CallBase) => Item;

const READERS: Readonly<Partial<Record<string, Reader>>> = Object.assign(
  Object.create(null) as Record<string, Reader>,
  { connect, call_status: callStatus, media_update: mediaUpdate, terminate } satisfies Record<string, Reader>,
);

function connect(call: JsonObject, pageId: string, base: () => CallBase): Item {
  // The table says `to` is the Page and `from` the person without saying whether they swap for our own calls.
  const consumerId = [call['from'], call['to']].map(idOf).find((id) => id !== undefined && id !== pageId);
  if (!consumerId) return malformed('a connect names no consumer (from, to)');
  const direction = wordOf(call['call_direction']) || wordOf(call['direction']);
  const known = direction === 'user_initiated' || direction === 'business_initiated';
  return { kind: 'connect', ...base(), consumerId, ...(known ? { direction } : {}) };
}

function callStatus(call: JsonObject, _pageId: string, base: (detail: string) => CallBase): Item {
  const status = wordOf(call['call_status']) || wordOf(call['status']);
  if (!status) return malformed('a call_status names no status');
  const consumerId = idOf(call['recipient_id']);
  return { kind: 'call_status', ...base(status), status, ...(consumerId ? { consumerId } : {}) };
}

function mediaUpdate(call: JsonObject, _pageId: string, base: (detail: string) => CallBase): Item {
  const session = sessionOf(call['session']);
  const given = numberOf(session?.['version'] ?? call['version']);
  const version = given !== undefined && Number.isSafeInteger(given) && given >= 0 ? given : undefined;
  const sdp = sdpOf(session?.['sdp_renegotiation'] ?? session?.['sdp']);
  return {
    kind: 'media_update',
    ...base(String(version ?? '')),
    ...(version === undefined ? {} : { version }),
    ...(sdp === undefined ? {} : { sdp }),
  };
}

function terminate(call: JsonObject, _pageId: string, base: () => CallBase): Item {
  const status = call['status'];
  const durationS = numberOf(call['duration']);
  const startTimeMs = timeMsOf(call['start_time']);
  const endTimeMs = timeMsOf(call['end_time']);
  return {
    kind: 'terminate',
    ...base(),
    status: wordOf(Array.isArray(status) ? status[0] : status),
    ...(durationS === undefined || durationS < 0 ? {} : { durationS }),
    ...(startTimeMs === undefined ? {} : { startTimeMs }),
    ...(endTimeMs === undefined ? {} : { endTimeMs }),
  };
}

/** An object, or one as JSON text. */
function sessionOf(value: Json | undefined): JsonObject | undefined {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return undefined;
  const parsed = parseJsonLossless(value);
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
}
