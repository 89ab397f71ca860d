/** One arrow of a call's ladder: who told whom what, and when. */
export interface LadderStep {
  readonly callId: string;
  /** Milliseconds since the epoch, with fractions (wall clock anchored once, then monotonic). */
  readonly atMs: number;
  readonly from: Party;
  readonly to: Party;
  /** Short and without personal data: `INVITE`, `180 Ringing`, `POST accept`, `webhook connect`. */
  readonly what: string;
  /** Of an answer: how long it took in ms, its status, why it failed. */
  readonly data?: Readonly<Record<string, string | number | boolean>>;
}

export type Party = 'meta' | 'gateway' | 'phone';

export type LadderSink = (step: LadderStep) => void;
