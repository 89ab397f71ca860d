import { PermissionLedger, type RequestLimit } from './permission-ledger.ts';
import type { Profile } from './profile.ts';

/** What happens at the consumer's device when the business calls. All times in ms. */
export interface WhenCalled {
  /** Until it rings. Default 50. */
  readonly ringAfterMs?: number;
  /** Default answer. `ignore`: it rings until somebody gives up. */
  readonly does?: 'answer' | 'decline' | 'ignore';
  /** Until it does that. Default 300. */
  readonly afterMs?: number;
}

/** Someone with Messenger, as the simulator knows them. */
export interface Person {
  readonly psid: string;
  readonly profile?: Profile | undefined;
  readonly whenCalled?: WhenCalled | undefined;
  /** What they do with a request for permission. Default ignore. */
  readonly whenAsked?:
    | { readonly does: 'approve' | 'reject' | 'ignore'; readonly afterMs?: number }
    | undefined;
  /** The 24-hour messaging window is closed: no message may be sent to them. */
  readonly windowClosed?: boolean | undefined;
}

/** Everybody that the simulated Meta knows, and whom they let call. */
export class Consumers {
  readonly permissions: PermissionLedger;
  readonly #people = new Map<string, Person>();

  constructor(limits?: readonly RequestLimit[]) {
    this.permissions = new PermissionLedger(limits);
  }

  /** Adds to what is known of them. */
  learn(person: Person): void {
    const known = this.#people.get(person.psid);
    this.#people.set(person.psid, {
      psid: person.psid,
      profile: person.profile ?? known?.profile,
      whenCalled: person.whenCalled ?? known?.whenCalled,
      whenAsked: person.whenAsked ?? known?.whenAsked,
      windowClosed: person.windowClosed ?? known?.windowClosed,
    });
  }

  get(psid: string): Person | undefined {
    return this.#people.get(psid);
  }
}
