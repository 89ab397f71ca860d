import { randomUUID } from 'node:crypto';
import type { CallFacts, MissedDetail } from '../call/index.ts';
import type { RootLog } from '../observe/index.ts';
import { type RoutedTarget, waIdOf } from '../routing/index.ts';
import type { IncomingInvite } from '../sip/index.ts';
import { ProfileCache } from '../store/index.ts';
import type { Account } from './accounts.ts';
import { CallerSide } from './call-caller.ts';
import { MediaSide } from './call-media.ts';
import { MetaSide } from './call-meta.ts';
import { CallNotes } from './call-notes.ts';
import { PhoneSide } from './call-phone.ts';
import { callPolicy } from './call-policy.ts';
import { routingOf } from './call-record.ts';
import { setupOf } from './call-router.ts';
import type { CallRunner, CallRunnerOptions } from './call-runner.ts';
import { type CallToStart, type StartedCall, startCall } from './call-start.ts';
import { type CallView, type LiveLegs, legsOf, shownOf } from './call-view.ts';
import { type CallerGate, gateOf } from './caller-gate.ts';
import type { CallsOptions } from './calls-options.ts';
import type { Dial } from './dial.ts';
import { opaqueOf } from './dialer.ts';
import { IdleWatch } from './idle-watch.ts';
import { LookUps } from './look-ups.ts';
import type { MediaEvent, RecordAction, RecordingState } from './media/protocol.ts';
import { callAudio } from './media/sound-options.ts';
import { MediaNews } from './media-news.ts';
import { mediaProblem } from './media-problem.ts';
import { outboundChoice } from './outbound-choice.ts';
import { PermissionDesk } from './permission-desk.ts';
import { PhoneBasics } from './phone-basics.ts';
import { RouteInUse } from './route-in-use.ts';
import { RoutingDesk } from './routing-desk.ts';
import { refusedAsTooShort } from './session-interval.ts';
import { TransferDesk } from './transfer-desk.ts';
import type { OrderedTransfer, TransferMode } from './transfer-side.ts';
import { CallSeats } from './trunks/call-seats.ts';
import { TurnedAway } from './turned-away.ts';
import { VoipGuard } from './voip-guard.ts';

/** Every call of this gateway, whoever placed it: admission, what each is made of, and the end of all of them. */
export class Calls {
  readonly permissions: PermissionDesk;
  /** Asked for every REFER and 302. */
  readonly voip: VoipGuard;
  readonly #options: CallsOptions;
  readonly #routing: RoutingDesk;
  readonly #gate: () => CallerGate;
  readonly #profiles = new ProfileCache();
  readonly #desk: TransferDesk;
  readonly #phones: PhoneBasics;
  readonly #calls = new Map<string, StartedCall>();
  readonly #lookUps: LookUps;
  readonly #news: MediaNews;
  readonly #turnedAway: TurnedAway;
  /** Closing waits for calls, and for those that were not taken until Meta was told, or are not routed yet. */
  readonly #idle: IdleWatch;
  #closing = false;

  constructor(options: CallsOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#idle = new IdleWatch(
      () => this.#calls.size,
      (error, callId) => log.error({ err: String(error), callId }, 'call.bug'),
    );
    this.#routing = new RoutingDesk({
      config: () => options.config,
      clock,
      profiles: this.#profiles,
      board: options.trunks.board,
      directory: () => options.parts().directory,
      calls: () => this.#calls.size,
    });
    this.#lookUps = new LookUps({ api: (id) => this.#account(id).api, profiles: this.#profiles, clock });
    this.#turnedAway = new TurnedAway({
      account: (pageId) => this.#account(pageId),
      journal: () => options.parts().journal,
      ...{ clock, log, onRecord: options.onRecord },
    });
    this.#news = new MediaNews(options);
    this.#gate = gateOf(() => options.config, options.trunks.ways, clock);
    this.voip = new VoipGuard(() => options.config.trunks);
    this.#desk = new TransferDesk({
      ...{ config: () => options.config, guard: this.voip, log, mediaProblem },
      now: () => clock.now(),
      sip: () => options.parts().sip,
      sideOf: (callId) => this.#calls.get(callId)?.transfers,
    });
    this.#phones = new PhoneBasics(options, this.voip, () => this.#desk.ownAddresses());
    this.permissions = new PermissionDesk({
      api: (pageId) => this.#account(pageId).api,
      now: () => clock.now(),
      log,
    });
  }

  /** Calls that are not forgotten yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** By Meta's id or by ours. */
  get(callId: string): CallRunner | undefined {
    return this.#find(callId)?.runner;
  }

  get counts() {
    return { voipRefusals: this.voip.counts, oneWay: this.#news.oneWay };
  }

  list(): CallView[] {
    return [...this.#calls].map(([callId, { runner }]) => ({ callId, ...runner.dump() }));
  }

  /** What is known of one call now; undefined: there is none. */
  dump(callId: string): ReturnType<typeof shownOf> | undefined {
    const runner = this.get(callId);
    return runner && shownOf(runner);
  }

  /** What its legs count now; undefined: no media worker has it, or it does not answer. Never rejects. */
  async legs(callId: string): Promise<LiveLegs | undefined> {
    const runner = this.get(callId);
    const asked = runner && this.#options.parts().plane.dump(runner.state.facts.callId);
    return asked?.then(legsOf).catch(() => undefined);
  }

  /** Ends it on both sides; false: there is no such call. */
  hangUp(callId: string, reason: string): boolean {
    const runner = this.get(callId);
    runner?.dispatch({ type: 'operator.hangup', reason });
    return runner !== undefined;
  }

  /** By Meta's id or by ours; undefined: there is no such call. Rejects as the media worker does. */
  record(callId: string, action: RecordAction): Promise<RecordingState> | undefined {
    return this.#find(callId)?.media.record(action);
  }

  /** Hands the consumer to another phone, as `TransferSide.order`; undefined: there is no such call. */
  transfer(callId: string, to: string, mode: TransferMode | undefined): Promise<OrderedTransfer> | undefined {
    const call = this.#find(callId);
    if (!call || call.runner.state.name === 'ended') return undefined;
    return call.transfers.order(call.runner.state.answeredBy, to, mode);
  }

  #find(callId: string): StartedCall | undefined {
    return this.#calls.get(callId) ?? this.#calls.get(this.#options.placed.idOf(callId) ?? '');
  }

  mediaEvent(call: string, event: MediaEvent): void {
    this.#news.take(call, event);
    this.#calls.get(call)?.media.receive(event);
  }

  /** A media worker died. */
  lost(calls: readonly string[]): void {
    for (const call of calls) this.#calls.get(call)?.runner.dispatch({ type: 'media.workerLost' });
  }

  /** A consumer calls. Resolves when the journal has it; never rejects. */
  take(facts: CallFacts, callerName?: string): Promise<void> {
    const { callId, pageId } = facts;
    const log = this.#options.log.child({ callId, pageId });
    if (this.#lookUps.has(callId)) return Promise.resolve();
    if (this.#isFull(log)) return this.#turnAway(facts, this.#closing ? 'closing' : 'over-limit');
    if (this.#routing.asksLanguage && this.#lookUps.isNeeded(facts)) return this.#lookUp(facts, log);
    return this.#take(facts, log, callerName);
  }

  #take(facts: CallFacts, log: CallRunnerOptions['log'], callerName?: string): Promise<void> {
    try {
      this.#ring(facts, log, callerName);
      return this.get(facts.callId)?.noted ?? Promise.resolve();
    } catch (error) {
      log.error({ err: error instanceof Error ? error.stack : String(error) }, 'call.bug');
      return this.#turnAway(facts, 'bug');
    }
  }

  /** Its connect, should it come yet, does not ring; not after a crash either. Resolves when the journal has it. */
  tombstone(callId: string): Promise<void> {
    return this.#turnedAway.tombstone(callId);
  }

  /** A consumer's call that was over before it was told of. Resolves when it is recorded. */
  missed(facts: CallFacts, why: MissedDetail): Promise<void> {
    return this.#turnedAway.missed(facts, why);
  }

  /** A rule asks for the caller's language: the call is routed when Meta has told it, or the time for that is over. */
  #lookUp(facts: CallFacts, log: CallRunnerOptions['log']): Promise<void> {
    const { clock, ledger } = this.#options;
    const { callId, timestampMs } = facts;
    const noted = this.#turnedAway.created(facts);
    this.#idle.add(
      this.#lookUps.ask(facts, log).then(async (callerName) => {
        const at = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
        const { verdict } = ledger.judgeConnect({ callId, timestampMs }, at);
        if (this.#closing) await this.#turnAway(facts, 'closing');
        else if (verdict === 'ring') await this.#take(facts, log, callerName);
        else await this.missed(facts, verdict === 'stale' ? 'stale' : 'terminated-before');
      }),
      callId,
    );
    return noted;
  }

  #ring(facts: CallFacts, callLog: CallRunnerOptions['log'], callerName: string | undefined): void {
    const { config, clock, trunks: desk } = this.#options;
    const { callId, pageId, psid } = facts;
    const { choice, treatment, targets } = this.#routing.route(facts, callLog);
    const account = this.#account(pageId);
    const isWhatsApp = account.platform.name === 'whatsapp';
    // Of the route that rings first, whatever follows.
    const route = treatment.kind === 'ring' ? config.routes[treatment.route] : undefined;
    const earlyMedia = route?.earlyMedia ?? 'ignore';
    const seats = new CallSeats(desk.board);
    const notes = this.#notes(callId);
    const { plane, directory } = this.#options.parts();
    // A wa_id is a number that a keypad can dial; a business-scoped id is none.
    const isDialable = isWhatsApp && waIdOf(psid) !== undefined;
    const number = isDialable ? undefined : directory.assign(pageId, psid);
    const call: Omit<CallToStart, 'onEnded'> = {
      log: callLog,
      setup: {
        facts,
        ...setupOf(treatment),
        policy: { ...callPolicy(config, account, route), earlyMedia: earlyMedia !== 'ignore' },
        // Where the webhook brings no name, there is none to look up either.
        callerName: isWhatsApp
          ? (callerName ?? '')
          : (callerName ?? this.#profiles.get(pageId, psid, clock.now())?.name),
      },
      sides: (context) => {
        const media = new MediaSide(callId, plane, context, callAudio(route));
        const meta = new MetaSide(facts, account.api, this.#profiles, clock, context);
        const rule = choice.rule ?? account.route;
        const caller = { callId, pageId, psid, number, platform: account.platform.name, rule };
        const inUse = new RouteInUse(config.routes, treatment.kind === 'ring' ? treatment.route : '', media);
        const mode = (): TransferMode => inUse.transfer;
        const common = { caller, mode, seats, ...this.#phones.with(notes, callLog) };
        const transfers = this.#desk.side(common, media, context);
        const onConnect = ({ route: name }: RoutedTarget): void => inUse.answered(name);
        const options = { ...common, targets, earlyMedia, hooks: transfers, onConnect };
        return { media, meta, transfers, phone: new PhoneSide(options, media, context) };
      },
      notes,
      routing: routingOf(choice),
    };
    this.#start(callId, call, seats);
  }

  /** No room, or a bug. Resolves when the journal has it: the rejection goes on. */
  #turnAway(facts: CallFacts, why: MissedDetail): Promise<void> {
    const { ledger, clock } = this.#options;
    const noted = this.#turnedAway.created(facts);
    this.#idle.add(this.#turnedAway.reject(facts, why), facts.callId);
    ledger.bury(facts.callId, why, clock.monotonic(), true);
    return noted;
  }

  /** A phone calls a consumer: RFC 3261 8.2, 13.3. Every refusal says what was wrong. */
  place(invite: IncomingInvite): void {
    const { config, clock, log, accounts, placed } = this.#options;
    const refuse = (status: number, phrase: string, retryAfterS?: number): void => {
      log.info({ status, phrase, from: invite.source.address }, 'outbound.refused');
      const headers = retryAfterS === undefined ? {} : { headers: { 'Retry-After': String(retryAfterS) } };
      invite.reject(status, { phrase, ...headers });
    };
    const admission = this.#gate().admit(invite);
    if (!admission.ok) {
      const { status, phrase, headers } = admission;
      const from = invite.source.address;
      // A challenge is the usual beginning of a call, not an event.
      log[status === 401 ? 'debug' : 'info']({ status, phrase, from }, 'outbound.not-admitted');
      return invite.reject(status, { phrase, ...(headers ? { headers } : {}) });
    }
    const { name: trunkName, trunk } = admission;
    if (invite.header('replaces') !== undefined) return this.#desk.takeOver(invite, trunkName, trunk);
    const { directory } = this.#options.parts();
    const { rules } = config.outbound;
    const choice = outboundChoice(invite, admission, { rules, accounts, directory, log });
    if (!choice.ok) return refuse(choice.status, choice.phrase);
    const { rule, account, psid, dialer } = choice;
    const pageId = account.id;
    if (refusedAsTooShort(invite, trunk, log)) return;
    const problem = mediaProblem(invite.sdp, trunk);
    if (problem !== undefined) return refuse(488, problem);
    if (placed.isCalling(pageId, psid)) return refuse(486, 'Consumer Is Being Called');
    const seats = new CallSeats(this.#options.trunks.board);
    const seat = seats.take(trunkName, 'in');
    // No Retry-After: that would shut the whole trunk out, which is free again when one of its calls ends.
    if (!seat.ok) return refuse(503, 'Too Many Calls On This Trunk');
    // Last, for it counts: a call that has no room at its own trunk must not spend what others are set up by.
    if (this.#isFull(log.child({ pageId }))) {
      seat.release();
      return refuse(503, 'Too Many Calls', 10);
    }
    const callId = `out-${randomUUID()}`;
    const callLog = log.child({ callId, pageId });
    const facts: CallFacts = {
      callId,
      platform: account.platform,
      pageId,
      psid,
      direction: 'business_initiated',
      receivedAtMs: clock.now(),
    };
    placed.add(callId, pageId, psid);
    try {
      const target = `${trunkName}/${dialer || 'anonymous'}`;
      this.#dial({ invite, trunk, trunkName, target, rule, facts, account, seat, seats }, callLog);
    } catch (error) {
      callLog.error({ err: error instanceof Error ? error.stack : String(error) }, 'call.bug');
      placed.remove(callId);
      seat.release();
      refuse(500, 'Server Internal Error');
    }
  }

  #dial(
    { invite, trunk, trunkName, target, rule, facts, account, seat, seats }: Dial,
    callLog: CallRunnerOptions['log'],
  ): void {
    const { config, clock, placed } = this.#options;
    const { callId, pageId, psid } = facts;
    const { plane, directory } = this.#options.parts();
    let caller: CallerSide | undefined;
    const notes = this.#notes(callId);
    const call: Omit<CallToStart, 'onEnded'> = {
      log: callLog,
      setup: {
        facts,
        targets: [{ name: target }],
        policy: callPolicy(config, account, rule),
      },
      sides: (context) => {
        const media = new MediaSide(callId, plane, context, callAudio(rule));
        const meta = new MetaSide(facts, account.api, this.#profiles, clock, context, {
          checkPermission: () => this.permissions.check(pageId, psid, rule.requestPermission),
          onAsked: () => placed.asked(callId),
          onNamed: (metaCallId) => placed.named(callId, metaCallId),
          throttleStatus: config.outbound.throttleStatus,
          opaque: opaqueOf(invite, trunk, callId.length),
        });
        const number = directory.numberOf(pageId, psid);
        const consumer = { callId, pageId, psid, number, platform: account.platform.name };
        const mode = (): TransferMode => rule.transfer ?? 'gateway';
        const common = { caller: consumer, mode, seats, ...this.#phones.with(notes, callLog) };
        const transfers = this.#desk.side(common, media, context);
        const options = {
          invite,
          trunk,
          trunkName,
          seat,
          hooks: transfers,
          notes,
          ...this.#phones.sdpAddress,
        };
        caller = new CallerSide(options, media, context);
        return { media, meta, transfers, phone: caller };
      },
      notes,
    };
    this.#start(callId, call, seats);
    caller?.watch();
  }

  /** No calls from now on, either way; those that are up go on. Resolves when the last is over, or after `patienceMs`. */
  async drain(patienceMs: number): Promise<void> {
    this.#closing = true;
    await this.#idle.untilIdle(patienceMs, this.#options.clock);
  }

  /** Ends every call on both sides; resolves when all are forgotten and those not taken were told to Meta, or after `patienceMs`. */
  async shutDown(patienceMs: number): Promise<void> {
    this.#closing = true;
    for (const { runner } of this.#calls.values()) runner.dispatch({ type: 'shutdown' });
    await this.#idle.untilIdle(patienceMs, this.#options.clock);
    if (this.#calls.size > 0) this.#options.log.warn({ calls: this.#calls.size }, 'gateway.calls-left');
  }

  #isFull(log: Pick<RootLog, 'warn'>): boolean {
    const why = this.#closing
      ? 'closing'
      : this.#options.admission.refuse(this.#calls.size + this.#lookUps.size);
    if (why) log.warn({ why, calls: this.#calls.size }, 'call.over-limit');
    return why !== undefined;
  }

  #start(callId: string, call: Omit<CallToStart, 'onEnded'>, seats: CallSeats): void {
    const started = startCall(this.#options, {
      ...call,
      onEnded: () => {
        this.#calls.delete(callId);
        this.#options.placed.remove(callId);
        seats.close();
        this.#desk.forget(callId);
        this.#idle.check();
      },
    });
    this.#calls.set(callId, started);
    this.#options.onStarted(call.setup.facts);
  }

  /** Of a Page or number whose events and calls were let in. */
  #account(pageId: string): Account {
    const { accounts } = this.#options;
    const account = accounts.get(pageId) ?? accounts.former?.(pageId);
    if (!account) throw new Error(`${pageId} is no Page or number of ours`);
    return account;
  }

  #notes(callId: string): CallNotes {
    return new CallNotes((event, data) => this.#options.onNote?.(callId, event, data));
  }
}
