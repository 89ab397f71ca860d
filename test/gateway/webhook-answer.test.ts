import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { keptForGood } from '../../src/gateway/webhook-answer.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

/** A webhook whose notes wait for the disk. */
function asked() {
  const clock = new FakeClock();
  const noted = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  let told: unknown;
  const answer = keptForGood(clock, noted.promise, () => written.promise).then((kept) => {
    told = kept;
  });
  const after = async (ms: number): Promise<unknown> => {
    clock.advance(ms);
    await setImmediate();
    return told;
  };
  return { noted, written, answer, after };
}

it('is answered as soon as its notes are on the disk', async () => {
  const { noted, after } = asked();
  expect(await after(149)).toBeUndefined();
  noted.resolve();
  expect(await after(0)).toEqual({ against: 'power-cut', ms: 149 });
});

it('waits for a slow disk no longer than 150 ms, once the system has its notes', async () => {
  const { written, after } = asked();
  written.resolve();
  expect(await after(149)).toBeUndefined();
  expect(await after(1)).toEqual({ against: 'crash', ms: 150 });
});

it('is not answered while a crash would lose its notes: Meta tells nothing twice that was', async () => {
  const { written, after } = asked();
  expect(await after(150)).toBeUndefined();
  expect(await after(1_000)).toBeUndefined();
  written.resolve();
  expect(await after(0)).toEqual({ against: 'crash', ms: 1_150 });
});

it('is answered at last where the system takes nothing: unanswered for an hour, Meta would tell nothing any more', async () => {
  const { after } = asked();
  expect(await after(150)).toBeUndefined();
  expect(await after(1_999)).toBeUndefined();
  expect(await after(1)).toEqual({ against: 'nothing', ms: 2_150 });
});
