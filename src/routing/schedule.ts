export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof DAYS)[number];

/** When somebody is there, by the clock on a wall in `zone`; the configuration's `schedules` fit. */
export interface Schedule {
  /** IANA name, such as Europe/Berlin. */
  readonly zone: string;
  /** `to` is not inside any more; one that is not after `from` is of the next day. */
  readonly hours: readonly {
    readonly days: readonly Day[];
    /** `09:00` */
    readonly from: string;
    /** `17:30`; `24:00` is the end of the day. */
    readonly to: string;
  }[];
  /**
   * Closed whatever the hours: `2026-12-25`; `12-25` of every year; `FIRST/LAST`, whole days both, or with times
   * (`2026-12-24T14:00/2026-12-27T08:00`), where LAST is not inside any more.
   */
  readonly holidays?: readonly string[] | undefined;
}

/** What the clock on a wall shows. */
export interface WallClock {
  /** `2026-12-24` */
  readonly date: string;
  /** `18:30` */
  readonly time: string;
  readonly day: Day;
}

export interface Openness {
  readonly open: boolean;
  /** For people: `closed: thu 18:30 in Europe/Berlin is outside its hours` */
  readonly why: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param atMs milliseconds since the epoch. Throws RangeError for a zone that nobody knows. */
export function wallClock(zone: string, atMs: number): WallClock {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const day = DAYS.find((each) => each === parts['weekday']?.toLowerCase().slice(0, 3)) ?? 'sun';
  const year = (parts['year'] ?? '').padStart(4, '0');
  return {
    date: `${year}-${parts['month']}-${parts['day']}`,
    time: `${parts['hour']}:${parts['minute']}`,
    day,
  };
}

/**
 * Whether `schedule` is open. Hours are those of the wall clock: an hour that the clocks skip is nobody's, one that they
 * repeat is open twice. A holiday closes from its midnight on, also for a shift that began the day before.
 */
export function openness(schedule: Schedule, atMs: number): Openness {
  const now = wallClock(schedule.zone, atMs);
  const shown = `${now.day} ${now.date} ${now.time} in ${schedule.zone}`;
  const holiday = schedule.holidays?.find((each) => isHoliday(each, now));
  if (holiday !== undefined) return { open: false, why: `closed: ${shown} is holiday ${holiday}` };
  const yesterday = DAYS[(DAYS.indexOf(now.day) + 6) % 7] as Day;
  const hours = schedule.hours.find(({ days, from, to }) => {
    const overnight = to <= from;
    const today = days.includes(now.day) && now.time >= from && (overnight || now.time < to);
    return today || (overnight && days.includes(yesterday) && now.time < to);
  });
  if (!hours) return { open: false, why: `closed: ${shown} is outside its hours` };
  return { open: true, why: `open: ${shown} is inside ${hours.from} to ${hours.to}` };
}

function isHoliday(holiday: string, { date, time }: WallClock): boolean {
  const [first = '', last] = holiday.split('/');
  if (last === undefined) return first === date || first === date.slice(5);
  const now = `${date}T${time}`;
  const begins = first.includes('T') ? first : `${first}T00:00`;
  return now >= begins && (last.includes('T') ? now < last : date <= last);
}
