import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { CollectionMeter } from '../../src/gateway/media/collection-meter.ts';

it('counts the stops of its thread, until it is closed', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const meter = new CollectionMeter();
  const counted = (): number => meter.read().counts.reduce((all, count) => all + count, 0);
  const before = meter.read();
  collect();
  await expect.poll(counted).toBeGreaterThan(0);
  expect(meter.read().sum).toBeGreaterThan(0);
  // What was read is as it was then.
  expect(before.counts.every((count) => count === 0)).toBe(true);
  meter.close();
  const then = counted();
  const other = new CollectionMeter();
  onTestFinished(() => other.close());
  collect();
  await expect.poll(() => other.read().sum).toBeGreaterThan(0);
  expect(counted()).toBe(then);
});
