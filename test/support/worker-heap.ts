import type { Worker } from 'node:worker_threads';

/**
 * Heap of another thread after a full collection, bytes, with what its Buffers hold outside. A heap snapshot begins with
 * such a collection; it is read to its end and thrown away, for one that is dropped crashes Node 24 when the thread ends.
 */
export async function collectedHeap(worker: Worker): Promise<number> {
  for await (const _ of await worker.getHeapSnapshot());
  const { used_heap_size: used, external_memory: external } = await worker.getHeapStatistics();
  return used + external;
}
