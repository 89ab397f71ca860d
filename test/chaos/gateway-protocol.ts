/** What the runner asks of the gateway's process; each with an `id` that its answer repeats. */
export type GatewayAsk = { readonly id: number } & (
  | { readonly ask: 'clock'; readonly offsetMs: number }
  | { readonly ask: 'dns'; readonly gone: boolean }
  /** How long each fdatasync takes beside what it takes, ms. */
  | { readonly ask: 'disk'; readonly syncMs: number }
  | { readonly ask: 'crash-media' }
  | { readonly ask: 'measure' }
  | { readonly ask: 'close' }
);

/** What the process holds, after a collection. */
export interface Measure {
  /** Of the main thread, bytes. */
  readonly heap: number;
  /** ArrayBuffers and what libraries hold beside the heap, of the whole process, bytes. */
  readonly external: number;
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
