import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { SessionTimer } from '../../src/sip-server/dialog/session-timer.ts';

const NONE = { minSE: 0, retryAfter: undefined };

function bench(random = 0.5, ownsCallId = true) {
  const clock = new FakeClock();
  const events: string[] = [];
  const note = (what: string) => () => events.push(`${what} ${clock.monotonic() / 1000}`);
  const timer = new SessionTimer(
    { clock, random: () => random, ownsCallId },
    { onRefresh: note('refresh'), onExpired: note('expired') },
  );
  const until = (seconds: number): string[] => {
    clock.advance(seconds * 1000 - clock.monotonic());
    return events.splice(0);
  };
  return { clock, timer, until };
}

test.each([
  [0, 895],
  [0.5, 900],
  [0.999_999, 905],
])('our refresh comes at half the interval, 5 s around it (random %d)', (random, at) => {
  const { timer, until } = bench(random);
  timer.start({ interval: 1800, refresher: 'local' });
  expect(until(at - 0.001)).toEqual([]);
  expect(until(at)).toEqual([`refresh ${at}`]);
});

test('a refresh of ours that nobody answers ends the session at its interval, once', () => {
  const { timer, until, clock } = bench();
  timer.start({ interval: 90, refresher: 'local' });
  expect(until(1000)).toEqual(['refresh 45', 'expired 90']);
  expect(timer.terms).toBeUndefined();
  expect(clock.armed).toBe(0);
});

test.each([
  [90, 60],
  [96, 64],
  [1800, 1768],
])('a peer that does not refresh within %i s has until %i s', (interval, at) => {
  const { timer, until } = bench();
  timer.start({ interval, refresher: 'remote' });
  expect(until(interval * 3)).toEqual([`expired ${at}`]);
});

test('each start begins anew, stop ends it, nothing stays armed', () => {
  const { timer, until, clock } = bench();
  timer.start({ interval: 100, refresher: 'local' });
  expect(until(40)).toEqual([]);
  timer.start({ interval: 120, refresher: 'remote' });
  expect(until(119)).toEqual([]);
  timer.start({ interval: 120, refresher: 'local' });
  expect(until(179)).toEqual(['refresh 179']);
  timer.stop();
  expect(clock.armed).toBe(0);
  expect(until(10_000)).toEqual([]);
});

test('an interval beyond what setTimeout counts is neither cut short nor fired at once', () => {
  const { timer, until } = bench();
  timer.start({ interval: 4_294_967_295, refresher: 'remote' });
  expect(until(4_294_967_262)).toEqual([]);
  expect(until(4_294_967_263)).toEqual(['expired 4294967263']);
});

test('422 raises the interval, a bounded number of times, and only ever upward', () => {
  const { timer, until } = bench();
  timer.start({ interval: 90, refresher: 'local' });
  until(45);
  expect(timer.refused({ ...NONE, status: 422, minSE: 120 })).toBe('again');
  expect(until(45)).toEqual(['refresh 45']);
  expect([timer.terms?.interval, timer.minSE]).toEqual([120, 120]);
  expect(timer.refused({ ...NONE, status: 422, minSE: 120 })).toBe('end');
  expect(timer.refused({ ...NONE, status: 422, minSE: 121 })).toBe('again');
  expect(timer.refused({ ...NONE, status: 422, minSE: 122 })).toBe('again');
  expect(timer.refused({ ...NONE, status: 422, minSE: 123 })).toBe('end');
  expect(timer.refused({ ...NONE, status: 422 })).toBe('end');
});

test.each([
  [true, 0, [2.1, 4.2, 6.3]],
  [true, 1, [4, 8, 12]],
  [false, 0, [0, 0, 0]],
  [false, 0.5, [1, 2, 3]],
])('491: as RFC 3261 14.1, longer each time (Call-ID ours: %s, random %d)', (owns, random, delays) => {
  const { timer, until } = bench(random, owns);
  timer.start({ interval: 1800, refresher: 'local' });
  let now = 895 + random * 10;
  until(now);
  for (const delay of delays) {
    expect(timer.refused({ ...NONE, status: 491 })).toBe('again');
    now += delay;
    const [event, ...rest] = until(now + 0.001);
    expect(rest).toEqual([]);
    expect(Number(event?.split(' ')[1])).toBeCloseTo(now, 2);
    now += 0.001;
  }
});

test('glare without end ends with the session', () => {
  const clock = new FakeClock();
  let refreshes = 0;
  let expired = 0;
  const timer = new SessionTimer(
    { clock, random: () => 0.5, ownsCallId: false },
    {
      onRefresh: () => {
        refreshes++;
        timer.refused({ ...NONE, status: 491 });
      },
      onExpired: () => expired++,
    },
  );
  timer.start({ interval: 1800, refresher: 'local' });
  clock.advance(4_000_000);
  expect([expired, clock.armed]).toEqual([1, 0]);
  expect(refreshes).toBeLessThan(50);
});

test('Retry-After is kept; what cannot help ends the session', () => {
  const { timer, until } = bench();
  timer.start({ interval: 1800, refresher: 'local' });
  until(900);
  expect(timer.refused({ status: 500, minSE: 0, retryAfter: 7 })).toBe('again');
  expect(until(907)).toEqual(['refresh 907']);
  expect(timer.refused({ status: 503, minSE: 0, retryAfter: 0 })).toBe('again');
  expect(until(909)).toEqual(['refresh 909']);
  for (const status of [302, 401, 407, 408, 481, 488, 500, 503, 603]) {
    expect(timer.refused({ ...NONE, status }), String(status)).toBe('end');
  }
});

test('turned off meanwhile: a late refusal costs nothing, unless the dialog is gone', () => {
  const { timer, clock } = bench();
  timer.start({ interval: 1800, refresher: 'local' });
  timer.stop();
  expect(timer.refused({ ...NONE, status: 491 })).toBe('again');
  expect(timer.refused({ ...NONE, status: 488 })).toBe('again');
  expect(clock.armed).toBe(0);
  expect(timer.refused({ ...NONE, status: 481 })).toBe('end');
});
