import type { CallHours } from '../meta/index.ts';
import { DAYS } from '../meta/wire-page.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Problem } from './answer.ts';

/** `MON-FRI=0800-1730` for each day from the first to the last, `SAT=09:00-12:00` for one. */
export function openHours(texts: readonly string[]): Result<CallHours['weekly'], Problem> {
  const weekly: { day: string; open: string; close: string }[] = [];
  for (const text of texts) {
    const parts = /^([a-z]{3,9})(?:-([a-z]{3,9}))?=(\d\d):?(\d\d)-(\d\d):?(\d\d)$/i.exec(text);
    const [, from = '', to = from, openHour, openMinute, closeHour, closeMinute] = parts ?? [];
    const first = dayOf(from);
    const last = dayOf(to);
    if (!parts || first < 0 || last < 0) return err(odd(text));
    // From Saturday to Monday goes over the end of the week.
    const count = ((last - first + DAYS.length) % DAYS.length) + 1;
    for (let i = 0; i < count; i++) {
      weekly.push({
        day: DAYS[(first + i) % DAYS.length] as string,
        open: `${openHour}${openMinute}`,
        close: `${closeHour}${closeMinute}`,
      });
    }
  }
  return ok(weekly);
}

const dayOf = (text: string): number => DAYS.findIndex((day) => day.startsWith(text.toUpperCase()));

const odd = (text: string): Problem => ({
  field: '--open',
  message: `"${text}" is not days and hours.`,
  remedy: 'Write it as MON-FRI=0800-1730 or SAT=0900-1200.',
});
