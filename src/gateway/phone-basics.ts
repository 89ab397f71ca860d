import type { Log } from '../shared/log.ts';
import type { CallNotes } from './call-notes.ts';
import type { PhoneSideOptions } from './call-phone.ts';
import type { CallsOptions } from './calls-options.ts';
import { redirectPolicy } from './redirect-policy.ts';
import type { VoipGuard } from './voip-guard.ts';

type Basics = 'sip' | 'trunks' | 'isUp' | 'wayTo' | 'onOutcome' | 'redirect' | 'notes' | 'externalAddress';

/** What phones that are rung are made with, whoever called whom. */
export class PhoneBasics {
  readonly #options: Pick<CallsOptions, 'config' | 'trunks' | 'parts'>;
  readonly #guard: VoipGuard;
  readonly #ownAddresses: () => readonly string[];

  constructor(
    options: Pick<CallsOptions, 'config' | 'trunks' | 'parts'>,
    guard: VoipGuard,
    ownAddresses: () => readonly string[],
  ) {
    this.#options = options;
    this.#guard = guard;
    this.#ownAddresses = ownAddresses;
  }

  /** For one call, by the configuration in effect now. */
  with(notes: CallNotes, log: Log): Pick<PhoneSideOptions, Basics> {
    const { config, trunks: desk, parts } = this.#options;
    return {
      sip: parts().sip,
      trunks: config.trunks,
      isUp: (trunk) => desk.board.isUp(trunk),
      wayTo: (trunk) => desk.ways.of(trunk),
      onOutcome: (trunk, outcome) => desk.heard(trunk, outcome),
      redirect: redirectPolicy(this.#guard, config, this.#ownAddresses, log),
      notes,
      ...this.sdpAddress,
    };
  }

  /** What stands in SDP in place of the bound address. */
  get sdpAddress(): { externalAddress?: string } {
    const { externalAddress } = this.#options.config.rtp;
    return externalAddress ? { externalAddress } : {};
  }
}
