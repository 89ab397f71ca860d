import type { CallTarget } from '../call/index.ts';
import type { Caller, RoutedTarget } from '../routing/index.ts';
import type { ErrorCode } from '../shared/codes/index.ts';
import {
  formatReplaces,
  type IncomingInvite,
  type Refer,
  type ReferAnswer,
  type ReferTarget,
  type SipControl,
  type SipDialog,
} from '../sip/index.ts';
import { CallerSide } from './call-caller.ts';
import type { MediaSide } from './call-media.ts';
import { PhoneSide, type PhoneSideOptions } from './call-phone.ts';
import type { SideContext } from './call-runner.ts';
import type { DialogIndex } from './dialog-index.ts';
import type { PhoneHooks } from './phone-hooks.ts';
import type { PhoneLeg } from './phone-leg.ts';
import type { CallTrunk } from './phone-session.ts';
import type { CallSeats } from './trunks/call-seats.ts';
import type { InviteOutcome } from './trunks/watch.ts';
import type { TrunkWay } from './trunks/ways.ts';

export interface TransferSideOptions {
  readonly sip: SipControl;
  readonly caller: Caller;
  readonly trunks: Readonly<Record<string, CallTrunk>>;
  readonly externalAddress?: string;
  readonly seats: CallSeats;
  /** How a trunk is reached now. */
  readonly wayTo: (trunk: string) => TrunkWay | undefined;
  /** What an INVITE to a trunk met. */
  readonly onOutcome: (trunk: string, outcome: InviteOutcome) => void;
  /** As a phone that was called first has them. */
  readonly notes?: PhoneSideOptions['notes'];
  readonly redirect?: PhoneSideOptions['redirect'];
  readonly dialogs: DialogIndex;
  /** Whether a phone of that trunk may hand the consumer to that target. */
  readonly judge: (trunk: string, target: ReferTarget) => TransferVerdict;
}

/** Whom to ring, or what the phone that asked is told. */
export type TransferVerdict =
  | { readonly ok: true; readonly target: RoutedTarget }
  | { readonly ok: false; readonly status: number; readonly phrase: string; readonly code: ErrorCode };

/** A REFER or an INVITE with Replaces, until the call has decided. */
interface Asked {
  accept(attempt: number): void;
  refuse(status: number): void;
}

/**
 * The phones of one call that come by transfer, and what the phones that hand it over are told. Everything asked here
 * is answered once: by the call, or right away where the trunk may not.
 */
export class TransferSide implements PhoneHooks {
  readonly #options: TransferSideOptions;
  readonly #media: MediaSide;
  readonly #context: SideContext;
  readonly #targets: RoutedTarget[] = [];
  readonly #called: PhoneSide;
  readonly #attempts = new Map<number, PhoneLeg>();
  readonly #asked = new Map<number, Asked>();
  /** REFERs whose last NOTIFY is owed. */
  readonly #telling = new Map<number, Refer>();
  #last: PhoneLeg | undefined;

  constructor(options: TransferSideOptions, media: MediaSide, context: SideContext) {
    this.#options = options;
    this.#media = media;
    this.#context = context;
    this.#called = new PhoneSide({ ...options, targets: this.#targets, hooks: this }, media, context);
  }

  /** Of the phone that has the call by transfer; undefined when none has. */
  get codec(): string | undefined {
    return this.#last?.codec;
  }

  phoneOf(attempt: number): PhoneLeg | undefined {
    return this.#attempts.get(attempt);
  }

  onDialog(attempt: number, trunk: string, dialog: SipDialog): void {
    const { dialogs, caller } = this.#options;
    dialogs.add(dialog, { call: caller.callId, attempt, trunk });
  }

  onRefer(from: number, trunk: string, refer: Refer): ReferAnswer | Promise<ReferAnswer> {
    const { target, referredBy } = refer;
    this.#context.step('phone', 'gateway', target.replaces ? 'REFER (Replaces)' : 'REFER');
    // Two consumers at one call: Meta lets a business talk with one.
    if (target.replaces && this.#options.dialogs.find(target.replaces))
      return this.#refused(603, 'Consumers Are Not Joined', 'GATEWAY_TWO_CONSUMERS');
    const verdict = this.#options.judge(trunk, target);
    if (!verdict.ok) return this.#refused(verdict.status, verdict.phrase, verdict.code);
    if (this.#asked.has(from)) return { status: 491 };
    const routed = this.#named({
      ...verdict.target,
      headers: {
        ...(referredBy === undefined ? {} : { 'Referred-By': referredBy }),
        ...(target.replaces ? { Replaces: formatReplaces(target.replaces) } : {}),
      },
      ...(target.requiresReplaces ? { require: 'replaces' } : {}),
    });
    const { promise, resolve } = Promise.withResolvers<ReferAnswer>();
    this.#ask(from, target.replaces ? 'attended' : 'blind', routed, {
      accept: (attempt) => {
        this.#targets.push(routed);
        this.#attempts.set(attempt, this.#called);
        this.#telling.set(from, refer);
        this.#context.log.info({ attempt, target: routed.name }, 'call.transfer-begun');
        this.#context.step('gateway', 'phone', '202 (REFER)');
        resolve({ status: 202 });
      },
      refuse: (status) => {
        this.#context.log.info({ status, target: routed.name }, 'call.transfer-refused');
        resolve({ status });
      },
    });
    return promise;
  }

  /** An INVITE that names the dialog of `from`, let in and of a trunk that may. */
  takeOver(from: number, trunkName: string, trunk: CallTrunk, invite: IncomingInvite): void {
    const { externalAddress, seats } = this.#options;
    if (this.#asked.has(from)) return invite.reject(491);
    const seat = seats.take(trunkName, 'in');
    if (!seat.ok) return invite.reject(503, { phrase: 'Too Many Calls On This Trunk' });
    const caller = new CallerSide(
      {
        invite,
        trunk,
        trunkName,
        takesOver: true,
        hooks: this,
        seat,
        ...(externalAddress === undefined ? {} : { externalAddress }),
      },
      this.#media,
      this.#context,
    );
    const name = `${trunkName}/${invite.from.user || 'anonymous'}`;
    this.#ask(
      from,
      'replaced',
      { name },
      {
        accept: (attempt) => {
          this.#attempts.set(attempt, caller);
          this.#context.log.info({ attempt, target: name }, 'call.transfer-taken-over');
          caller.answer(attempt);
        },
        refuse: (status) => {
          seat.release();
          invite.reject(status);
        },
      },
    );
  }

  accept(from: number, attempt: number): void {
    const asked = this.#asked.get(from);
    this.#asked.delete(from);
    asked?.accept(attempt);
    this.#last = this.#attempts.get(attempt);
  }

  refuse(from: number, status: number): void {
    const asked = this.#asked.get(from);
    this.#asked.delete(from);
    asked?.refuse(status);
  }

  /** NOTIFY; nothing, where nobody waits for it. */
  tell(from: number, status: number): void {
    const refer = this.#telling.get(from);
    if (status >= 200) {
      this.#telling.delete(from);
      const event = status < 300 ? 'call.transfer-done' : 'call.transfer-failed';
      this.#context.log.info({ status }, event);
    }
    if (!refer) return;
    this.#context.step('gateway', 'phone', `NOTIFY (${status})`);
    refer.tell(status);
  }

  /** After a bug: ends whatever is there, by hand. */
  abandon(): void {
    for (const from of [...this.#asked.keys()]) this.refuse(from, 500);
    for (const from of [...this.#telling.keys()]) this.tell(from, 500);
    for (const phone of new Set(this.#attempts.values())) phone.abandon();
  }

  #ask(from: number, kind: 'blind' | 'attended' | 'replaced', { name }: CallTarget, asked: Asked): void {
    this.#asked.set(from, asked);
    this.#context.dispatch({ type: 'sip.transfer', attempt: from, kind, target: { name } });
  }

  #refused(status: number, phrase: string, code: ErrorCode): ReferAnswer {
    this.#context.log.warn({ status, phrase, code }, 'call.transfer-refused');
    return { status, phrase };
  }

  /** Each with a name of its own: a call may come to the same phone twice. */
  #named(target: RoutedTarget): RoutedTarget {
    const again = this.#targets.filter(({ name }) => name.split('#', 1)[0] === target.name).length;
    return again === 0 ? target : { ...target, name: `${target.name}#${again + 1}` };
  }
}
