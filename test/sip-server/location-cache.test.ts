import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { Result } from '../../src/shared/result.ts';
import type { Located } from '../../src/sip-server/transport/dns/locate.ts';
import { LOOKUP_MS, LocationCache } from '../../src/sip-server/transport/dns/location-cache.ts';
import { NEGATIVE_TTL_MS } from '../../src/sip-server/transport/dns/resolver.ts';
import { UNREACHABLE_MS, Unreachable } from '../../src/sip-server/transport/unreachable.ts';

const place = (ttlMs: number): Located => ({
  services: [{ protocol: 'udp', places: [{ priority: 0, weight: 0, port: 5060, addresses: ['192.0.2.1'] }] }],
  ttlMs,
});

/** A cache over look-ups that the test answers. */
class Bench {
  readonly clock = new FakeClock();
  readonly lookups: { resolve: (located: Located) => void; reject: (error: Error) => void }[] = [];
  readonly told: string[] = [];
  readonly cache = new LocationCache(
    this.clock,
    () => new Promise((resolve, reject) => this.lookups.push({ resolve, reject })),
  );

  find(name: string, host = 'pbx.test'): void {
    this.cache.find({ host }, (located: Result<Located, Error>) =>
      this.told.push(`${name} ${located.ok ? 'found' : located.error.message}`),
    );
  }

  async settle(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.told.splice(0);
  }
}

test('look-ups of one target are joined and answered in order; what is known is told at once until its TTL', async () => {
  const bench = new Bench();
  bench.find('first');
  bench.find('second');
  bench.find('other', 'else.test');
  expect(bench.lookups.length).toBe(2);
  bench.lookups[0]!.resolve(place(20_000));
  bench.lookups[1]!.resolve(place(60_000));
  expect(await bench.settle()).toEqual(['first found', 'second found', 'other found']);
  bench.clock.advance(19_999);
  bench.find('third');
  expect(bench.told.splice(0)).toEqual(['third found']);
  bench.clock.advance(1);
  bench.find('fourth');
  expect([bench.told.length, bench.lookups.length]).toEqual([0, 3]);
});

test('a DNS that never answers fails the look-up, and the next ones for a short while at once', async () => {
  const bench = new Bench();
  bench.find('first');
  bench.clock.advance(LOOKUP_MS);
  expect(bench.told.splice(0)).toEqual(['first pbx.test: DNS does not answer']);
  bench.find('second');
  expect(bench.told.splice(0)).toEqual(['second pbx.test: DNS does not answer']);
  // The answer that comes too late is nobody's any more.
  bench.lookups[0]!.resolve(place(20_000));
  expect(await bench.settle()).toEqual([]);
  bench.clock.advance(NEGATIVE_TTL_MS);
  bench.find('third');
  expect(bench.lookups.length).toBe(2);
  expect(bench.clock.armed).toBe(1);
});

test('while DNS fails, what was known last is used', async () => {
  const bench = new Bench();
  bench.find('first');
  bench.lookups[0]!.resolve(place(2000));
  await bench.settle();
  bench.clock.advance(2000);
  bench.find('second');
  bench.lookups[1]!.reject(new Error('ESERVFAIL'));
  expect(await bench.settle()).toEqual(['second found']);
  bench.clock.advance(60 * 60_000);
  bench.find('third');
  bench.lookups[2]!.reject(new Error('ESERVFAIL'));
  expect(await bench.settle()).toEqual(['third ESERVFAIL']);
});

test('closing leaves no timer, and tells nobody', async () => {
  const bench = new Bench();
  bench.find('first');
  bench.cache.close();
  bench.lookups[0]!.resolve(place(1));
  expect(await bench.settle()).toEqual([]);
  expect([bench.clock.armed, bench.cache.pending]).toEqual([0, 0]);
});

test('places that failed lately come last, all of them; then they are forgiven', () => {
  const clock = new FakeClock();
  const unreachable = new Unreachable(clock);
  const [a, b, c] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => {
    return { protocol: 'udp', address, port: 5060 } as const;
  });
  unreachable.add(a!);
  unreachable.add(b!, 1000);
  expect(unreachable.sort([a!, b!, c!])).toEqual([c, a, b]);
  expect(unreachable.has({ ...a!, protocol: 'tcp' })).toBe(false);
  clock.advance(1000);
  expect(unreachable.sort([a!, b!, c!])).toEqual([b, c, a]);
  clock.advance(UNREACHABLE_MS);
  expect(unreachable.sort([a!, b!, c!])).toEqual([a, b, c]);
});
