import { expect, it } from 'vitest';
import { RateLimit, sourceOf } from '../../src/http/rate-limit.ts';

function limit(maxKeys = 10): { bucket: RateLimit; time: { now: number } } {
  const time = { now: 1_000_000 };
  return { bucket: new RateLimit({ perSecond: 2, burst: 3, maxKeys, now: () => time.now }), time };
}

it('lets a burst through, then so many a second, and says how long to wait', () => {
  const { bucket, time } = limit();
  expect([1, 2, 3, 4].map(() => bucket.take('a'))).toEqual([0, 0, 0, 500]);
  expect(bucket.take('b')).toBe(0);
  time.now += 499;
  expect(bucket.take('a')).toBe(1);
  time.now += 1;
  expect([bucket.take('a'), bucket.take('a')]).toEqual([0, 500]);
  time.now += 3_600_000;
  expect([1, 2, 3, 4].map(() => bucket.take('a'))).toEqual([0, 0, 0, 500]);
});

it('can be looked at without taking', () => {
  const { bucket } = limit();
  expect([bucket.waitMs('a'), bucket.keys]).toEqual([0, 0]);
  for (let i = 0; i < 3; i += 1) bucket.take('a');
  expect([bucket.waitMs('a'), bucket.waitMs('a')]).toEqual([500, 500]);
});

it('a clock that goes back shuts nobody out', () => {
  const { bucket, time } = limit();
  for (let i = 0; i < 3; i += 1) bucket.take('a');
  time.now -= 86_400_000;
  expect(bucket.take('a')).toBe(500);
  time.now += 500;
  expect(bucket.take('a')).toBe(0);
});

it('remembers so many keys and no more: who was heard longest ago is forgotten', () => {
  const { bucket } = limit(3);
  for (const key of ['a', 'a', 'a', 'b', 'c']) bucket.take(key);
  bucket.take('a');
  bucket.take('d');
  expect(bucket.keys).toBe(3);
  expect(bucket.waitMs('a')).toBeGreaterThan(0);
  for (let i = 0; i < 10_000; i += 1) bucket.take(`x${i}`);
  expect(bucket.keys).toBe(3);
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  [undefined, ''],
])('%s counts as %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});
