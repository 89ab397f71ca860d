import { expect, it } from 'vitest';
import { ringLimits } from '../../src/gateway/accounts.ts';

it("a Page has its route's ring budget", () => {
  expect(ringLimits({}, 45_000)).toEqual({ ringBudgetMs: 45_000 });
});

it('phones of a WhatsApp number stop ringing before the call is given up, and the last accept comes in time', () => {
  expect(ringLimits({ acceptWindowMs: 30_000 }, 45_000)).toEqual({
    ringBudgetMs: 25_000,
    acceptWindowMs: 28_000,
  });
  expect(ringLimits({ acceptWindowMs: 60_000 }, 20_000)).toEqual({
    ringBudgetMs: 20_000,
    acceptWindowMs: 58_000,
  });
});
