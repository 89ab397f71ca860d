import type { CallFacts } from '../call/index.ts';
import { type Ledger, missedRecord } from '../call/index.ts';
import {
  type CallStatusEvent,
  type ConnectEvent,
  type MediaUpdateEvent,
  type MetaEvent,
  parseWebhook,
  type TerminateEvent,
} from '../meta/index.ts';
import type { Log } from '../shared/log.ts';
import type { CallRunner } from './call-runner.ts';
import type { PlacedCalls } from './placed-calls.ts';

/** Events of one call that name no consumer: only the call's id can tell whose they are. */
type NamelessEvent = CallStatusEvent | MediaUpdateEvent | TerminateEvent;

export interface IntakeOptions {
  readonly ledger: Ledger;
  readonly placed: PlacedCalls;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly call: (callId: string) => CallRunner | undefined;
  readonly isPage: (pageId: string) => boolean;
  readonly startCall: (facts: CallFacts) => void;
  /** A consumer answered a request for permission. */
  readonly onPermission: (pageId: string, psid: string) => void;
  readonly onMissed: (record: object) => void;
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

  /** @param receivedAtMs when the POST arrived, milliseconds since the epoch */
  take(raw: Uint8Array, receivedAtMs: number): void {
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
    for (const event of batch.value.items) {
      try {
        this.#event(event, receivedAtMs);
      } catch (error) {
        log.error(
          { err: error instanceof Error ? error.stack : String(error), kind: event.kind },
          'webhook.bug',
        );
      }
    }
  }

  #event(event: MetaEvent, receivedAtMs: number): void {
    const { ledger, log, now, isPage } = this.#options;
    if (!isPage(event.pageId)) {
      log.warn({ pageId: event.pageId, kind: event.kind }, 'webhook.unknown-page');
      return;
    }
    const callId = 'callId' in event ? event.callId : '';
    // The parser's key leaves out what may differ between deliveries of one event.
    const identity = { pageId: event.pageId, callId: event.dedupeKey, event: event.kind };
    if (!ledger.isNew(identity, now())) {
      log.debug({ callId, kind: event.kind }, 'webhook.duplicate');
      return;
    }
    switch (event.kind) {
      case 'connect':
        return this.#connect(event, receivedAtMs);
      case 'call_status':
        if (event.consumerId !== undefined) this.#identify(event.pageId, event.consumerId, callId);
        return this.#ofCall(event);
      case 'terminate':
      case 'media_update':
        return this.#ofCall(event);
      case 'call_permission_reply':
        this.#options.onPermission(event.pageId, event.consumerId);
        return log.info({ pageId: event.pageId, response: event.response }, 'webhook.permission-reply');
      case 'call_settings_update':
        return this.#settings(event.pageId, event.audioEnabled, event.ringTarget);
    }
  }

  #connect(event: ConnectEvent, receivedAtMs: number): void {
    const { ledger, log, now, call } = this.#options;
    const { callId, pageId, consumerId: psid, timestampMs } = event;
    const running = call(callId);
    if (running) return running.dispatch({ type: 'meta.connect' });
    // Without a direction it is ours when we are calling this consumer.
    if (event.direction !== 'user_initiated' && this.#identify(pageId, psid, callId)) return;
    // Business-initiated calls of others are the Page inbox's: never a phone to ring.
    if (event.direction === 'business_initiated')
      return log.info({ callId, pageId }, 'webhook.business-call');
    const facts: CallFacts = {
      callId,
      pageId,
      psid,
      direction: 'user_initiated',
      receivedAtMs,
      ...(timestampMs === undefined ? {} : { timestampMs }),
    };
    const verdict = ledger.judgeConnect({ callId, timestampMs }, now());
    if (verdict.verdict === 'ring') {
      if (verdict.skewed) log.warn({ callId, aheadMs: (timestampMs ?? 0) - now() }, 'clock.skewed');
      return this.#options.startCall(facts);
    }
    log.warn({ callId, pageId, why: verdict.verdict }, 'call.missed');
    const detail = verdict.verdict === 'stale' ? 'stale' : 'terminated-before';
    this.#options.onMissed(missedRecord(facts, detail, now()));
  }

  /** A webhook about a consumer whom we are calling names that call. */
  #identify(pageId: string, psid: string, callId: string): boolean {
    const id = this.#options.placed.claim(pageId, psid, callId);
    if (id === undefined) return false;
    this.#options.call(id)?.dispatch({ type: 'meta.identified', callId });
    return true;
  }

  /** An event that waited for its call to be named, and waits no more. */
  release(event: MetaEvent): void {
    if (event.kind === 'call_status' || event.kind === 'media_update' || event.kind === 'terminate') {
      this.#take(event);
    }
  }

  #ofCall(event: NamelessEvent): void {
    const { call, placed, ledger, now } = this.#options;
    if (call(event.callId) === undefined && placed.hold(event)) {
      // It may be a consumer's call after all, whose connect comes late and must not ring.
      if (event.kind === 'terminate') ledger.bury(event.callId, event.status, now());
      return;
    }
    this.#take(event);
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
    if (status !== 'ringing' && status !== 'accepted')
      return log.warn({ callId, status }, 'webhook.unknown-call-status');
    this.#options.call(callId)?.dispatch({ type: 'meta.status', status });
  }

  #terminate(event: TerminateEvent): void {
    const { callId, status, durationS } = event;
    const running = this.#options.call(callId);
    this.#options.ledger.bury(callId, status, this.#options.now());
    if (running) running.dispatch({ type: 'meta.terminate', status, durationS });
    else this.#options.log.info({ callId, status }, 'webhook.terminate-without-call');
  }

  #settings(pageId: string, audioEnabled: boolean | undefined, ringTarget: string | undefined): void {
    const { log } = this.#options;
    if (audioEnabled === false) log.warn({ pageId }, 'meta.audio-disabled');
    if (ringTarget !== undefined && ringTarget !== 'PARTNERS')
      log.warn({ pageId, ringTarget }, 'meta.not-routed-to-us');
    log.info({ pageId, audioEnabled, ringTarget }, 'webhook.settings-update');
  }
}
