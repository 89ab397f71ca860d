import { describe, expect, it } from 'vitest';
import { orderTargets } from '../../src/routing/index.ts';

interface Entry {
  readonly trunk: string;
  readonly priority?: number;
  readonly weight?: number;
}

const always = (): boolean => true;
const never = (): number => {
  throw new Error('no chance is needed');
};
const names = (targets: readonly Entry[]): string => targets.map(({ trunk }) => trunk).join('');

/** Uniform in [0, 1), the same in every run, by the generator of Park and Miller. */
function dice(): () => number {
  let seed = 42;
  return () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

describe('the order in which targets are tried', () => {
  it('is that of the list where nothing else is said, without any chance', () => {
    const list = [{ trunk: 'c' }, { trunk: 'a' }, { trunk: 'b' }];
    expect(names(orderTargets(list, always, never))).toBe('cab');
  });

  it('is by priority first, 0 where there is none, then by the list', () => {
    const list = [
      { trunk: 'c', priority: 20 },
      { trunk: 'a', priority: 10 },
      { trunk: 'd', priority: 20 },
      { trunk: '0' },
      { trunk: 'b', priority: 10 },
    ];
    expect(names(orderTargets(list, always, never))).toBe('0abcd');
  });

  it('is by chance in proportion to the weights within one priority', () => {
    const list = [
      { trunk: 'a', weight: 70 },
      { trunk: 'b', weight: 20 },
      { trunk: 'c', weight: 10 },
      { trunk: 'z', priority: 1 },
    ];
    const random = dice();
    const first: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let i = 0; i < 10_000; i += 1) {
      const order = names(orderTargets(list, always, random));
      expect(order).toMatch(/^(?=.*a)(?=.*b)(?=.*c)[abc]{3}z$/);
      first[order[0] ?? ''] = (first[order[0] ?? ''] ?? 0) + 1;
    }
    expect((first['a'] ?? 0) / 10_000).toBeCloseTo(0.7, 1);
    expect((first['b'] ?? 0) / 10_000).toBeCloseTo(0.2, 1);
    expect((first['c'] ?? 0) / 10_000).toBeCloseTo(0.1, 1);
  });

  it('takes every mark of the die: the lowest is the first target, the highest the last', () => {
    const list = [
      { trunk: 'a', weight: 3 },
      { trunk: 'b', weight: 1 },
    ];
    expect(names(orderTargets(list, always, () => 0))).toBe('ab');
    expect(names(orderTargets(list, always, () => 0.74))).toBe('ab');
    expect(names(orderTargets(list, always, () => 0.76))).toBe('ba');
    expect(names(orderTargets(list, always, () => 1 - 2 ** -53))).toBe('ba');
  });

  it('has weight 0 behind the others of its priority, and 1 where only others have one', () => {
    const list = [
      { trunk: 'n', weight: 0 },
      { trunk: 'a', weight: 1 },
      { trunk: 'b' },
      { trunk: 'm', weight: 0 },
    ];
    expect(names(orderTargets(list, always, () => 0.4))).toBe('abnm');
    expect(names(orderTargets(list, always, () => 0.6))).toBe('banm');
  });

  it('has trunks that are down at the end, in the order that they would have had', () => {
    const list = [
      { trunk: 'a', priority: 2 },
      { trunk: 'b', priority: 1 },
      { trunk: 'c', priority: 3 },
      { trunk: 'd', priority: 0 },
    ];
    const down = new Set(['b', 'd']);
    expect(names(orderTargets(list, (trunk) => !down.has(trunk), never))).toBe('acdb');
    expect(names(orderTargets(list, () => false, never)), 'nothing else is left').toBe('dbac');
  });
});
