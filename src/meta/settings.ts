import type { CallHours } from './events.ts';
import { isObject, type Json, type JsonObject, listOf, wordOf } from './json.ts';

/** A Page's call settings, whichever of their forms they came in; absent: not told. */
export interface CallSettings {
  readonly audioEnabled?: boolean;
  readonly iconEnabled?: boolean;
  readonly videoEnabled?: boolean;
  /** Upper case: `META`, `PARTNERS`. */
  readonly ringTarget?: string;
  readonly callHours?: CallHours;
}

/**
 * Reads the object that holds the settings, in a reply and in a webhook: `call_routing` as an object or as text,
 * `video` for `video_enabled` as older clients of Meta's spell it.
 */
export function settingsOf(settings: JsonObject): CallSettings {
  const routing = settings['call_routing'];
  const ringTarget = (isObject(routing) ? wordOf(routing['ring_target']) : wordOf(routing)).toUpperCase();
  const { audio_enabled: audio, icon_enabled: icon } = settings;
  const video = settings['video_enabled'] ?? settings['video'];
  const callHours = hoursOf(settings['call_hours']);
  return {
    ...(typeof audio === 'boolean' ? { audioEnabled: audio } : {}),
    ...(typeof icon === 'boolean' ? { iconEnabled: icon } : {}),
    ...(typeof video === 'boolean' ? { videoEnabled: video } : {}),
    ...(ringTarget ? { ringTarget } : {}),
    ...(callHours ? { callHours } : {}),
  };
}

/** The settings in a reply to GET: `{ data: [..] }` (reference), `{ data: {..} }`, or flat (guide). */
export function settingsOfReply(body: JsonObject): CallSettings {
  const [row] = listOf(body['data']) ?? [];
  return settingsOf(isObject(row) ? row : body);
}

/** Names of the settings that were wanted and are not found so. */
export function differences(wanted: CallSettings, found: CallSettings): (keyof CallSettings)[] {
  return (Object.keys(wanted) as (keyof CallSettings)[]).filter((key) => {
    if (wanted[key] === undefined) return false;
    return key === 'callHours' ? !sameHours(wanted.callHours, found.callHours) : wanted[key] !== found[key];
  });
}

/** Meta may list the days in another order. */
function sameHours(one: CallHours | undefined, other: CallHours | undefined): boolean {
  const text = (hours: CallHours | undefined): string =>
    [
      hours?.timezoneId,
      ...(hours?.weekly ?? []).map(({ day, open, close }) => `${day} ${open} ${close}`).sort(),
    ].join();
  return text(one) === text(other);
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
