const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):[0-5]\d)?$/;

/** `09:00`, up to `24:00`. */
export const isTimeOfDay = (text: string): boolean => /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text);

/** `2026-12-25`, `12-25` of every year, or `FIRST/LAST` with or without times; days that exist. */
export function isHoliday(text: string): boolean {
  // Of a leap year, so that 02-29 is a day.
  if (/^\d{2}-\d{2}$/.test(text)) return isDate(`2024-${text}`);
  const [first = '', last, ...more] = text.split('/');
  if (more.length > 0 || !isDate(first)) return false;
  if (last === undefined) return !first.includes('T');
  return isDate(last) && (last.includes('T') ? first < last : first.slice(0, 10) <= last);
}

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** A name that the zone data of this machine's Node knows. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
