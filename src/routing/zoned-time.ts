import { wallClock } from './schedule.ts';

const LOCAL = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/;

/**
 * `2026-12-24T18:30` in `zone` as milliseconds since the epoch; undefined for another form, and for an hour that the
 * clocks skip. Of an hour that they repeat the first one.
 */
export function zonedTime(text: string, zone: string): number | undefined {
  if (!LOCAL.test(text)) return undefined;
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  // Zones are at most 14 hours off; all offsets around are tried, the earliest moment first.
  const offsets = [-24, 0, 24].map((hours) => offsetAt(zone, asUtc + hours * 3_600_000));
  const found = offsets
    .map((offsetMs) => asUtc - offsetMs)
    .filter((atMs) => {
      const { date, time } = wallClock(zone, atMs);
      return `${date}T${time}` === text;
    });
  return found.length > 0 ? Math.min(...found) : undefined;
}

/** How far the zone's clocks are ahead of UTC, ms. */
function offsetAt(zone: string, atMs: number): number {
  const { date, time } = wallClock(zone, atMs);
  return Date.parse(`${date}T${time}Z`) - Math.floor(atMs / 60_000) * 60_000;
}

/** Whether it is the name of a zone that this machine's Node knows. */
export function isZone(name: string): boolean {
  try {
    wallClock(name, 0);
    return name !== '';
  } catch {
    return false;
  }
}
