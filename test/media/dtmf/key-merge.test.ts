import { expect, it } from 'vitest';
import { KeyMerge } from '../../../src/media/dtmf/key-merge.ts';

it('takes a press once that two methods tell of, in any order, at any distance that is one press', () => {
  for (const apart of [-600, 0, 600, 1_900]) {
    const merge = new KeyMerge();
    const tell: [number, () => boolean][] = [
      [1_000, () => merge.begin('rfc4733', 5, 1_000)],
      [1_000 + apart, () => merge.begin('info', 5, 1_000 + apart)],
    ];
    tell.sort(([a], [b]) => a - b);
    expect(tell.map(([, run]) => run())).toEqual([true, false]);
    expect(merge.merged).toBe(1);
  }
});

it('knows a long press from its beginning to its end', () => {
  const merge = new KeyMerge();
  expect(merge.begin('rfc4733', 5, 0)).toBe(true);
  // INFO at key up, ten seconds later.
  expect(merge.begin('info', 5, 10_000)).toBe(false);
  merge.end('info', 10_000);
  merge.end('rfc4733', 10_020);
  expect(merge.begin('inband', 5, 10_030)).toBe(false);
});

it('keeps the same key twice as two, whichever method is behind', () => {
  const merge = new KeyMerge();
  const press = (method: 'rfc4733' | 'info', at: number): boolean => {
    const isNew = merge.begin(method, 1, at);
    merge.end(method, at + 100);
    return isNew;
  };
  expect([press('rfc4733', 0), press('rfc4733', 300), press('info', 320), press('info', 620)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([press('info', 900), press('rfc4733', 950)]).toEqual([true, false]);
});

it('tells other keys and later presses apart', () => {
  const merge = new KeyMerge();
  merge.begin('rfc4733', 1, 0);
  merge.end('rfc4733', 100);
  expect(merge.begin('info', 2, 100)).toBe(true);
  merge.end('info', 100);
  expect(merge.begin('info', 1, 2_200)).toBe(true);
});

it('remembers enough presses for a method that is far behind', () => {
  const merge = new KeyMerge();
  // A card's number dialled by a machine; the first INFO was lost twice.
  for (let i = 0; i < 16; i++) {
    expect(merge.begin('rfc4733', i % 10, i * 100)).toBe(true);
    merge.end('rfc4733', i * 100 + 50);
  }
  for (let i = 0; i < 16; i++) expect(merge.begin('info', i % 10, 1_600 + i * 50)).toBe(false);
});
