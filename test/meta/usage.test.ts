import { describe, expect, it } from 'vitest';
import { usageOf } from '../../src/meta/usage.ts';

describe('usage of the rate limits', () => {
  it('is the highest of all percentages, with the pool that has it', () => {
    expect(
      usageOf({
        'x-app-usage': '{"call_count":12,"total_time":31,"total_cputime":5}',
        'x-business-use-case-usage': JSON.stringify({
          102030405060708: [
            {
              type: 'messenger',
              call_count: 88,
              total_cputime: 1,
              total_time: 2,
              estimated_time_to_regain_access: 0,
            },
            {
              type: 'pages',
              call_count: 3,
              total_cputime: 1,
              total_time: 2,
              estimated_time_to_regain_access: 4,
            },
          ],
        }),
      }),
    ).toEqual({ percent: 88, pool: 'messenger', regainMinutes: 4 });
    expect(usageOf({ 'x-app-usage': '{"call_count":0}' })).toEqual({ percent: 0, pool: 'app' });
  });

  it('is unknown without headers, and with headers that nobody can read', () => {
    expect(usageOf({})).toBeUndefined();
    for (const text of ['', 'none', '[]', '{"1":5}', '{"call_count":"many"}', '{"1":[null,7,[]]}']) {
      expect(usageOf({ 'x-app-usage': text, 'x-business-use-case-usage': text })).toBeUndefined();
    }
  });
});
