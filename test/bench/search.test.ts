import { expect, test } from 'vitest';
import { sustained } from './sip/search.ts';

test.each([5, 40, 290, 300, 777, 5000])(
  'finds a limit of %i calls a second within 10 % from below',
  async (limit) => {
    const tried: number[] = [];
    const found = await sustained(300, async (rate) => {
      tried.push(rate);
      return rate <= limit;
    });
    expect(found).toBeLessThanOrEqual(limit);
    if (limit >= 10) expect(found).toBeGreaterThanOrEqual(limit / 1.1 - 1);
    expect(tried.length).toBeLessThan(20);
  },
);
