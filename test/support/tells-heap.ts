import { sep } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import { type HeapAnswer, type HeapAsk, THREAD_HEAPS } from './thread-heaps.ts';

/**
 * For `node --expose-gc --import`, which loads it into every thread of a process: each one but the main one collects its
 * own garbage when `ThreadHeaps` asks, and tells what is left.
 */
if (!isMainThread) {
  const channel = new BroadcastChannel(THREAD_HEAPS);
  channel.onmessage = ({ data }) => {
    const { ask } = data as HeapAsk;
    if (ask === undefined) return;
    void collected().then((bytes) => {
      const program = (process.argv[1] ?? '').split(sep).slice(-2).join('/');
      channel.postMessage({ answer: ask, threadId, program, bytes } satisfies HeapAnswer);
    });
  };
  // A thread that has nothing else to do ends.
  channel.unref();
}

async function collected(): Promise<number> {
  // Twice, and a turn apart: finalizers run in between.
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc?.();
    await turn();
  }
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}
