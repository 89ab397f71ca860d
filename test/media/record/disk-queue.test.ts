import { expect, it } from 'vitest';
import { DiskQueue } from '../../../src/media/record/disk-queue.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';

it('asks one thing of the disk at a time, in order, whatever becomes of it', async () => {
  const disk = new DiskQueue(new FakeClock());
  const log: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = disk.run(async () => {
    log.push('one');
    await first.promise;
    throw new Error('ENOSPC');
  });
  const two = disk.run(async () => void log.push('two'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(['one']);
  first.resolve();
  await expect(one).rejects.toThrow('ENOSPC');
  await two;
  expect(log).toEqual(['one', 'two']);
});

it('asks nothing more of a disk that hangs, until it answers; what must be done is done then', async () => {
  const clock = new FakeClock();
  const disk = new DiskQueue(clock);
  const hung = Promise.withResolvers<string>();
  const one = disk.run(() => hung.promise);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_001);
  await expect(disk.run(async () => 'two')).rejects.toThrow('does not answer');
  const late = disk.runLater(async () => 'late');
  hung.resolve('one');
  expect(await Promise.all([one, late])).toEqual(['one', 'late']);
  expect(await disk.run(async () => 'three')).toBe('three');
});
