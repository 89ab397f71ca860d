import type { CallTarget, Refusal, SipReason } from '../call/index.ts';

/** The phone's side of a call, as the call's effects ask for it: a phone that we ring, or one that called us. */
export interface PhoneLeg {
  /** Agreed with the phone that talks, for the record. */
  readonly codec: string | undefined;
  invite(attempt: number, target: CallTarget, callerName: string | undefined): void;
  cancel(attempt: number, reason: SipReason): void;
  connect(attempt: number): void;
  connectEarly(attempt: number): void;
  ring(attempt: number): void;
  answer(attempt: number): void;
  refuse(attempt: number, refusal: Refusal, reason: SipReason): void;
  bye(attempt: number, reason: SipReason): void;
  sendDtmf(attempt: number, digit: string, durationMs: number): void;
  /** After a bug: ends whatever is there, by hand. */
  abandon(): void;
}

/** For the half of the effects that the other kind of phone is asked for. */
export const notThisWay = (what: string): never => {
  throw new Error(`${what}: not of this kind of call`);
};
