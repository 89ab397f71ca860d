import type { AcceptFailureKind, Refusal } from '../call/index.ts';
import {
  type AcceptOutcome,
  type CallsApi,
  type EndOutcome,
  type GraphFailure,
  type GraphFailureKind,
  MediaChanger,
} from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { ProfileCache } from '../store/index.ts';
import type { SideContext } from './call-runner.ts';
import { NOT_ACCEPTED } from './not-asked.ts';
import type { PermissionVerdict } from './permission-desk.ts';

/** What only a call that a phone places needs. */
export interface PlacingOptions {
  readonly checkPermission: () => Promise<PermissionVerdict>;
  /** Connect is about to be sent. */
  readonly onAsked: () => void;
  /** Graph's reply to connect named the call; told before the call hears of it. */
  readonly onNamed: (metaCallId: string) => void;
  /** Told to the phone when Meta throttles us: some PBXs take a trunk out of service on 503. */
  readonly throttleStatus: number;
  /** For Meta to give back in its webhooks, behind our name of the call; where the platform does that. */
  readonly opaque?: string;
}

/** One call's Graph actions; each reports to the call exactly once. */
export class MetaSide {
  readonly #facts: { readonly callId: string; readonly pageId: string; readonly psid: string };
  readonly #graph: CallsApi;
  readonly #profiles: ProfileCache;
  readonly #clock: Clock;
  readonly #context: SideContext;
  readonly #placing: PlacingOptions | undefined;
  /** Made when Meta is first told of a hold. */
  #changer: MediaChanger | undefined;
  #version: number | undefined;
  /** When what Graph has not answered yet was asked, monotonic ms. */
  readonly #asked = new Map<string, number>();
  /** Until Meta has replied to pre_accept; an accept that overtook it would stand alone. */
  #preAccepting: Promise<unknown> = Promise.resolve();

  constructor(
    facts: { readonly callId: string; readonly pageId: string; readonly psid: string },
    graph: CallsApi,
    profiles: ProfileCache,
    clock: Clock,
    context: SideContext,
    placing?: PlacingOptions,
  ) {
    this.#placing = placing;
    this.#facts = facts;
    this.#graph = graph;
    this.#profiles = profiles;
    this.#clock = clock;
    this.#context = context;
  }

  lookUpProfile(): void {
    const { pageId, psid } = this.#facts;
    this.#run(this.#graph.profile(pageId, psid), (outcome) => {
      const name = outcome.ok ? outcome.name : undefined;
      if (outcome.ok) this.#profiles.set(pageId, psid, outcome, this.#clock.now());
      else this.#context.log.info({ failure: outcome.failure.message }, 'meta.no-profile');
      this.#context.dispatch({ type: 'profile.resolved', name });
    });
  }

  /** Our answer to Meta's offer, while phones ring. */
  preAccept(answerSdp: string): void {
    const { pageId, callId } = this.#facts;
    if (!this.#graph.preAccept) throw new Error('this platform has no pre_accept');
    this.#ask('pre_accept');
    const asked = this.#graph.preAccept(pageId, callId, answerSdp);
    this.#preAccepting = asked;
    this.#run(asked, (outcome) => {
      if (outcome.ok) {
        this.#replied('pre_accept', '200');
        return this.#context.dispatch({ type: 'graph.preAccepted' });
      }
      this.#failed('pre_accept', outcome.failure);
      const { kind, message } = outcome.failure;
      this.#context.dispatch({ type: 'graph.preAcceptFailed', kind: acceptFailure(kind), code: message });
    });
  }

  /**
   * @param sdp our offer, or the very answer that pre_accept sent
   * @param isWanted asked once pre_accept has its reply: the call may have ended by then
   */
  accept(sdp: string, isWanted: () => boolean): void {
    this.#run(this.#acceptAfter(sdp, isWanted), (outcome) => {
      if (!outcome) return this.#context.dispatch(NOT_ACCEPTED);
      if (outcome.ok) {
        const both = outcome.renegotiationSdp ? 'answer, renegotiation offer' : 'answer';
        const brings = this.#graph.preAccept ? '' : ` (${outcome.answerSdp ? both : 'no SDP'})`;
        this.#replied('accept', `200${brings}`);
        const { answerSdp, renegotiationSdp } = outcome;
        return this.#context.dispatch({ type: 'graph.accepted', answerSdp, renegotiationSdp });
      }
      this.#failed('accept', outcome.failure);
      const { kind, message } = outcome.failure;
      this.#context.dispatch({ type: 'graph.acceptFailed', kind: acceptFailure(kind), code: message });
    });
  }

  async #acceptAfter(sdp: string, isWanted: () => boolean): Promise<AcceptOutcome | undefined> {
    const { pageId, callId } = this.#facts;
    await this.#preAccepting;
    if (!isWanted()) return undefined;
    this.#ask('accept');
    return this.#graph.accept(pageId, callId, sdp);
  }

  reject(): void {
    const { pageId, callId } = this.#facts;
    this.#ask('reject');
    this.#run(this.#graph.reject(pageId, callId), (outcome) => {
      if (this.#ended('reject', outcome)) this.#context.dispatch({ type: 'graph.rejected' });
      else this.#context.dispatch({ type: 'graph.rejectFailed', code: codeOf(outcome) });
    });
  }

  checkPermission(): void {
    if (!this.#placing) throw new Error('permission is for calls that a phone places');
    this.#ask('permission', 'GET call permissions');
    this.#run(this.#placing.checkPermission(), ({ allowed, refusal }) => {
      this.#replied('permission', allowed ? '200 (may be called)' : '200 (may not be called)');
      this.#context.dispatch({ type: 'graph.permission', allowed, refusal: this.#tellable(refusal) });
    });
  }

  connect(offerSdp: string): void {
    const { pageId, psid, callId: ours } = this.#facts;
    this.#ask('connect');
    this.#placing?.onAsked();
    const { opaque = '' } = this.#placing ?? {};
    this.#run(this.#graph.connect(pageId, psid, offerSdp, `${ours} ${opaque}`.trim()), (outcome) => {
      if (outcome.ok) {
        const { callId, answerSdp, renegotiationSdp } = outcome;
        this.#replied('connect', `200 (${answerSdp ? 'answer' : 'no SDP'})`);
        if (callId !== undefined) this.#placing?.onNamed(callId);
        return this.#context.dispatch({ type: 'graph.connected', callId, answerSdp, renegotiationSdp });
      }
      this.#failed('connect', outcome.failure);
      const { kind, message, sipStatus, retryAfterS } = outcome.failure;
      const ambiguous = kind === 'ambiguous';
      const refusal = this.#tellable({ status: ambiguous ? 504 : sipStatus, retryAfterS });
      this.#context.dispatch({
        type: 'graph.connectFailed',
        ambiguous,
        refusal: refusal ?? { status: 500 },
        code: message,
      });
    });
  }

  #tellable(refusal: Refusal | undefined): Refusal | undefined {
    if (refusal?.status !== 503) return refusal;
    return { ...refusal, status: this.#placing?.throttleStatus ?? 503 };
  }

  /** @param callId Meta's name of the call */
  terminate(callId: string): void {
    const { pageId } = this.#facts;
    this.#ask('terminate');
    this.#run(this.#graph.terminate(pageId, callId), (outcome) => {
      if (this.#ended('terminate', outcome)) this.#context.dispatch({ type: 'graph.terminated' });
      else this.#context.dispatch({ type: 'graph.terminateFailed', code: codeOf(outcome) });
    });
  }

  /** A media_update webhook: the next change of ours starts from its version. */
  sessionVersion(version: number): void {
    this.#version = Math.max(version, this.#version ?? 0);
    this.#changer?.received(version);
  }

  /** Best effort: the call goes on as it is when Meta does not take it. */
  tellHold(callId: string, held: boolean, offerSdp: string): void {
    const { mediaUpdate } = this.#graph;
    const [, msid] = /^a=msid:\S+ (\S+)/m.exec(offerSdp) ?? [];
    if (!mediaUpdate || msid === undefined) return;
    const { pageId } = this.#facts;
    this.#changer ??= this.#makeChanger(callId);
    const status = held ? 'disabled' : 'enabled';
    this.#ask('media_update', `POST media_update (${status})`);
    const change = this.#changer.change(() => ({ tracks: [{ msid, label: 'default_audio', status }] }));
    this.#run(change, (outcome) => {
      if (outcome?.ok) return this.#replied('media_update', '200');
      const why = outcome ? outcome.failure.message : 'both sides changed the media at once';
      this.#context.log.info({ pageId, failure: why }, 'meta.hold-not-told');
    });
  }

  #makeChanger(callId: string): MediaChanger {
    const { pageId } = this.#facts;
    const graph = this.#graph;
    const changer = new MediaChanger({
      send: async (update) => {
        const outcome = await graph.mediaUpdate?.(pageId, callId, update);
        if (!outcome) throw new Error('this platform has no media_update');
        return outcome;
      },
      clock: this.#clock,
      random: Math.random,
    });
    if (this.#version !== undefined) changer.received(this.#version);
    return changer;
  }

  /** The call is over. */
  close(): void {
    this.#changer?.close();
  }

  #ended(action: string, outcome: EndOutcome): boolean {
    if (!outcome.ok) {
      this.#failed(action, outcome.failure);
      return false;
    }
    this.#replied(action, outcome.already ? '200 (it was over already)' : '200');
    return true;
  }

  #ask(action: string, what = `POST ${action}`): void {
    this.#asked.set(action, this.#clock.monotonic());
    this.#context.step('gateway', 'meta', what);
  }

  #replied(action: string, what: string, data: Readonly<Record<string, number>> = { status: 200 }): void {
    const asked = this.#asked.get(action);
    const ms = asked === undefined ? {} : { ms: Math.round(this.#clock.monotonic() - asked) };
    this.#context.step('meta', 'gateway', what, { action, ...data, ...ms });
  }

  #failed(action: string, failure: GraphFailure): void {
    const { httpStatus, code } = failure;
    this.#replied(action, `${action} failed: ${failure.kind}`, {
      ...(httpStatus === undefined ? {} : { status: httpStatus }),
      ...(code === undefined ? {} : { code }),
    });
    this.#context.log.warn(
      {
        action,
        kind: failure.kind,
        failure: failure.message,
        remedy: failure.remedy,
        fbtraceId: failure.fbtraceId,
      },
      'meta.graph-failed',
    );
  }

  /** The client returns failures as values: a rejection here is a bug, and ends the call as one. */
  #run<T>(promise: Promise<T>, then: (value: T) => void): void {
    promise.then(then).catch((error: unknown) => {
      this.#context.dispatch({
        type: 'bug',
        message: error instanceof Error ? (error.stack ?? '') : String(error),
      });
    });
  }
}

const ACCEPT_FAILURES: Readonly<Partial<Record<GraphFailureKind, AcceptFailureKind>>> = {
  ended: 'gone',
  'bad-call': 'gone',
  'not-owner': 'not-owner',
  already: 'already',
  ambiguous: 'ambiguous',
  transient: 'ambiguous',
};

function acceptFailure(kind: GraphFailureKind): AcceptFailureKind {
  return ACCEPT_FAILURES[kind] ?? 'refused';
}

function codeOf(outcome: EndOutcome): string | undefined {
  return outcome.ok ? undefined : outcome.failure.message;
}
