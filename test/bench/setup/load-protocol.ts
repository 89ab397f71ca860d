/** What is asked of the process that makes calls. */
export type LoadCommand =
  | { readonly type: 'webhook'; readonly url: string }
  /** `calls` calls, `rate` a second; without audio the phone only rings until the consumer gives up. */
  | { readonly type: 'run'; readonly rate: number; readonly calls: number; readonly audio: boolean };

/** What became of the calls of one run. */
export interface Stretch {
  /** From pressing *Call* to the INVITE at the phone, ms, for each call that rang. */
  readonly inviteMs: readonly number[];
  /** From picking the phone up to audio at both ends, ms, for each call that got so far. */
  readonly twoWayMs: readonly number[];
  readonly failed: number;
  /** From the first call to the last, s. */
  readonly startedWithinS: number;
  /** CPU of the process that makes the calls, as a part of one core. */
  readonly ownCpuShare: number;
}

export type LoadEvent =
  | { readonly type: 'ready'; readonly graphUrl: string; readonly phonePort: number }
  | { readonly type: 'done'; readonly stretch: Stretch };
