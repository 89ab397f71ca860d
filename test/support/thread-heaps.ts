import { BroadcastChannel, type Worker } from 'node:worker_threads';

export const THREAD_HEAPS = 'thread-heaps';
export interface HeapAsk {
  readonly ask?: number;
}
export interface HeapAnswer {
  readonly answer: number;
  readonly threadId: number;
  /** Its file, with the folder that it is in. */
  readonly program: string;
  /** Of its heap and of what its Buffers hold outside. */
  readonly bytes: number;
}

const PATIENCE_MS = 30_000;

/** Heaps of all threads of this process but the main one, which must have been loaded with `tells-heap.ts`. */
export class ThreadHeaps {
  readonly #threads = new Set<Worker>();
  #last = 0;

  /** To be made before the first thread is. */
  constructor() {
    process.on('worker', (worker) => {
      this.#threads.add(worker);
      worker.once('exit', () => this.#threads.delete(worker));
    });
  }

  /** Bytes that are left of a collection, by program; threads of one program together. Rejects when one is silent for 30 s. */
  async collect(): Promise<Record<string, number>> {
    const ask = ++this.#last;
    const silent = new Set([...this.#threads].map(({ threadId }) => threadId));
    const sums: Record<string, number> = {};
    if (silent.size === 0) return sums;
    const channel = new BroadcastChannel(THREAD_HEAPS);
    let patience: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        channel.onmessage = ({ data }) => {
          const { answer, threadId, program, bytes } = data as HeapAnswer;
          if (answer !== ask || !silent.delete(threadId)) return;
          sums[program] = (sums[program] ?? 0) + bytes;
          if (silent.size === 0) resolve();
        };
        patience = setTimeout(
          () => reject(new Error(`threads ${[...silent].join(', ')} do not tell their heaps`)),
          PATIENCE_MS,
        );
        channel.postMessage({ ask } satisfies HeapAsk);
      });
    } finally {
      clearTimeout(patience);
      channel.close();
    }
    return sums;
  }
}
