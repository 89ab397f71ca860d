import type { GraphFailure } from './failure.ts';
import type { GraphFailureKind } from './failure-table.ts';
import { type MediaUpdate, type MediaUpdateOutcome, sendMediaUpdate } from './media-update.ts';
import { type MessageOutcome, Messages } from './messages.ts';
import { PageApi } from './page-api.ts';
import { type CallPermission, permissionOf } from './permissions.ts';
import { type ProfileOutcome, Profiles } from './profile.ts';
import { callIdOfReply, sessionOfReply } from './reply.ts';
import { GraphRequester, type RequesterOptions } from './requester.ts';
import { crlf } from './sdp-value.ts';
import { SettingsApi } from './settings-api.ts';
import type { GraphReply } from './transport.ts';
import type { CallsRequest } from './wire.ts';
import type { CallMetrics } from './wire-page.ts';

export interface GraphClientOptions extends RequesterOptions {
  /**
   * Read at each request. Milliseconds: for accept and connect; for one try of reject or terminate; for the whole look-up of a profile;
   * for what a calling phone waits for (permission).
   */
  readonly timeouts: {
    readonly acceptMs: number;
    readonly endMs: number;
    readonly profileMs: number;
    readonly permissionMs: number;
  };
  /** Look-ups of a profile ask for the language too; read at each. Default: no. */
  readonly askLocale?: boolean | undefined;
}

/** `answerSdp` absent: Meta said success without one; it may follow in a `media_update`. */
export type AcceptOutcome =
  | { readonly ok: true; readonly answerSdp?: string; readonly renegotiationSdp?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

/** `callId` absent: Meta said success without naming the call; a webhook will name it. */
export type ConnectOutcome =
  | {
      readonly ok: true;
      readonly callId?: string;
      readonly answerSdp?: string;
      readonly renegotiationSdp?: string;
    }
  | { readonly ok: false; readonly failure: GraphFailure };

/** `already`: Meta had done it before, or the call was over: nothing is left to do. */
export type EndOutcome =
  | { readonly ok: true; readonly already: boolean }
  | { readonly ok: false; readonly failure: GraphFailure };

/** `already`: Meta has the metrics of this call. */
export type MetricsOutcome = EndOutcome;

export type PermissionOutcome =
  | { readonly ok: true; readonly permission: CallPermission }
  | { readonly ok: false; readonly failure: GraphFailure };

/** What a call wants of a platform of Meta's, whichever it is. Ids: Page and PSID, or phone_number_id and wa_id. */
export interface CallsApi {
  /** Only where Meta offers: our answer, while phones ring. */
  preAccept?(pageId: string, callId: string, sdp: string): Promise<AcceptOutcome>;
  accept(pageId: string, callId: string, sdp: string): Promise<AcceptOutcome>;
  /** @param opaque ours, for the platform that echoes it in its webhooks */
  connect(pageId: string, psid: string, offerSdp: string, opaque?: string): Promise<ConnectOutcome>;
  /** Only where the session can be changed in a call. */
  mediaUpdate?(pageId: string, callId: string, update: MediaUpdate): Promise<MediaUpdateOutcome>;
  reject(pageId: string, callId: string): Promise<EndOutcome>;
  terminate(pageId: string, callId: string): Promise<EndOutcome>;
  permission(pageId: string, psid: string): Promise<PermissionOutcome>;
  requestPermission(pageId: string, psid: string): Promise<MessageOutcome>;
  profile(pageId: string, psid: string): Promise<ProfileOutcome>;
}

/** To end a call, all of these are good news. */
const OVER: readonly GraphFailureKind[] = ['already', 'ended', 'bad-call'];

/**
 * The Graph API of Messenger calls. Outcomes are values; nothing is thrown. `accept`, `connect` and messages are never
 * repeated: when their reply is lost Meta may have done it (`ambiguous`), and the caller must end the call.
 */
export class GraphClient implements CallsApi {
  readonly messages: Messages;
  readonly page: PageApi;
  readonly settings: SettingsApi;
  readonly #timeouts: GraphClientOptions['timeouts'];
  readonly #requester: GraphRequester;
  readonly #profiles: Profiles;

  constructor(options: GraphClientOptions) {
    this.#timeouts = options.timeouts;
    this.#requester = new GraphRequester(options);
    this.#profiles = new Profiles(this.#requester, () => options.askLocale === true);
    this.messages = new Messages(this.#requester, options.timeouts);
    this.page = new PageApi(this.#requester, options.timeouts);
    this.settings = new SettingsApi(this.#requester, options.timeouts);
  }

  /** `POST /{page}/calls` with `action: accept` and our offer; any line ends in it become CRLF. */
  async accept(pageId: string, callId: string, offerSdp: string): Promise<AcceptOutcome> {
    const session = { sdp_type: 'offer', sdp: crlf(offerSdp) } as const;
    const reply = await this.#once(
      pageId,
      { platform: 'messenger', call_id: callId, action: 'accept', session },
      callId,
    );
    return reply.ok ? { ok: true, ...sessionOfReply(reply.body) } : reply;
  }

  /** `POST /{page}/calls` with `action: connect`: calls a consumer who permits it; the answer is in the reply. */
  async connect(pageId: string, psid: string, offerSdp: string): Promise<ConnectOutcome> {
    const session = { sdp_type: 'offer', sdp: crlf(offerSdp) } as const;
    const reply = await this.#once(pageId, { platform: 'messenger', to: psid, action: 'connect', session });
    if (!reply.ok) return reply;
    const callId = callIdOfReply(reply.body);
    return { ok: true, ...(callId === undefined ? {} : { callId }), ...sessionOfReply(reply.body) };
  }

  /** Only for a call that was not accepted. Tried up to four times on passing faults. */
  reject(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'reject');
  }

  /** Ends a call of either direction. Tried up to four times on passing faults. */
  terminate(pageId: string, callId: string): Promise<EndOutcome> {
    return this.#end(pageId, callId, 'terminate');
  }

  /** Changes our media in a call that is up; see `MediaChanger` for versions and collisions. */
  mediaUpdate(pageId: string, callId: string, update: MediaUpdate): Promise<MediaUpdateOutcome> {
    return sendMediaUpdate(this.#requester, this.#timeouts.acceptMs, pageId, callId, update);
  }

  /** `GET /{page}/messenger_call_permissions`: may this consumer be called, or asked for permission. */
  async permission(pageId: string, psid: string): Promise<PermissionOutcome> {
    const reply = await this.#requester.send({
      pageId,
      action: 'permission',
      path: `/${pageId}/messenger_call_permissions`,
      query: { psid },
      timeoutMs: this.#timeouts.permissionMs,
    });
    return reply.ok ? { ok: true, permission: permissionOf(reply.body) } : reply;
  }

  /** Asks the consumer for permission to call; never repeated. */
  requestPermission(pageId: string, psid: string): Promise<MessageOutcome> {
    return this.messages.requestPermission(pageId, psid);
  }

  /**
   * The consumer's name, best effort within the budget. Not asked at all while Meta's quota runs low.
   *
   * @param budgetMs for all tries together; default `timeouts.profileMs`
   * @param signal gives the look-up up, as when the call ended
   */
  profile(
    pageId: string,
    psid: string,
    budgetMs: number = this.#timeouts.profileMs,
    signal?: AbortSignal,
  ): Promise<ProfileOutcome> {
    return this.#profiles.lookUp(pageId, psid, budgetMs, signal);
  }

  /**
   * `POST /{page}/call_metrics`, one try: what went before, and what is too early, is for the caller to know.
   * Metrics that Meta has already are a success.
   */
  async submitMetrics(pageId: string, metrics: CallMetrics): Promise<MetricsOutcome> {
    const reply = await this.#requester.send({
      pageId,
      action: 'metrics',
      path: `/${pageId}/call_metrics`,
      body: metrics,
      callId: metrics.call_id,
      timeoutMs: this.#timeouts.acceptMs,
    });
    if (reply.ok) return { ok: true, already: false };
    return reply.failure.kind === 'already' ? { ok: true, already: true } : reply;
  }

  /** Meta said not long ago that the Page's quota is nearly used up: what can wait should. */
  runsLow(pageId: string): boolean {
    return this.#requester.runsLow(pageId);
  }

  /** Ends what is under way (their outcomes are failures) and closes the connections. Idempotent. */
  close(): Promise<void> {
    return this.#requester.close();
  }

  async #end(pageId: string, callId: string, action: 'reject' | 'terminate'): Promise<EndOutcome> {
    const body: CallsRequest = { platform: 'messenger', call_id: callId, action };
    const reply = await this.#requester.repeat(
      { pageId, action, callId, path: `/${pageId}/calls`, body, timeoutMs: this.#timeouts.endMs },
      ({ kind }) => OVER.includes(kind),
    );
    if (reply.ok) return { ok: true, already: false };
    return OVER.includes(reply.failure.kind) ? { ok: true, already: true } : reply;
  }

  async #once(pageId: string, body: CallsRequest, callId?: string): Promise<GraphReply> {
    const reply = await this.#requester.send({
      pageId,
      action: body.action,
      path: `/${pageId}/calls`,
      body,
      timeoutMs: this.#timeouts.acceptMs,
      ...(callId === undefined ? {} : { callId }),
    });
    if (reply.ok) return reply;
    const { failure } = reply;
    // A server that broke while it worked may have done it.
    return { ok: false, failure: failure.kind === 'transient' ? { ...failure, kind: 'ambiguous' } : failure };
  }
}
