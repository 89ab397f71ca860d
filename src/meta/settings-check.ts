import { err, ok, type Result } from '../shared/result.ts';
import type { CallSettings } from './settings.ts';
import { DAYS, type Day, RING_TARGETS, type RingTarget, type SettingsRequest } from './wire-page.ts';

/** What is wrong with settings that somebody wants to write. */
export interface SettingsProblem {
  /** As Meta spells the field; `call_hours.3` is the fourth window. */
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

const WHOLE_WEEK =
  'Hours that are written replace the whole week: a day that is not listed is closed. Each day has one window within the day.';

/**
 * The request for a change, or everything that Meta would refuse or do in silence: Meta has no half-closed week, no
 * window over midnight and no word on an empty list.
 */
export function settingsRequest(change: CallSettings): Result<SettingsRequest, readonly SettingsProblem[]> {
  const problems: SettingsProblem[] = [];
  const { audioEnabled, iconEnabled, videoEnabled, ringTarget, callHours } = change;
  if (Object.values(change).every((value) => value === undefined)) {
    problems.push({ field: '', message: 'nothing is to be changed.', remedy: 'Name at least one setting.' });
  }
  if (ringTarget !== undefined && !isRingTarget(ringTarget)) {
    problems.push({
      field: 'call_routing',
      message: `"${ringTarget}" is no ring target.`,
      remedy: 'META rings the inbox of the Page, PARTNERS this gateway.',
    });
  }
  if (callHours) problems.push(...hoursProblems(callHours));
  if (problems.length > 0) return err(problems);
  return ok({
    ...(audioEnabled === undefined ? {} : { audio_enabled: audioEnabled }),
    ...(iconEnabled === undefined ? {} : { icon_enabled: iconEnabled }),
    ...(videoEnabled === undefined ? {} : { video_enabled: videoEnabled }),
    ...(ringTarget === undefined ? {} : { call_routing: { ring_target: ringTarget as RingTarget } }),
    ...(callHours
      ? {
          call_hours: {
            timezone_id: callHours.timezoneId ?? '',
            weekly_operating_hours: callHours.weekly.map(({ day, open, close }) => ({
              day_of_week: day as Day,
              open_time: open,
              close_time: close,
            })),
          },
        }
      : {}),
  });
}

function hoursProblems({
  timezoneId = '',
  weekly,
}: NonNullable<CallSettings['callHours']>): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  if (!isZone(timezoneId)) {
    problems.push({
      field: 'call_hours.timezone_id',
      message: `"${timezoneId}" is no time zone.`,
      remedy: 'Use an IANA name, as Africa/Nairobi.',
    });
  }
  if (weekly.length === 0) {
    problems.push({
      field: 'call_hours',
      message: 'an empty list of hours: Meta does not say whether the Page is then always open or never.',
      remedy: `List the days on which the Page is open. ${WHOLE_WEEK}`,
    });
  }
  const seen = new Set<string>();
  weekly.forEach(({ day, open, close }, i) => {
    const field = `call_hours.${i}`;
    if (!(DAYS as readonly string[]).includes(day)) {
      problems.push({ field, message: `"${day}" is no day.`, remedy: `Use one of ${DAYS.join(', ')}.` });
    }
    if (seen.has(day)) {
      problems.push({
        field,
        message: `${day} is there twice.`,
        remedy: `Meta knows one window a day: no split hours. ${WHOLE_WEEK}`,
      });
    }
    seen.add(day);
    const odd = [open, close].filter((time) => !/^([01]\d|2[0-3])[0-5]\d$/.test(time));
    for (const time of odd) {
      problems.push({
        field,
        message: `"${time}" is no time.`,
        remedy: 'Write HHMM from 0000 to 2359; a day from 0000 to 2359 is closed in its last minute.',
      });
    }
    if (odd.length === 0 && close <= open) {
      problems.push({
        field,
        message: `${day} closes at ${close}, which is not after ${open}.`,
        remedy: `A window cannot run over midnight. ${WHOLE_WEEK}`,
      });
    }
  });
  return problems;
}

function isRingTarget(target: string): target is RingTarget {
  return (RING_TARGETS as readonly string[]).includes(target);
}

/** IANA, as the runtime knows them; it would take offsets as well. */
function isZone(name: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
