import type { CallFacts, Ledger, LedgerTime, MissedDetail } from '../call/index.ts';
import { MESSENGER } from '../call/index.ts';
import {
  type CallStatusEvent,
  type ConnectEvent,
  type MediaUpdateEvent,
  type MetaEvent,
  type PermissionReplyEvent,
  parseWebhook,
  type SettingsUpdateEvent,
  type TerminateEvent,
  terminateFailure,
} from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Accounts } from './accounts.ts';
import type { CallRunner } from './call-runner.ts';
import type { PlacedCalls } from './placed-calls.ts';

/** Events of one call that name no consumer: only the call's id can tell whose they are. */
type NamelessEvent = CallStatusEvent | MediaUpdateEvent | TerminateEvent;

/** A call of the business's that nobody here placed, as a webhook names it. */
export interface StrangeCall {
  readonly pageId: string;
  readonly callId: string;
  readonly consumerId?: string | undefined;
  readonly opaque?: string | undefined;
}

export interface IntakeOptions {
  readonly ledger: Ledger;
  readonly placed: PlacedCalls;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Log;
  readonly call: (callId: string) => CallRunner | undefined;
  /** Pages and numbers that are ours. */
  readonly accounts: Accounts;
  /** @param callerName when the webhook itself has it */
  readonly startCall: (facts: CallFacts, callerName: string | undefined) => Promise<void>;
  /** A consumer's call that was over before it was told of. Resolves when it is recorded. */
  readonly onMissed: (facts: CallFacts, why: MissedDetail) => Promise<void>;
  /** A call is over of which nobody here knows; its connect may still come. Resolves when that is noted. */
  readonly onTombstone: (callId: string) => Promise<void>;
  /** A webhook names a call of the business's that nobody here placed. */
  readonly onStrange: (event: StrangeCall) => Promise<void> | undefined;
  /** Something of a Page or number of ours came, milliseconds since the epoch. */
  readonly onHeard?: (pageId: string, receivedAtMs: number) => void;
  /** A consumer answered a request for permission. */
  readonly onPermission: (event: PermissionReplyEvent) => void;
  /** Somebody changed the settings of a Page. */
  readonly onSettings: (event: SettingsUpdateEvent) => void;
}

/**
 * From a signed webhook to events of calls: de-duplication, tombstones, calls of others. Each item stands for
 * itself; nothing here throws, because Meta would deliver the whole batch again.
 */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all that must outlive a crash is on the disk, or cannot be written: Meta does not tell again what was
   * answered 200. Never rejects.
   *
   * @param receivedAtMs when the POST arrived, milliseconds since the epoch
   */
  async take(raw: Uint8Array, receivedAtMs: number): Promise<void> {
    const { log } = this.#options;
    const batch = parseWebhook(raw);
    if (!batch.ok) {
      log.warn({ code: batch.error.code, detail: batch.error.message }, 'webhook.malformed');
      return;
    }
    for (const { reason, nature, pageId, count } of batch.value.ignored) {
      // Other fields of a Page (its messages) come by the thousand and are nothing to an operator.
      if (nature === 'foreign') log.debug({ reason, pageId, count }, 'webhook.ignored');
      else log.warn({ reason, pageId, count }, 'webhook.ignored');
    }
    const noted: Promise<unknown>[] = [];
    for (const event of batch.value.items) {
      try {
        const done = this.#event(event, receivedAtMs);
        if (done) noted.push(done);
        const running = 'callId' in event ? this.#options.call(event.callId) : undefined;
        if (running) noted.push(running.noted);
      } catch (error) {
        log.error(
          { err: error instanceof Error ? error.stack : String(error), kind: event.kind },
          'webhook.bug',
        );
      }
    }
    await Promise.allSettled(noted);
  }

  #event(event: MetaEvent, receivedAtMs: number): Promise<void> | undefined {
    const { ledger, log, clock, accounts } = this.#options;
    // A Page's id in an envelope of WhatsApp's, or the other way round, is nobody's.
    const account = accounts.get(event.pageId) ?? accounts.former?.(event.pageId);
    const isOfCalls = event.kind !== 'call_permission_reply' && event.kind !== 'call_settings_update';
    // One that was ours has calls to end, and nothing else.
    const isOurs = accounts.has(event.pageId) || isOfCalls;
    if (account?.platform.name !== (event.platform ?? 'messenger') || !isOurs) {
      log.warn({ pageId: event.pageId, kind: event.kind }, 'webhook.unknown-page');
      return undefined;
    }
    this.#options.onHeard?.(event.pageId, receivedAtMs);
    const callId = 'callId' in event ? event.callId : '';
    // The parser's key leaves out what may differ between deliveries of one event.
    const identity = { pageId: event.pageId, callId: event.dedupeKey, event: event.kind };
    if (!ledger.isNew(identity, clock.monotonic())) {
      log.debug({ callId, kind: event.kind }, 'webhook.duplicate');
      return undefined;
    }
    switch (event.kind) {
      case 'connect':
        return this.#connect(event, receivedAtMs);
      case 'call_status':
        if (event.consumerId !== undefined)
          this.#identify(event.pageId, event.consumerId, callId, event.opaque);
        return this.#ofCall(event);
      case 'terminate':
        if (event.opaque !== undefined) this.#identify(event.pageId, undefined, callId, event.opaque);
        return this.#ofCall(event);
      case 'media_update':
        return this.#ofCall(event);
      case 'call_permission_reply':
        this.#options.onPermission(event);
        log.info({ pageId: event.pageId, response: event.response }, 'webhook.permission-reply');
        return undefined;
      case 'call_settings_update':
        this.#options.onSettings(event);
        log.info(
          { pageId: event.pageId, audioEnabled: event.audioEnabled, ringTarget: event.ringTarget },
          'webhook.settings-update',
        );
        return undefined;
    }
  }

  #time(): LedgerTime {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonic(), wallMs: clock.now() };
  }

  #connect(event: ConnectEvent, receivedAtMs: number): Promise<void> | undefined {
    const { ledger, log, clock, call, accounts } = this.#options;
    const { callId, pageId, consumerId: psid, timestampMs, session, consumerName } = event;
    const { platform = MESSENGER } = accounts.get(pageId) ?? accounts.former?.(pageId) ?? {};
    // Without a direction it is ours when we are calling this consumer, unless it offers: ours brings an answer.
    const mayBeOurs = event.direction !== 'user_initiated' && session?.type !== 'offer';
    if (mayBeOurs && call(callId) === undefined) this.#identify(pageId, psid, callId, event.opaque);
    const running = call(callId);
    if (running) {
      const isAnswer = session?.type === 'answer' && platform.answersLater;
      running.dispatch(isAnswer ? { type: 'meta.answer', sdp: session.sdp } : { type: 'meta.connect' });
      return undefined;
    }
    if (!accounts.has(pageId)) {
      log.warn({ pageId, kind: event.kind }, 'webhook.unknown-page');
      return undefined;
    }
    // Business-initiated calls of others are the Page inbox's: never a phone to ring.
    if (event.direction === 'business_initiated') {
      log.info({ callId, pageId }, 'webhook.business-call');
      return this.#options.onStrange(event);
    }
    if (platform.preAccepts && session?.type !== 'offer') {
      log.warn({ callId, pageId }, 'webhook.connect-without-offer');
      return undefined;
    }
    const facts: CallFacts = {
      callId,
      platform,
      ...(session ? { offerSdp: session.sdp } : {}),
      pageId,
      psid,
      direction: 'user_initiated',
      receivedAtMs,
      ...(timestampMs === undefined ? {} : { timestampMs }),
    };
    const verdict = ledger.judgeConnect({ callId, timestampMs }, this.#time());
    if (verdict.verdict === 'ring') {
      if (verdict.skewed) log.warn({ callId, aheadMs: (timestampMs ?? 0) - clock.now() }, 'clock.skewed');
      return this.#options.startCall(facts, consumerName);
    }
    if (verdict.verdict === 'recorded') {
      log.info({ callId, pageId }, 'webhook.connect-of-a-call-that-ended');
      return undefined;
    }
    log.warn({ callId, pageId, why: verdict.verdict }, 'call.missed');
    ledger.bury(callId, verdict.verdict, clock.monotonic(), true);
    return this.#options.onMissed(facts, verdict.verdict === 'stale' ? 'stale' : 'terminated-before');
  }

  /** A webhook about a consumer whom we are calling names that call. */
  #identify(pageId: string, psid: string | undefined, callId: string, opaque: string | undefined): void {
    const id = this.#options.placed.claim(pageId, psid, callId, opaque);
    if (id !== undefined) this.#options.call(id)?.dispatch({ type: 'meta.identified', callId });
  }

  /** An event that waited for its call to be named, and waits no more. */
  release(event: MetaEvent): void {
    if (event.kind === 'call_status' || event.kind === 'media_update' || event.kind === 'terminate') {
      this.#take(event);
    }
  }

  #ofCall(event: NamelessEvent): Promise<void> | undefined {
    const { call, placed, ledger, clock } = this.#options;
    const { callId } = event;
    const isStrange = call(callId) === undefined;
    // It may be a consumer's call, whose connect comes late and must not ring; not even after a crash.
    const noted =
      isStrange && event.kind === 'call_status'
        ? this.#options.onStrange(event)
        : isStrange &&
            event.kind === 'terminate' &&
            ledger.judgeConnect({ callId }, this.#time()).verdict === 'ring'
          ? this.#options.onTombstone(callId)
          : undefined;
    if (isStrange && placed.hold(event)) {
      if (event.kind === 'terminate') ledger.bury(callId, event.status, clock.monotonic());
      return noted;
    }
    this.#take(event);
    return noted;
  }

  #take(event: NamelessEvent): void {
    const { log } = this.#options;
    const { callId } = event;
    if (event.kind === 'terminate') return this.#terminate(event);
    if (event.kind === 'media_update') {
      const { version, sdp } = event;
      if (sdp === undefined) return log.info({ callId, version }, 'webhook.media-update-without-sdp');
      return this.#options.call(callId)?.dispatch({ type: 'meta.mediaUpdate', version, sdp });
    }
    const { status } = event;
    if (status !== 'ringing' && status !== 'accepted' && status !== 'rejected')
      return log.warn({ callId, status }, 'webhook.unknown-call-status');
    this.#options.call(callId)?.dispatch({ type: 'meta.status', status });
  }

  #terminate(event: TerminateEvent): void {
    const { callId, status, durationS, errorCode } = event;
    const failure = errorCode === undefined ? undefined : terminateFailure(errorCode);
    const running = this.#options.call(callId);
    this.#options.ledger.bury(callId, status, this.#options.clock.monotonic());
    if (running)
      running.dispatch({
        type: 'meta.terminate',
        status,
        durationS,
        ...(errorCode === undefined ? {} : { reason: failure?.message ?? `code ${errorCode}` }),
        ...(failure ? { refusal: { status: failure.sipStatus } } : {}),
      });
    else this.#options.log.info({ callId, status }, 'webhook.terminate-without-call');
  }
}
