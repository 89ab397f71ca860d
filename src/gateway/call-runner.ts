import type { CallEvent, CallRecord, CallSetup, CallState, Effect } from '../call/index.ts';
import { bugRecord, reduce, startCall } from '../call/index.ts';
import type { BridgeStats } from '../media/index.ts';
import { atMost } from '../shared/at-most.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { JournalWriter } from '../store/index.ts';
import { steadyNow } from './call-clock.ts';
import type { MediaSide } from './call-media.ts';
import type { MetaSide } from './call-meta.ts';
import type { CallObserver } from './call-observer.ts';
import { CallTimers } from './call-timers.ts';
import type { CallView } from './call-view.ts';
import type { LadderSink, LadderStep, Party } from './ladder.ts';
import { NOT_ACCEPTED, NOT_CONNECTED } from './not-asked.ts';
import type { PhoneLeg } from './phone-leg.ts';
import type { TransferSide } from './transfer-side.ts';

/** What one call's sides are made of; each reports through `dispatch` and tells the ladder what it sent. */
export interface CallSides {
  readonly meta: MetaSide;
  readonly phone: PhoneLeg;
  readonly media: MediaSide;
  /** Phones that come by transfer; without it nothing is transferred. */
  readonly transfers?: TransferSide;
}

export interface SideContext {
  readonly dispatch: (event: CallEvent) => void;
  /** @param data of an answer: `ms`, `status` */
  readonly step: (from: Party, to: Party, what: string, data?: LadderStep['data']) => void;
  /** SIP messages with this Call-ID are the call's. */
  readonly dialog?: (sipCallId: string) => void;
  readonly log: Log;
}

export interface CallRunnerOptions {
  readonly setup: CallSetup;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: JournalWriter;
  readonly sides: (context: SideContext) => CallSides;
  readonly onLadder?: LadderSink | undefined;
  /** Looks on. */
  readonly observer?: CallObserver | undefined;
  /** The one record; with what the media legs counted, when they were closed by then. */
  readonly onRecord: (
    record: CallRecord,
    media: BridgeStats | undefined,
    codec: string | undefined,
  ) => Promise<void>;
  /** The call reached `ended`; nothing of it is left and it can be forgotten. */
  readonly onEnded: (state: CallState) => void;
}

/** How long an effect waits for the note before it, ms. */
const JOURNAL_PATIENCE_MS = 1_000;

/**
 * Runs one call: events go through the pure `reduce`, effects are begun in order, and an effect behind a
 * `journal` waits until the note is on disk. Whatever throws here is a bug and ends this call only.
 */
export class CallRunner {
  readonly #options: CallRunnerOptions;
  readonly #now: () => number;
  readonly #timers: CallTimers;
  readonly #sides: CallSides;
  readonly #effects: Effect[] = [];
  #state: CallState;
  #running = false;
  #noted: Promise<void> = Promise.resolve();
  #bugs = 0;
  #over = false;
  /** The note that the call ended comes after its record: a crash in between makes a second record, not none. */
  #recorded: Promise<void> = Promise.resolve();

  constructor(options: CallRunnerOptions) {
    this.#options = options;
    this.#now = steadyNow(options.clock);
    this.#timers = new CallTimers(options.clock, (name) => this.dispatch({ type: 'timer', name }));
    this.#sides = options.sides({
      dispatch: (event) => this.dispatch(event),
      step: (from, to, what, data) => this.#step(from, to, what, data),
      dialog: (sipCallId) => options.observer?.dialog(sipCallId),
      log: options.log,
    });
    const { direction, offerSdp } = options.setup.facts;
    if (direction === 'user_initiated')
      this.#step('meta', 'gateway', `webhook connect${offerSdp === undefined ? '' : ' (offer)'}`);
    const first = startCall(options.setup, this.#now());
    this.#state = first.state;
    this.#effects.push(...first.effects);
    this.#go();
  }

  get state(): CallState {
    return this.#state;
  }

  /** Resolves when the notes of all that happened so far are on the disk, or were given up. Never rejects. */
  get noted(): Promise<void> {
    return this.#noted;
  }

  /** Feeds one event; never throws, and may be called from anywhere, any time. */
  dispatch(event: CallEvent): void {
    if (this.#over) return;
    try {
      this.#observe(event);
      const before = this.#state.name;
      const { state, effects } = reduce(this.#state, event, this.#now());
      this.#state = state;
      this.#options.observer?.event(event, before, state);
      this.#effects.push(...effects);
      if (before !== state.name) {
        this.#options.log.debug({ event: event.type, from: before, to: state.name }, 'call.state');
      }
      this.#go();
    } catch (error) {
      this.#bug(error);
    }
  }

  /** A live view for operators. */
  dump(): Omit<CallView, 'callId'> {
    const { name, facts, attempts, answeredBy, milestones, held, metaCallId } = this.#state;
    const current = answeredBy === undefined ? attempts.at(-1) : attempts[answeredBy - 1];
    const { webhook, invite, answered } = milestones;
    return {
      ...(metaCallId === undefined || metaCallId === facts.callId ? {} : { metaCallId }),
      pageId: facts.pageId,
      platform: facts.platform.name,
      direction: facts.direction,
      state: name,
      startedAtMs: webhook ?? invite ?? facts.receivedAtMs,
      ...(answered === undefined ? {} : { answeredAtMs: answered }),
      ...(current ? { target: current.target.name } : {}),
      held,
      media: this.#sides.media.summary(),
      attempts: attempts.length,
    };
  }

  #go(): void {
    if (this.#running) return;
    this.#running = true;
    this.#noted = this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      const effect = this.#effects.shift();
      if (!effect) break;
      try {
        if (effect.type === 'journal') await this.#note(effect.note);
        else this.#begin(effect);
      } catch (error) {
        this.#bug(error);
      }
    }
    this.#running = false;
    if (this.#state.name === 'ended' && !this.#over) this.#finished();
  }

  async #note(note: Readonly<Record<string, unknown>>): Promise<void> {
    const { journal, clock, log } = this.#options;
    const entry = { v: 1 as const, at: Math.round(this.#now()), callId: this.#state.facts.callId, note };
    // Neither a full disk nor one that stalls must keep a call from ending: what is lost is the protection against a
    // crash at this moment.
    const written = this.#recorded
      .then(() => journal.append(entry))
      .catch((error: unknown) => log.error({ err: String(error) }, 'journal.append-failed'));
    if (await atMost(clock, JOURNAL_PATIENCE_MS, written)) return;
    log.error({ err: `not written within ${JOURNAL_PATIENCE_MS} ms` }, 'journal.append-failed');
  }

  #begin(effect: Exclude<Effect, { type: 'journal' }>): void {
    this.#options.observer?.effect(effect);
    const { meta, media, transfers } = this.#sides;
    const { facts } = this.#state;
    const phone = this.#phoneOf('attempt' in effect ? effect.attempt : 0);
    switch (effect.type) {
      case 'lookUpProfile':
        return meta.lookUpProfile();
      case 'openMedia':
        return media.open(facts.platform.name, effect.offerSdp);
      case 'invite':
        return phone.invite(effect.attempt, effect.target, effect.callerName);
      case 'cancelInvite':
        return phone.cancel(effect.attempt, effect.reason);
      case 'sendBye':
        return phone.bye(effect.attempt, effect.reason);
      case 'connectPhone':
        return phone.connect(effect.attempt);
      case 'connectEarly':
        return phone.connectEarly(effect.attempt);
      case 'sendDtmf':
        return phone.sendDtmf(effect.attempt, effect.digit, effect.durationMs);
      case 'graphPreAccept':
        return meta.preAccept(media.localSdp);
      case 'graphAccept':
        if (this.#isOver) return this.dispatch(NOT_ACCEPTED);
        return meta.accept(media.localSdp, () => !this.#isOver);
      case 'graphReject':
        return meta.reject();
      case 'graphTerminate':
        return meta.terminate(effect.callId);
      case 'tellHold':
        return meta.tellHold(effect.callId, effect.held, media.localSdp);
      case 'checkPermission':
        return meta.checkPermission();
      case 'graphConnect':
        return this.#isOver ? this.dispatch(NOT_CONNECTED) : meta.connect(media.localSdp);
      case 'ringPhone':
        return phone.ring(effect.attempt);
      case 'answerPhone':
        return phone.answer(effect.attempt);
      case 'refusePhone':
        return phone.refuse(effect.attempt, effect.refusal, effect.reason);
      case 'acceptTransfer':
        return transfers?.accept(effect.from, effect.attempt);
      case 'refuseTransfer':
        return transfers?.refuse(effect.from, effect.status);
      case 'tellTransfer':
        return transfers?.tell(effect.from, effect.status, effect.reason);
      case 'sendRefer':
        return transfers?.refer(effect.from);
      case 'recallPhone':
        return transfers?.recall(effect.from, effect.attempt, effect.callerName);
      case 'transferChanged':
        return transfers?.changed(effect.transfer);
      case 'waitForPhone':
        return media.waitForPhone(effect.waiting);
      case 'expectPhone':
        return media.expectPhone(effect.ms);
      case 'transferSilent':
        return transfers?.silent(effect.ms);
      case 'applyAnswer':
        return media.applyAnswer(effect.sdp);
      case 'applyRenegotiation':
        return media.applyRenegotiation(effect.sdp);
      case 'openAudio':
        return media.openAudio();
      case 'openEarly':
        return media.openEarly(effect.ringback);
      case 'announce':
        return media.announce(effect.sound);
      case 'closeMedia':
        return media.close();
      case 'startTimer':
        return this.#timers.start(effect.name, effect.ms);
      case 'stopTimer':
        return this.#timers.stop(effect.name);
      case 'milestone':
        if (effect.name === 'answered') media.answered();
        return this.#options.log.info(
          { milestone: effect.name, sinceStartMs: Math.round(effect.atMs - facts.receivedAtMs) },
          'call.milestone',
        );
      case 'finish':
        this.#recorded = this.#options.onRecord(effect.record, media.stats, this.#codec);
        return;
    }
  }

  /** It ended while the note before an effect was written: nobody is connected any more for a phone that is gone. */
  get #isOver(): boolean {
    return this.#state.end !== undefined;
  }

  /** What came in by itself; what was asked for is told where it is asked. */
  #observe(event: CallEvent): void {
    switch (event.type) {
      case 'meta.connect':
        return this.#step('meta', 'gateway', 'webhook connect');
      case 'meta.terminate':
        return this.#step('meta', 'gateway', `webhook terminate (${event.status})`);
      case 'meta.status':
        return this.#step('meta', 'gateway', `webhook call_status (${event.status})`);
      case 'meta.answer':
        return this.#step('meta', 'gateway', 'webhook connect (answer)');
      case 'meta.identified':
        return this.#step('meta', 'gateway', 'webhook names the call');
      case 'meta.mediaUpdate':
        if (event.version !== undefined) this.#sides.meta.sessionVersion(event.version);
        return this.#step('meta', 'gateway', 'webhook media_update');
      case 'media.iceConnected':
        return this.#step('gateway', 'meta', 'ICE connected');
      case 'media.secure':
        return this.#step('gateway', 'meta', 'DTLS up, SRTP keys ready');
      case 'media.firstPacket':
        return event.leg === 'consumer'
          ? this.#step('meta', 'gateway', 'first RTP packet')
          : this.#step('phone', 'gateway', 'first RTP packet');
      case 'media.dtmf':
        // A key may be of a card number: personal, and debug alone may say it.
        this.#options.log.debug({ from: event.from, digit: event.digit, ms: event.durationMs }, 'call.dtmf');
        return event.from === 'consumer'
          ? this.#step('meta', 'phone', 'DTMF key')
          : this.#step('phone', 'gateway', 'DTMF key');
      case 'media.consumerLost':
        return this.#step('meta', 'gateway', `media lost: ${event.reason}`);
    }
  }

  #finished(): void {
    this.#over = true;
    this.#timers.clear();
    this.#sides.meta.close();
    this.#options.observer?.over(this.#state);
    this.#options.onEnded(this.#state);
  }

  /** The first bug ends the call through the table; a second one tears it down by hand. */
  #bug(error: unknown): void {
    this.#bugs += 1;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log.error({ err: message, state: this.#state.name }, 'call.bug');
    if (this.#bugs === 1) return this.dispatch({ type: 'bug', message: String(error) });
    if (this.#over) return;
    this.#effects.length = 0;
    const { phone, media, transfers } = this.#sides;
    for (const end of [
      () => phone.abandon(),
      () => transfers?.abandon(),
      () => media.close(),
      () => this.#endAtMeta(),
    ]) {
      try {
        end();
      } catch (failure) {
        this.#options.log.error({ err: String(failure) }, 'call.abandon-failed');
      }
    }
    const record = bugRecord(this.#state, String(error), this.#now());
    if (record) this.#recorded = this.#options.onRecord(record, media.stats, this.#codec);
    this.#finished();
  }

  #phoneOf(attempt: number): PhoneLeg {
    const { phone, transfers } = this.#sides;
    return transfers?.phoneOf(attempt) ?? phone;
  }

  /** Of the phone that talked last. */
  get #codec(): string | undefined {
    const { phone, transfers } = this.#sides;
    return transfers?.codec ?? phone.codec;
  }

  #endAtMeta(): void {
    const { metaCallId } = this.#state;
    if (metaCallId !== undefined) this.#sides.meta.terminate(metaCallId);
  }

  #step(from: Party, to: Party, what: string, data?: LadderStep['data']): void {
    const { callId } = this.#options.setup.facts;
    const step = { callId, atMs: this.#now(), from, to, what, ...(data ? { data } : {}) };
    this.#options.onLadder?.(step);
    this.#options.observer?.step(step);
  }
}
