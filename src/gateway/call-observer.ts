import type { CallEvent, CallState, Effect } from '../call/index.ts';
import type { LadderStep } from './ladder.ts';
import type { MediaEvent } from './media/protocol.ts';

/** Looks on while a call is run, and changes nothing of it. Nothing here throws or waits. */
export interface CallObserver {
  /** An arrow, or an answer of Graph with how long it took and what its status was. */
  step(step: LadderStep): void;
  /** The call took an event; `before` is the name of its state until then. */
  event(event: CallEvent, before: CallState['name'], state: CallState): void;
  effect(effect: Effect): void;
  /** The call has a SIP dialog, or is about to: messages with this Call-ID are its own. */
  dialog(sipCallId: string): void;
  /** A word of the media worker. */
  media(event: MediaEvent): void;
  over(state: CallState): void;
}
