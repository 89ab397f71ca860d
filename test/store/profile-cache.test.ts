import { expect, test } from 'vitest';
import { ProfileCache } from '../../src/store/index.ts';

const T0 = 1_789_000_000_000;
const HOUR = 3_600_000;

test('a name is good for 24 h', () => {
  const cache = new ProfileCache();
  cache.set('102', '765', { name: 'Amina' }, T0);
  expect(cache.get('102', '765', T0 + 24 * HOUR - 1)).toEqual({ name: 'Amina' });
  expect(cache.get('102', '765', T0 + 24 * HOUR)).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('a PSID belongs to its page', () => {
  const cache = new ProfileCache();
  cache.set('102', '765', { name: 'Amina' }, T0);
  expect(cache.get('103', '765', T0)).toBeUndefined();
});

test('no name is remembered for 10 min', () => {
  const cache = new ProfileCache();
  cache.set('102', '765', {}, T0);
  expect(cache.get('102', '765', T0 + 599_999)).toEqual({ name: undefined });
  expect(cache.get('102', '765', T0 + 600_000)).toBeUndefined();
});

test('the one not asked for longest goes first', () => {
  const cache = new ProfileCache({ max: 2 });
  cache.set('p', 'a', { name: 'A' }, T0);
  cache.set('p', 'b', { name: 'B' }, T0);
  cache.get('p', 'a', T0);
  cache.set('p', 'c', { name: 'C' }, T0);
  expect([cache.get('p', 'a', T0)?.name, cache.get('p', 'b', T0), cache.get('p', 'c', T0)?.name]).toEqual([
    'A',
    undefined,
    'C',
  ]);
});
