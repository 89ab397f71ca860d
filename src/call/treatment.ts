import type { CallTarget } from './types.ts';

/** How ringing came to nothing: somebody was busy or declined, nobody answered, or nobody could be reached. */
export type RingOutcome = 'busy' | 'noAnswer' | 'failed';

/** The consumer hears `sound`, in place of a phone, and the call ends. */
export interface Announcement {
  readonly kind: 'announce';
  readonly sound: string;
}

/** Other targets ring. */
export interface FurtherTargets {
  readonly kind: 'ring';
  readonly targets: readonly CallTarget[];
  /** All of them together, ms; unset: as the first ones. */
  readonly ringBudgetMs?: number | undefined;
  readonly after: AfterRinging;
}

export type Treatment = { readonly kind: 'reject' } | Announcement | FurtherTargets;

/** What follows when ringing comes to nothing; unset: the call ends. Finite. */
export type AfterRinging = Readonly<Partial<Record<RingOutcome, Treatment>>>;
