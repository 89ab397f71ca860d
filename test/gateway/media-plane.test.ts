import { expect, it, onTestFinished } from 'vitest';
import { MediaPlane } from '../../src/gateway/media/plane.ts';
import type { WorkerOptions } from '../../src/gateway/media/protocol.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { Log } from '../../src/shared/log.ts';

const worker: WorkerOptions = {
  webrtc: { setupTimeoutMs: 15_000 },
  rtp: { address: '127.0.0.1', portMin: 0, portMax: 0, mediaTimeoutMs: 30_000 },
  opus: 'auto',
  opusComplexity: 5,
};

it('is born again also when no thread is to be had at first, after a pause each time', async () => {
  const clock = new FakeClock();
  const logged: string[] = [];
  const note = (_fields: object, event: string): void => void logged.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  // What cannot be cloned makes the thread's constructor throw, as a lack of memory does.
  const options = { worker: { ...worker, unclonable: undefined as unknown } };
  const lost: string[][] = [];
  const plane = await MediaPlane.start({
    ...options,
    get worker() {
      return options.worker;
    },
    clock,
    log,
    onEvent: () => {},
    onLost: (calls) => lost.push([...calls]),
  });
  onTestFinished(() => plane.stop());
  await plane.request('open', { call: 'c_1' });
  options.worker = { ...worker, unclonable: () => {} };
  await plane.crash();
  expect(lost).toEqual([['c_1']]);
  expect(plane.alive).toBe(false);
  expect(clock.armed).toBe(1);
  clock.advance(500);
  expect(plane.alive).toBe(false);
  expect(logged.filter((event) => event === 'media.worker-lost')).toHaveLength(2);
  options.worker = { ...worker, unclonable: undefined };
  clock.advance(30_000);
  expect(plane.alive).toBe(true);
  expect(await plane.request('inventory', {})).toMatchObject({ calls: 0 });
  expect(lost).toEqual([['c_1'], []]);
});
