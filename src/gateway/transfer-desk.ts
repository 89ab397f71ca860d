import type { GatewayConfig } from '../config/index.ts';
import { looksLikePstn, targetAt } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import type { IncomingInvite, SipControl } from '../sip/index.ts';
import type { MediaSide } from './call-media.ts';
import type { SideContext } from './call-runner.ts';
import { DialogIndex } from './dialog-index.ts';
import type { CallTrunk } from './phone-session.ts';
import { refusedAsTooShort } from './session-interval.ts';
import { takeoverOf } from './takeover.ts';
import { type TransferPolicy, TransferSide, type TransferSideOptions } from './transfer-side.ts';
import { orderedTarget, transferTarget } from './transfer-target.ts';
import type { VoipGuard } from './voip-guard.ts';

export interface TransferDeskOptions {
  /** The one in effect. */
  readonly config: () => Pick<GatewayConfig, 'trunks' | 'sip'>;
  readonly guard: VoipGuard;
  readonly log: Log;
  /** ms */
  readonly now: () => number;
  readonly sip: () => SipControl;
  /** Those of a call that is there, by our name of it. */
  readonly sideOf: (call: string) => TransferSide | undefined;
  /** What is wrong with an offer to that trunk. */
  readonly mediaProblem: (sdp: string | undefined, trunk: CallTrunk) => string | undefined;
}

/** What all calls share for transfers: which dialogs there are, and who may send whom where. */
export class TransferDesk {
  readonly #options: TransferDeskOptions;
  readonly #dialogs: DialogIndex;

  constructor(options: TransferDeskOptions) {
    this.#options = options;
    this.#dialogs = new DialogIndex(options.now);
  }

  /** The transfers of one call. */
  side(
    options: Omit<TransferSideOptions, 'dialogs' | 'policy'>,
    media: MediaSide,
    context: SideContext,
  ): TransferSide {
    const { guard, config } = this.#options;
    // Of when the call began, as everything of it.
    const { trunks } = config();
    const policy: TransferPolicy = {
      judge: (trunk, target) =>
        transferTarget(guard, trunks, this.ownAddresses(), trunk, target, context.log),
      order: (trunk, to) => orderedTarget(guard, trunks, this.ownAddresses(), trunk, to, context.log),
      recall: (trunk, user, calledUs) => {
        // Who was called was so by a route, or by a transfer that was asked for; From says what it likes.
        if (calledUs && (!trunks[trunk]?.voipOnly || looksLikePstn(user))) return undefined;
        const target = targetAt({ trunks }, { trunk, user });
        return target.ok ? target.value : undefined;
      },
    };
    return new TransferSide({ ...options, dialogs: this.#dialogs, policy }, media, context);
  }

  /** An INVITE with Replaces, let in as that trunk's: its phone takes the place of another (RFC 3891). */
  takeOver(invite: IncomingInvite, trunkName: string, trunk: CallTrunk): void {
    const { config, log, sideOf, mediaProblem } = this.#options;
    const refuse = (status: number, phrase: string): void => {
      const code = 'GATEWAY_REPLACES_REFUSED';
      const from = invite.source.address;
      log.warn({ status, phrase, from, trunk: trunkName, code }, 'call.replaces-refused');
      invite.reject(status, { phrase });
    };
    const takeover = takeoverOf(invite, trunkName, config().trunks, this.#dialogs);
    if (!takeover.ok) return refuse(takeover.status, takeover.phrase);
    const { call, attempt } = takeover.owner;
    const side = sideOf(call);
    if (!side) return refuse(481, 'Call/Transaction Does Not Exist');
    const problem = mediaProblem(invite.sdp, trunk);
    if (problem !== undefined) return refuse(488, problem);
    if (refusedAsTooShort(invite, trunk, log)) return;
    side.takeOver(attempt, trunkName, trunk, invite);
  }

  /** The call is over. */
  forget(call: string): void {
    this.#dialogs.forget(call);
  }

  /** Where phones reach our SIP server. */
  ownAddresses(): string[] {
    const { externalAddress, listen } = this.#options.config().sip;
    const bound = this.#options
      .sip()
      .contacts.map((contact) => contact.replace(/^[a-z]+\//, '').replace(/:\d+$/, ''));
    return [externalAddress, ...listen.map((each) => each.externalAddress), ...bound].filter(
      (address) => address !== undefined,
    );
  }
}
