/** What is asked of the process under test. */
export type SubjectCommand =
  | { readonly type: 'read' }
  /** Frees garbage in the server's thread before reading. */
  | { readonly type: 'settle' }
  /** Calls that target, `rate` calls a second, and hangs each up as soon as it is answered. */
  | { readonly type: 'call'; readonly target: string; readonly rate: number; readonly calls: number };

export interface Reading {
  /** CPU of the server's thread since its start, ms. */
  readonly serverCpuMs: number;
  /** CPU of the whole process since its start, ms. */
  readonly processCpuMs: number;
  readonly rssBytes: number;
  /** Heap of the server's thread with what it holds outside the heap; true once settled. */
  readonly serverHeapBytes: number;
  readonly dialogs: number;
  readonly retransmissions: number;
  readonly invites: number;
}

export interface Called {
  readonly answered: number;
  readonly failed: number;
  /** How long it took to start them all, ms. */
  readonly spentMs: number;
}

export type SubjectEvent =
  | { readonly type: 'ready'; readonly address: string; readonly controlPort: number }
  | { readonly type: 'reading'; readonly reading: Reading }
  | { readonly type: 'called'; readonly called: Called };
