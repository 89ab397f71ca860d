import { type Item, malformed } from './item.ts';
import { idOf, isObject, type Json, type JsonObject, timeMsOf, wordOf } from './json.ts';
import { settingsOf } from './settings.ts';

const APPROVES = /^(?:approved?|accept(?:ed)?)$/;
const REJECTS = /^(?:reject(?:ed)?|declined?|den(?:y|ied))$/;

/**
 * The consumer answered a request to be called.
 * @param holder what carries `sender`, `timestamp` and `call_permission_reply`
 */
export function permissionReply(holder: JsonObject, pageId: string): Item {
  const reply = holder['call_permission_reply'];
  const consumerId = partyOf(holder['sender']);
  if (!isObject(reply) || !consumerId) return malformed('a permission reply names no consumer (sender.id)');
  const word = wordOf(reply['response']);
  const response = APPROVES.test(word) ? 'approve' : REJECTS.test(word) ? 'reject' : undefined;
  if (!response) return malformed('a permission reply neither approves nor rejects');
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

/** The Page's call settings were changed, by us or by somebody in Meta's own tools. */
export function settingsUpdate(settings: JsonObject, pageId: string, time: Json | undefined): Item {
  const timestampMs = timeMsOf(time);
  const said = settingsOf(settings);
  if (Object.keys(said).length === 0) return malformed('a settings update says nothing that is known');
  return {
    kind: 'call_settings_update',
    pageId,
    dedupeKey: [pageId, '', 'call_settings_update', timestampMs ?? '', JSON.stringify(said)].join('|'),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...said,
  };
}

/** `{ id }` of `sender` and `recipient`. */
export function partyOf(value: Json | undefined): string | undefined {
  return isObject(value) ? idOf(value['id']) : undefined;
}
