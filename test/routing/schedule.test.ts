import { describe, expect, it } from 'vitest';
import { openness, type Schedule, zonedTime } from '../../src/routing/index.ts';

const at = (text: string): number => Date.parse(text);
const isOpen = (schedule: Schedule, utc: string): boolean => openness(schedule, at(utc)).open;

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const office: Schedule = {
  zone: 'Europe/Berlin',
  hours: [{ days: WEEK, from: '09:00', to: '17:30' }],
  holidays: ['2026-12-24T14:00/2026-12-27T08:00', '05-01', '2026-08-10/2026-08-12'],
};

describe('hours', () => {
  it('are those of the zone, in summer and in winter', () => {
    expect(isOpen(office, '2026-07-01T06:59:59Z')).toBe(false);
    expect(isOpen(office, '2026-07-01T07:00:00Z')).toBe(true);
    expect(isOpen(office, '2026-07-01T15:29:59Z')).toBe(true);
    expect(isOpen(office, '2026-07-01T15:30:00Z')).toBe(false);
    expect(isOpen(office, '2026-12-01T07:59:59Z')).toBe(false);
    expect(isOpen(office, '2026-12-01T08:00:00Z')).toBe(true);
    expect(isOpen(office, '2026-07-04T10:00:00Z'), 'a Saturday').toBe(false);
  });

  it('open at the same time of the clock on both sides of either change', () => {
    // Clocks go from 02:00 to 03:00 on 29 March, and from 03:00 to 02:00 on 25 October 2026.
    for (const [day, utc] of [
      ['fri', '2026-03-27T08:00:00Z'],
      ['mon', '2026-03-30T07:00:00Z'],
      ['fri', '2026-10-23T07:00:00Z'],
      ['mon', '2026-10-26T08:00:00Z'],
    ] as const) {
      expect(isOpen(office, utc), day).toBe(true);
      expect(openness(office, at(utc) - 1_000).open, day).toBe(false);
    }
  });

  it('that the clocks skip are nobody’s, and those that they repeat are open twice', () => {
    const night: Schedule = {
      zone: 'Europe/Berlin',
      hours: [{ days: ['sun'], from: '02:00', to: '03:00' }],
    };
    for (const utc of ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'])
      expect(isOpen(night, utc), utc).toBe(false);
    for (const utc of [
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:59:59Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:59:59Z',
    ])
      expect(isOpen(night, utc), utc).toBe(true);
    for (const utc of ['2026-10-24T23:59:59Z', '2026-10-25T02:00:00Z'])
      expect(isOpen(night, utc), utc).toBe(false);
  });

  it('may cross midnight, also the one of a change, and belong to the day on which they begin', () => {
    const late: Schedule = {
      zone: 'America/New_York',
      hours: [{ days: ['sat'], from: '22:00', to: '03:30' }],
    };
    // On 8 March 2026 the clocks go from 02:00 to 03:00, on 1 November from 02:00 to 01:00.
    expect(isOpen(late, '2026-03-08T02:59:59Z')).toBe(false);
    expect(isOpen(late, '2026-03-08T03:00:00Z')).toBe(true);
    expect(isOpen(late, '2026-03-08T07:29:59Z'), '03:29 by summer time').toBe(true);
    expect(isOpen(late, '2026-03-08T07:30:00Z')).toBe(false);
    expect(isOpen(late, '2026-11-01T02:00:00Z')).toBe(true);
    expect(isOpen(late, '2026-11-01T08:29:59Z'), '03:29 by winter time').toBe(true);
    expect(isOpen(late, '2026-11-01T08:30:00Z')).toBe(false);
    expect(isOpen(late, '2026-03-07T04:00:00Z'), 'Friday night').toBe(false);
    expect(isOpen(late, '2026-03-09T04:30:00Z'), 'Sunday night').toBe(false);
  });

  it('reach to the end of the day', () => {
    const all: Schedule = { zone: 'Asia/Kathmandu', hours: [{ days: ['wed'], from: '00:00', to: '24:00' }] };
    expect(isOpen(all, '2026-06-30T18:14:59Z')).toBe(false);
    expect(isOpen(all, '2026-06-30T18:15:00Z'), 'quarter hours').toBe(true);
    expect(isOpen(all, '2026-07-01T18:14:59Z')).toBe(true);
    expect(isOpen(all, '2026-07-01T18:15:00Z')).toBe(false);
  });
});

describe('holidays', () => {
  it('close from and to a time', () => {
    expect(isOpen(office, '2026-12-24T12:59:59Z')).toBe(true);
    expect(isOpen(office, '2026-12-24T13:00:00Z')).toBe(false);
    expect(isOpen(office, '2026-12-25T10:00:00Z')).toBe(false);
    expect(isOpen(office, '2026-12-28T09:00:00Z')).toBe(true);
  });

  it('close whole days, the first and the last, or of every year', () => {
    expect(isOpen(office, '2026-08-07T10:00:00Z')).toBe(true);
    for (const day of ['10', '11', '12']) expect(isOpen(office, `2026-08-${day}T10:00:00Z`), day).toBe(false);
    expect(isOpen(office, '2026-08-13T10:00:00Z')).toBe(true);
    expect(isOpen(office, '2026-05-01T10:00:00Z')).toBe(false);
    expect(isOpen(office, '2028-05-01T10:00:00Z')).toBe(false);
  });

  it('say so', () => {
    expect(openness(office, at('2026-12-25T10:00:00Z')).why).toBe(
      'closed: fri 2026-12-25 11:00 in Europe/Berlin is holiday 2026-12-24T14:00/2026-12-27T08:00',
    );
    expect(openness(office, at('2026-07-01T18:00:00Z')).why).toMatch(
      /^closed: wed 2026-07-01 20:00 .* outside its hours$/,
    );
    expect(openness(office, at('2026-07-01T10:00:00Z')).why).toMatch(/^open: .* inside 09:00 to 17:30$/);
  });
});

describe('a time of a zone', () => {
  it.each([
    ['2026-07-01T12:00', 'Europe/Berlin', '2026-07-01T10:00:00Z'],
    ['2026-12-24T18:30', 'Europe/Berlin', '2026-12-24T17:30:00Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00Z'],
    ['2026-01-01T00:00', 'Pacific/Kiritimati', '2025-12-31T10:00:00Z'],
    ['2026-01-01T00:00', 'UTC', '2026-01-01T00:00:00Z'],
  ])('%s in %s is %s', (text, zone, utc) => {
    expect(zonedTime(text, zone)).toBe(at(utc));
  });

  it('is none in an hour that the clocks skip, or in another form', () => {
    expect(zonedTime('2026-03-29T02:30', 'Europe/Berlin')).toBeUndefined();
    for (const text of ['', '2026-03-29', '2026-02-30T10:00', '2026-03-29 10:00', '2026-03-29T24:30'])
      expect(zonedTime(text, 'UTC'), text).toBeUndefined();
  });
});
