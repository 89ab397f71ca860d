import type { CallTarget, Effect } from '../call/index.ts';
import type { Caller, RoutedTarget } from '../routing/index.ts';
import type { ErrorCode } from '../shared/codes/index.ts';
import { GatewayError } from '../shared/error.ts';
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

/** Who rings the new phone: we, or the PBX that is asked to by REFER. */
export type TransferMode = 'gateway' | 'pbx';

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
  /** What the route of the call wants, where an operator does not say. */
  readonly mode: () => TransferMode;
  readonly dialogs: DialogIndex;
  readonly policy: TransferPolicy;
}

/** Who may be rung for whom. */
export interface TransferPolicy {
  /** Whether a phone of that trunk may hand the consumer to that target. */
  readonly judge: (trunk: string, target: ReferTarget) => TransferVerdict;
  /** Whom an operator names, as the configuration or a URI does, of a phone of that trunk. */
  readonly order: (trunk: string, to: string) => TransferVerdict;
  /** The phone `user` of that trunk, which hung up, once more. @param calledUs its user is what it said of itself */
  readonly recall: (trunk: string, user: string, calledUs: boolean) => RoutedTarget | undefined;
}

/** Whom to ring, or what the phone that asked is told. */
export type TransferVerdict =
  | { readonly ok: true; readonly target: RoutedTarget }
  | {
      readonly ok: false;
      readonly status: 400 | 403 | 404;
      readonly phrase: string;
      readonly code: ErrorCode;
    };

/** A transfer that an operator started. */
export interface OrderedTransfer {
  /** `trunk/user`. */
  readonly to: string;
  readonly mode: TransferMode;
}

/** A REFER, an INVITE with Replaces or an operator's wish, until the call has decided. */
interface Asked {
  accept(attempt: number): void;
  refuse(status: number): void;
}

/** A phone whose dialog is up, or was. */
interface Phone {
  readonly trunk: string;
  readonly dialog: SipDialog;
  /** The user that we rang, whatever its 200 calls itself; undefined: the phone called us. */
  readonly called: string | undefined;
}

type Changed = Extract<Effect, { readonly type: 'transferChanged' }>['transfer'];

const EVENTS = {
  pending: 'call.transfer-begun',
  done: 'call.transfer-done',
  failed: 'call.transfer-failed',
  cancelled: 'call.transfer-cancelled',
  unknown: 'call.transfer-unknown',
} as const;

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
  readonly #phones = new Map<number, Phone>();
  readonly #asked = new Map<number, Asked>();
  /** Of ours: the last one alone is listened to. */
  #refersSent = 0;
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

  onDialog(attempt: number, trunk: string, dialog: SipDialog, called: string | undefined): void {
    const { dialogs, caller } = this.#options;
    this.#phones.set(attempt, { trunk, dialog, called });
    dialogs.add(dialog, { call: caller.callId, attempt, trunk });
  }

  onRefer(from: number, trunk: string, refer: Refer): ReferAnswer | Promise<ReferAnswer> {
    const { target, referredBy } = refer;
    this.#context.step('phone', 'gateway', target.replaces ? 'REFER (Replaces)' : 'REFER');
    // Two consumers at one call: Meta lets a business talk with one.
    if (target.replaces && this.#options.dialogs.find(target.replaces))
      return this.#refused(603, 'Consumers Are Not Joined', 'GATEWAY_TWO_CONSUMERS');
    const verdict = this.#options.policy.judge(trunk, target);
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

  /**
   * Hands the consumer to another phone because an operator wants it; resolves when that has begun.
   *
   * @param from attempt of the phone that has the call
   * @param to as `TransferPolicy.order` takes it
   * @throws GatewayError GATEWAY_TRANSFER_REFUSED, or why the target may not be called (ROUTING_...)
   */
  async order(
    from: number | undefined,
    to: string,
    wanted: TransferMode | undefined,
  ): Promise<OrderedTransfer> {
    const { policy, trunks, wayTo } = this.#options;
    const phone = from === undefined ? undefined : this.#phones.get(from);
    if (from === undefined || !phone) throw refusal('no phone has the call yet');
    if (this.#asked.has(from)) throw refusal('another transfer is under way');
    const verdict = policy.order(phone.trunk, to);
    if (!verdict.ok) throw new GatewayError(verdict.code);
    const mode = wanted ?? this.#options.mode();
    const { trunk } = verdict.target;
    if (mode === 'pbx' && trunk !== phone.trunk && pbxOf(trunks[trunk]) !== pbxOf(trunks[phone.trunk]))
      throw refusal('the phone that has the call is of another PBX than the target; use mode gateway');
    if (mode === 'pbx' && !wayTo(phone.trunk))
      throw refusal('the PBX that has the call is not registered any more; use mode gateway');
    const routed = this.#named(verdict.target);
    const { promise, resolve, reject } = Promise.withResolvers<OrderedTransfer>();
    const kind = mode === 'pbx' ? 'referred' : 'blind';
    this.#ask(
      from,
      kind,
      routed,
      {
        accept: (attempt) => {
          resolve({ to: routed.name, mode });
          if (mode === 'pbx') return this.#sendRefer(from, phone, routed);
          this.#targets.push(routed);
          this.#attempts.set(attempt, this.#called);
        },
        refuse: () => reject(refusal('the two do not talk, or another transfer is under way')),
      },
      'operator',
    );
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

  /** The REFER that an operator's wish makes; nothing comes in the place of the phone. */
  refer(from: number): void {
    const asked = this.#asked.get(from);
    this.#asked.delete(from);
    asked?.accept(from);
  }

  refuse(from: number, status: number): void {
    const asked = this.#asked.get(from);
    this.#asked.delete(from);
    asked?.refuse(status);
  }

  /** Rings the phone of `from` again, as attempt `attempt`; reports as `PhoneSide.invite` does. */
  recall(from: number, attempt: number, callerName: string | undefined): void {
    const phone = this.#phones.get(from);
    const { called } = phone ?? {};
    const target =
      phone &&
      this.#options.policy.recall(phone.trunk, called ?? phone.dialog.remoteUser, called === undefined);
    this.#attempts.set(attempt, this.#called);
    if (!target) {
      this.#context.log.info({ trunk: phone?.trunk }, 'call.recall-not-allowed');
      const failed = { kind: 'not-sent', status: 403, reason: 'ROUTING_TARGET_NOT_ALLOWED' } as const;
      return queueMicrotask(() => this.#context.dispatch({ type: 'sip.failed', attempt, ...failed }));
    }
    const routed = this.#named(target);
    this.#targets.push(routed);
    this.#last = this.#called;
    this.#called.invite(attempt, routed, callerName);
  }

  /** NOTIFY; nothing, where nobody waits for it. */
  tell(from: number, status: number, reason: string | undefined): void {
    const refer = this.#telling.get(from);
    if (status >= 200) this.#telling.delete(from);
    if (!refer) return;
    this.#context.step('gateway', 'phone', `NOTIFY (${status})`);
    refer.tell(status, reason);
  }

  changed(transfer: Changed): void {
    const { kind, by, to, outcome, status } = transfer;
    this.#context.log.info({ kind, by, target: to, status }, EVENTS[outcome]);
    this.#options.notes?.transferred(transfer);
  }

  /** A PBX that took our REFER left the consumer without audio, and the call ends for it. */
  silent(ms: number): void {
    const code: ErrorCode = 'CALL_TRANSFER_SILENT';
    this.#context.log.warn({ code, ms }, 'call.transfer-silent');
  }

  /** After a bug: ends whatever is there, by hand. */
  abandon(): void {
    for (const from of [...this.#asked.keys()]) this.refuse(from, 500);
    for (const from of [...this.#telling.keys()]) this.tell(from, 500, undefined);
    for (const phone of new Set(this.#attempts.values())) phone.abandon();
  }

  /** Everything that comes of it is told by `sip.referred`. */
  #sendRefer(attempt: number, { trunk, dialog }: Phone, target: RoutedTarget): void {
    const { step, dispatch } = this.#context;
    const uri = this.#options.wayTo(trunk)?.address?.(target.user).uri ?? target.uri;
    step('gateway', 'phone', 'REFER');
    const number = ++this.#refersSent;
    const told = (status: number): void => {
      step('phone', 'gateway', `NOTIFY (${status})`);
      dispatch({ type: 'sip.referred', attempt, status, last: status >= 200 });
    };
    dialog.refer(uri, told).then(
      (result) => {
        // Told already; or another REFER has followed, which this says nothing of.
        if ((result.ok && result.value !== undefined) || number !== this.#refersSent) return;
        const status = result.ok ? undefined : result.error.status;
        step('phone', 'gateway', result.ok ? 'no more (NOTIFY)' : `${status} (REFER)`);
        dispatch({ type: 'sip.referred', attempt, status, last: true });
      },
      (error: unknown) => dispatch({ type: 'bug', message: String(error) }),
    );
  }

  #ask(
    from: number,
    kind: 'blind' | 'attended' | 'replaced' | 'referred',
    { name }: CallTarget,
    asked: Asked,
    by?: 'operator',
  ): void {
    this.#asked.set(from, asked);
    this.#context.dispatch({ type: 'sip.transfer', attempt: from, kind, target: { name }, by });
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

/** What tells one PBX from another: trunks that register have no host. */
const pbxOf = (trunk: Pick<CallTrunk, 'host' | 'registered'> | undefined): string | undefined =>
  trunk?.registered === undefined ? trunk?.host : `account ${trunk.registered}`;

const refusal = (why: string): GatewayError =>
  new GatewayError('GATEWAY_TRANSFER_REFUSED', `The transfer was not begun: ${why}.`);
