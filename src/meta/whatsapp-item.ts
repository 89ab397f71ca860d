import { describe, foreign, type Item, malformed } from './item.ts';
import {
  idOf,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  parseJsonLossless,
  timeMsOf,
  wordOf,
} from './json.ts';
import { sdpOf } from './sdp-value.ts';

/** One change of `entry[].changes[]` of a `whatsapp_business_account`: calls, their statuses, permission replies. */
export function* whatsappChange(change: Json): Generator<Item> {
  if (!isObject(change)) return yield malformed('a change is no object');
  const { field, value } = change;
  const name = wordOf(field);
  if (name !== 'calls' && name !== 'messages') return yield foreign(`field ${describe(field)} is not ours`);
  if (!isObject(value)) return yield malformed(`a change of ${name} has no value`);
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const numberId = idOf(metadata['phone_number_id']);
  if (!numberId) return yield malformed('a change names no phone number (metadata.phone_number_id)');
  const business: Business = { numberId, display: digitsOf(metadata['display_phone_number']), value };
  let empty = true;
  for (const [key, read] of Object.entries(PARTS)) {
    if (value[key] === undefined || value[key] === null) continue;
    const list = listOf(value[key]);
    if (!list) yield malformed(`${key} of a change is neither a list nor an object`);
    for (const item of list ?? []) {
      empty = false;
      yield isObject(item) ? read(item, business) : malformed(`one of ${key} is no object`);
    }
  }
  if (empty) yield foreign(`a change of ${name} holds nothing of ours`);
}

/** Whose change it is, and what else it holds. */
interface Business {
  readonly numberId: string;
  /** Digits of the number itself, which stands in `from` and `to`. */
  readonly display: string;
  readonly value: JsonObject;
}

type Reader = (item: JsonObject, business: Business) => Item;

const PARTS: Readonly<Record<string, Reader>> = { calls: call, statuses: status, messages: message };

function call(item: JsonObject, business: Business): Item {
  const event = wordOf(item['event']);
  if (event !== 'connect' && event !== 'terminate')
    return foreign(`event ${describe(item['event'])} is unknown`);
  return event === 'connect' ? connect(item, business) : terminate(item, business);
}

function connect(item: JsonObject, business: Business): Item {
  const base = baseOf(item, business, 'connect');
  if (!base) return NO_ID;
  const said = wordOf(item['direction']) || wordOf(item['call_direction']);
  const direction = said === 'user_initiated' || said === 'business_initiated' ? said : undefined;
  const consumerId = consumerOf(item, business, direction);
  if (!consumerId) return malformed('a connect names no consumer (from, to)');
  const session = sessionOf(item);
  const consumerName = nameOf(consumerId, business.value['contacts']);
  return {
    kind: 'connect',
    ...base,
    // The offer and the answer of one call are two events.
    dedupeKey: `${base.dedupeKey}|${session?.type ?? ''}`,
    consumerId,
    ...(direction ? { direction } : {}),
    ...(session ? { session } : {}),
    ...(consumerName ? { consumerName } : {}),
  };
}

function terminate(item: JsonObject, business: Business): Item {
  const base = baseOf(item, business, 'terminate');
  if (!base) return NO_ID;
  const said = item['status'];
  const durationS = numberOf(item['duration']);
  const startTimeMs = timeMsOf(item['start_time']);
  const endTimeMs = timeMsOf(item['end_time']);
  // In samples beside the calls, not inside of them.
  const errors = [item['errors'], business.value['errors']].flatMap((list) => listOf(list) ?? []);
  const errorCode = errors
    .map((error) => (isObject(error) ? numberOf(error['code']) : undefined))
    .find(isKnown);
  return {
    kind: 'terminate',
    ...base,
    status: wordOf(Array.isArray(said) ? said[0] : said),
    ...(durationS === undefined || durationS < 0 ? {} : { durationS }),
    ...(startTimeMs === undefined ? {} : { startTimeMs }),
    ...(endTimeMs === undefined ? {} : { endTimeMs }),
    ...(errorCode === undefined ? {} : { errorCode }),
  };
}

/** Statuses of messages come under the same name by the thousand. */
function status(item: JsonObject, business: Business): Item {
  if (wordOf(item['type']) !== 'call') return foreign('a status of no call');
  const word = wordOf(item['status']);
  const base = baseOf(item, business, `call_status|${word}`);
  if (!base) return NO_ID;
  if (!word) return malformed('a call_status names no status');
  const consumerId = idOf(item['recipient_id']) ?? idOf(item['recipient_user_id']);
  return { kind: 'call_status', ...base, status: word, ...(consumerId ? { consumerId } : {}) };
}

/** The consumer's answer to a request for permission comes as a message. */
function message(item: JsonObject, { numberId }: Business): Item {
  const interactive = isObject(item['interactive']) ? item['interactive'] : {};
  const reply = interactive['call_permission_reply'];
  if (!isObject(reply)) return foreign('a message');
  const consumerId = idOf(item['from']) ?? idOf(item['from_user_id']);
  if (!consumerId) return malformed('a permission reply names no consumer (from)');
  const word = wordOf(reply['response']);
  const response = word === 'accept' ? 'approve' : word === 'reject' ? 'reject' : undefined;
  if (!response) return malformed('a permission reply neither accepts nor rejects');
  const timestampMs = timeMsOf(item['timestamp']);
  const expirationMs = timeMsOf(reply['expiration_timestamp']);
  return {
    kind: 'call_permission_reply',
    platform: 'whatsapp',
    pageId: numberId,
    consumerId,
    response,
    dedupeKey: [numberId, consumerId, 'call_permission_reply', timestampMs ?? '', response].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    // A permanent permission has no end, whatever else is said.
    ...(expirationMs === undefined || reply['is_permanent'] === true ? {} : { expirationMs }),
  };
}

const NO_ID = malformed('a call has no id');
const isKnown = (code: number | undefined): boolean => code !== undefined;

function baseOf(item: JsonObject, { numberId }: Business, event: string) {
  const callId = idOf(item['id']) ?? idOf(item['call_id']);
  if (!callId) return undefined;
  const timestampMs = timeMsOf(item['timestamp']);
  const opaque = item['biz_opaque_callback_data'];
  return {
    platform: 'whatsapp',
    pageId: numberId,
    callId,
    dedupeKey: [numberId, callId, event, timestampMs ?? ''].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(typeof opaque === 'string' && opaque.length <= 512 ? { opaque } : {}),
  } as const;
}

/** By direction, or else whichever of the two is not the business's own number. */
function consumerOf(
  item: JsonObject,
  { numberId, display }: Business,
  direction: string | undefined,
): string | undefined {
  const party = (...ids: (Json | undefined)[]): string | undefined =>
    ids.map(idOf).find((id) => id !== undefined && id !== numberId);
  const from = party(item['from'], item['from_user_id']);
  const to = party(item['to'], item['to_user_id']);
  if (direction === 'user_initiated') return from;
  if (direction === 'business_initiated') return to;
  return [from, to].find((id) => id !== undefined && digitsOf(id) !== display);
}

/** `session: { sdp_type, sdp }`, or the older `connection.webrtc.sdp`: that object as JSON in a string. */
function sessionOf(
  item: JsonObject,
): { readonly type: 'offer' | 'answer'; readonly sdp: string } | undefined {
  const connection = isObject(item['connection']) ? item['connection'] : {};
  const legacy = isObject(connection['webrtc']) ? connection['webrtc']['sdp'] : undefined;
  const holder = objectOf(item['session']) ?? objectOf(legacy);
  const sdp = sdpOf(item['session']) ?? sdpOf(legacy);
  if (sdp === undefined) return undefined;
  const said = wordOf(holder?.['sdp_type']) || wordOf(holder?.['type']);
  const isOurs = wordOf(item['direction']) === 'business_initiated';
  const type = said === 'offer' || said === 'answer' ? said : isOurs ? 'answer' : 'offer';
  return { type, sdp };
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  if (isObject(value)) return value;
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return undefined;
  const parsed = parseJsonLossless(value);
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
}

function nameOf(consumerId: string, contacts: Json | undefined): string | undefined {
  for (const contact of listOf(contacts) ?? []) {
    if (!isObject(contact) || !isObject(contact['profile'])) continue;
    const ids = [contact['wa_id'], contact['user_id']].map(idOf);
    const name = contact['profile']['name'];
    if (ids.includes(consumerId) && typeof name === 'string' && name.trim()) return name.trim();
  }
  return undefined;
}

/** `+254 700-000001` as `254700000001`. */
function digitsOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).replace(/\D/g, '') : '';
}
