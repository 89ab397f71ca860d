import type { CallHours } from './events.ts';
import { type Item, malformed } from './item.ts';
import { idOf, isObject, type Json, type JsonObject, listOf, timeMsOf, wordOf } from './json.ts';

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
  const routing = settings['call_routing'];
  const ringTarget = (isObject(routing) ? wordOf(routing['ring_target']) : wordOf(routing)).toUpperCase();
  const timestampMs = timeMsOf(time);
  const { audio_enabled: audio, icon_enabled: icon, video_enabled: video } = settings;
  const callHours = hoursOf(settings['call_hours']);
  const said = {
    ...(typeof audio === 'boolean' ? { audioEnabled: audio } : {}),
    ...(typeof icon === 'boolean' ? { iconEnabled: icon } : {}),
    ...(typeof video === 'boolean' ? { videoEnabled: video } : {}),
    ...(ringTarget ? { ringTarget } : {}),
    ...(callHours ? { callHours } : {}),
  };
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

function hoursOf(value: Json | undefined): CallHours | undefined {
  if (!isObject(value)) return undefined;
  const zone = value['timezone_id'];
  const days = (listOf(value['weekly_operating_hours']) ?? []).slice(0, 50).flatMap((entry) => {
    if (!isObject(entry)) return [];
    const { day_of_week: day, open_time: open, close_time: close } = entry;
    return typeof day === 'string' && typeof open === 'string' && typeof close === 'string'
      ? [{ day: day.toUpperCase(), open, close }]
      : [];
  });
  return { ...(typeof zone === 'string' ? { timezoneId: zone } : {}), weekly: days };
}
