import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { ThreadHeaps } from './thread-heaps.ts';

/** For `thread-heaps.test.ts`: a thread that makes garbage, and one that keeps it; prints what each left of its heap. */
const many = (): object[] => Array.from({ length: 300_000 }, (_, i) => ({ i }));

if (isMainThread) {
  const heaps = new ThreadHeaps();
  const worker = new Worker(new URL(import.meta.url));
  const told: unknown[] = [];
  for (const wish of ['nothing', 'garbage', 'kept']) {
    const done = once(worker, 'message');
    worker.postMessage(wish);
    await done;
    told.push(await heaps.collect());
  }
  await worker.terminate();
  told.push(await heaps.collect());
  console.log(JSON.stringify(told));
} else {
  const kept: object[][] = [];
  parentPort?.on('message', (wish: string) => {
    const made = wish === 'nothing' ? [] : many();
    if (wish === 'kept') kept.push(made);
    parentPort?.postMessage(made.length + kept.length);
  });
}
