import type { CallFacts } from '../call/index.ts';
import type { OutboundRule } from '../routing/index.ts';
import type { IncomingInvite } from '../sip/index.ts';
import type { Account } from './accounts.ts';
import type { CallTrunk } from './phone-session.ts';
import type { Lease } from './trunks/board.ts';
import type { CallSeats } from './trunks/call-seats.ts';

/** A call that a phone places, let in. */
export interface Dial {
  readonly invite: IncomingInvite;
  readonly trunk: CallTrunk;
  readonly trunkName: string;
  /** `trunk/extension`, for the record. */
  readonly target: string;
  readonly rule: OutboundRule;
  readonly facts: CallFacts;
  readonly account: Account;
  readonly seat: Lease;
  /** Of which it is one. */
  readonly seats: CallSeats;
}
