/** What the runner asks of the gateway's process; each with an `id` that its answer repeats. */
export type GatewayAsk = { readonly id: number } & (
  | { readonly ask: 'clock'; readonly offsetMs: number }
  | { readonly ask: 'dns'; readonly gone: boolean }
  /** How long each fdatasync takes beside what it takes, ms. */
  | { readonly ask: 'disk'; readonly syncMs: number }
  | { readonly ask: 'crash-media' }
  /** `threads`: their heaps, too; only where they were loaded with `tells-heap.ts`. */
  | { readonly ask: 'measure'; readonly threads?: boolean }
  | { readonly ask: 'close' }
);

/** What the process holds, after a collection. */
export interface Measure {
  /** Of the main thread, bytes. */
  readonly heap: number;
  /** ArrayBuffers and what libraries hold beside that heap, bytes. */
  readonly external: number;
  /** Heap of the other threads and what they hold beside it, by their program, bytes; empty unless asked for. */
  readonly threads: Readonly<Record<string, number>>;
  readonly rss: number;
  readonly fds: number;
  /** Active resources by kind: of the main thread, and of all media workers together. */
  readonly main: Readonly<Record<string, number>>;
  readonly workers: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly calls: number;
  readonly trunkCalls: number;
  readonly bridges: number;
  readonly sip: Readonly<Record<string, unknown>>;
}

export type GatewayAnswer =
  | { readonly ready: { readonly webhookUrl: string; readonly adminUrl: string } }
  | { readonly failed: string }
  | { readonly id: number; readonly measure?: Measure };
