import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Result } from '../shared/result.ts';
import type { EarlyMedia } from './early-media.ts';
import type { OrphanKeeper } from './orphans.ts';
import type { Reason } from './reason.ts';
import type { ReferTarget } from './refer.ts';
import type { Registrar } from './registrar.ts';
import type { RegisterOptions, Registration } from './types-register.ts';

/** What `connectSip` needs. All times in ms. */
export interface ConnectSipOptions {
  /** Where the drachtio application port is: the embedded server's `control`, or a drachtio-server. */
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** User-Agent header of our requests and responses, e.g. `messenger-sip-gateway/0.1.0`. */
  readonly userAgent: string;
  /**
   * Longest wait for the answer to a request other than the first INVITE (BYE, INFO, re-INVITE, also a CANCEL's
   * 487), and for the caller's answer to a re-INVITE. 32 s (64*T1, RFC 3261 17.1.2.2) loses nothing; less ends sooner.
   */
  readonly requestTimeoutMs: number;
  /** Longest wait for the first connection; default 10,000. Afterwards the leg reconnects for ever. */
  readonly connectTimeoutMs?: number;
  /** Pause before a reconnect: grows from `minMs` (default 100) to at most `maxMs` (default 5,000). */
  readonly reconnect?: { readonly minMs?: number; readonly maxMs?: number };
  /** Uniform in [0, 1); for digest cnonces and glare delays. Default Math.random. */
  readonly random?: () => number;
  /** Answers out-of-dialog INVITEs; without it they get 403. */
  readonly onIncomingInvite?: (invite: IncomingInvite) => void;
  /** Answers REGISTER; without it that gets 405. */
  readonly registrar?: Pick<Registrar, 'answer'>;
  /** Whether OPTIONS gets 200 (true) or 503 (false: draining). */
  readonly ready: () => boolean;
  /** The control connection; 'lost' comes after every invite and dialog on it was told. */
  readonly onState: (state: 'connected' | 'lost') => void;
  /** Keeps, over a crash, what ends the calls of a drachtio-server; an embedded one keeps that itself. */
  readonly keeper?: OrphanKeeper;
}

/** The SIP leg: one control connection, its invites and its dialogs. */
export interface SipControl {
  /** Where the server listens for SIP, e.g. `udp/127.0.0.1:5060`; of the latest connection. */
  readonly contacts: readonly string[];
  readonly connected: boolean;
  /** Live counts, for health and leak checks. */
  dump(): {
    readonly connected: boolean;
    readonly invites: number;
    readonly dialogs: number;
  };
  /** Sends an INVITE. Never throws: everything that goes wrong comes as `events.onFailed`, never synchronously. */
  invite(options: InviteOptions, events: InviteEvents): OutboundInvite;
  /** Asks a server for signs of life (RFC 3261 11); the value is its 2xx status. Never rejects. */
  options(request: OptionsRequest): Promise<Result<number, RequestFailure>>;
  /**
   * Keeps an address of record registered until `stop()` or `close()`: refresh, challenges, other servers, pauses, and
   * again after the control connection was lost. Never throws; how it goes comes by `onState`.
   */
  register(options: RegisterOptions): Registration;
  /** Unregisters, CANCELs and BYEs what is left (at most 2 s), then disconnects. Idempotent. */
  close(): Promise<void>;
}

export interface InviteOptions {
  /** Request-URI, `sip:`, `sips:` or `tel:`. */
  readonly uri: string;
  /** Next hop as a SIP URI, when it is not where `uri` points; no Route header is added. */
  readonly proxy?: string;
  /**
   * Preloaded route set (RFC 3608, RFC 3327): loose routes as SIP URIs, the first of which is the next hop unless
   * `proxy` names one. A drachtio-server goes there and writes no Route.
   */
  readonly routes?: readonly string[];
  /** `host` defaults to the server's own address. The user part is percent-escaped, the name quoted. */
  readonly from: {
    readonly user: string;
    readonly displayName?: string;
    readonly host?: string;
  };
  /** URI of the To header; default `uri`. */
  readonly to?: string;
  /** Further headers (X-Meta-..., P-Asserted-Identity); values are freed of CR and LF. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SDP offer. */
  readonly sdp: string;
  /** Sent as Require: extensions without which it must not be taken, e.g. `replaces`. */
  readonly require?: string;
  /** For a 401/407 (MD5, SHA-256; RFC 8760). */
  readonly credentials?: Credentials;
  /** Asks for a session timer (RFC 4028); unset: one runs only when the other side asks. */
  readonly sessionTimer?: SessionTimerWish;
  /** From `invite()` to the answer; then CANCEL and `onFailed` kind 'timeout', status 408. Default 120,000. */
  readonly ringTimeoutMs?: number;
}

export interface OptionsRequest {
  /** Request-URI; without a user part the server itself is meant. */
  readonly uri: string;
  /** Next hop as a SIP URI, when it is not where `uri` points; no Route header is added. */
  readonly proxy?: string;
  /** As those of an INVITE. */
  readonly routes?: readonly string[];
  readonly from: InviteOptions['from'];
  readonly credentials?: Credentials;
  /** Longest wait for the final response, ms; then kind 'timeout'. Default `requestTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** Seconds. The SIP server keeps the time, refreshes where that falls to us, and ends what nobody refreshed. */
export interface SessionTimerWish {
  /** Session-Expires; 0: not asked for. */
  readonly expiresS: number;
  /** Min-SE: the least that the other side may make of it; 90 or more. */
  readonly minSeS: number;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A message of the other side, for what its headers tell. */
export interface SipMessage {
  /** Values of a header that is there more than once stand behind one another, with commas. */
  readonly header: (name: string) => string | undefined;
}

/** Exactly one of `onAnswered` and `onFailed` is called, exactly once. */
export interface InviteEvents {
  /** The INVITE is on the wire (again with the same Call-ID after a digest challenge: not reported twice). */
  onSent?(sent: { readonly callId: string }): void;
  /** A 18x. `sdp` is there for early media; `toTag` tells forks apart (RFC 3261 13.2.2.4). 100 is not reported. */
  onProvisional(provisional: Provisional): void;
  /**
   * An offer by UPDATE in the early dialog with that tag, which has answered our offer (RFC 3311): the answer, or a
   * status such as 488. Without a handler it gets 488.
   */
  onUpdate?(update: {
    readonly toTag: string;
    readonly sdp: string;
    readonly earlyMedia?: EarlyMedia;
  }): { readonly sdp: string } | { readonly status: number };
  /** P-Early-Media of an UPDATE without an offer, or of the answer to a PRACK. */
  onEarlyMedia?(said: { readonly toTag: string; readonly earlyMedia: EarlyMedia }): void;
  /**
   * 200, already ACKed. `sdp` is the answer; with `isUpdated` the session is what an UPDATE of the same fork agreed on
   * since, and `sdp` is old. Call `dialog.attach` before doing anything else.
   */
  onAnswered(
    answered: { readonly dialog: SipDialog; readonly sdp: string; readonly isUpdated: boolean } & SipMessage,
  ): void;
  onFailed(failure: InviteFailure): void;
}

export interface Provisional {
  readonly status: number;
  readonly reason: string;
  readonly sdp?: string;
  readonly toTag?: string;
  /** What P-Early-Media says of it (RFC 5009). */
  readonly earlyMedia?: EarlyMedia;
}

/**
 * response: the other side said so; timeout: nobody answered (our ring budget, or 408 made by our own server at
 * timer B); transport: the server could not send it (or the options are unusable: status 400); control-lost: the
 * control connection went; cancelled: `cancel()` was called.
 */
export type InviteFailureKind = 'response' | 'timeout' | 'transport' | 'control-lost' | 'cancelled';

export interface InviteFailure {
  readonly status: number;
  readonly reason: string;
  readonly kind: InviteFailureKind;
  /** Cause of a `Reason: Q.850` header in the response (RFC 6432). */
  readonly q850?: number;
  /** Seconds, of 404, 413, 480, 486, 500, 503, 600, 603 (RFC 3261 20.33). */
  readonly retryAfterS?: number;
  /** URIs of a 3xx, best q first (RFC 3261 8.1.3.4). Never followed here: the policy is the caller's. */
  readonly contacts?: readonly string[];
  /** Diversion (RFC 5806) and History-Info (RFC 7044) of a 3xx, as they came: for whoever is called instead. */
  readonly history?: Readonly<Record<string, string>>;
}

export interface OutboundInvite {
  /**
   * Ends the attempt. `onFailed` kind 'cancelled' follows when the other side confirms or after `requestTimeoutMs`.
   * A 200 crossing the CANCEL is ACKed and BYEd here. After the end: nothing.
   */
  cancel(reason?: Reason): void;
}

/** Why a request other than a first INVITE failed; `status` 408 for our own time limit, 503 when the control connection is gone. */
export interface RequestFailure {
  readonly status: number;
  readonly reason: string;
  readonly kind: 'response' | 'timeout' | 'transport' | 'control-lost' | 'ended';
  /** Seconds; of a response that carries it. */
  readonly retryAfterS?: number;
}

/** A confirmed INVITE dialog (RFC 3261 12), either role. */
export interface SipDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** User part (unescaped) and URI of the other side's To or From; `remoteUser` is empty when the URI has none. */
  readonly remoteUser: string;
  readonly remoteUri: string;
  /** False after BYE in either direction or when lost. */
  readonly alive: boolean;
  /** Sets the handlers, once; what arrived before is delivered now. */
  attach(events: SipDialogEvents): void;
  /** Ends the dialog. Idempotent; resolves when the other side answered, after `requestTimeoutMs`, or at once if dead. */
  bye(reason?: Reason): Promise<void>;
  /**
   * Offers `sdp` in a re-INVITE; the value is the answer. One at a time in order of call; a 491 is retried after the
   * delay of RFC 3261 14.1, twice. A failure leaves the session as it was, except 481 and 408, which end it.
   */
  reinvite(sdp: string): Promise<Result<string, RequestFailure>>;
  /** The Allow header of the other side's INVITE or 200 names this method, in capitals; false when it sent none. */
  allows(method: string): boolean;
  /**
   * Tells a key by INFO (`application/dtmf-relay`, or `application/dtmf` where that gets 415), one at a time in the
   * order of calls, each when the one before was answered and its `durationMs` is over. The value is the 2xx status.
   */
  digit(digit: string, durationMs: number): Promise<Result<number, RequestFailure>>;
  /**
   * Asks the other side to call `to` (RFC 3515; Referred-By is our URI in this dialog). The value is the final status of
   * that call as NOTIFY tells it, `undefined` where it is not told: the other side wants no subscription (RFC 4488), ends
   * it before, the dialog ends, or another REFER of ours follows. A failure is that of the REFER. Unbounded: the caller
   * keeps the time. `onStatus` has each status above 100 when it comes, the final one too.
   */
  refer(to: string, onStatus: (status: number) => void): Promise<Result<number | undefined, RequestFailure>>;
  /** INFO (RFC 6086), e.g. `application/dtmf-relay`; the value is the 2xx status. */
  info(contentType: string, body: string): Promise<Result<number, RequestFailure>>;
}

/** A REFER in an INVITE dialog (RFC 3515), not yet answered. */
export interface Refer {
  readonly target: ReferTarget;
  /** Value of Referred-By (RFC 3892), fit to be sent on; without the name. */
  readonly referredBy: string | undefined;
  /**
   * After the 202: what became of the call to the target, as a status of its INVITE; 200 and above is the last word,
   * and is owed, also when the dialog has ended. Nothing is sent where the other side wants none (RFC 4488).
   */
  tell(status: number, reason?: string): void;
}

/** 202, or a final status of 300 or more. */
export interface ReferAnswer {
  readonly status: number;
  readonly phrase?: string;
}

/** A handler that throws or stays away longer than `requestTimeoutMs` makes a 500. */
export interface SipDialogEvents {
  /** A BYE, re-INVITE or UPDATE of the other side, before anything else is told of it; who is connected may have changed. */
  onMessage?(message: SipMessage & { readonly method: string }): void;
  /** The other side (or the server, on an ACK or session timer expiry) hung up; answered already. Once. */
  onBye(bye: { readonly q850?: number; readonly sip?: number; readonly reason?: string }): void;
  /**
   * An offer by re-INVITE or UPDATE: return the answer (RFC 3264), or a status such as 488. `undefined` asks for a
   * fresh full offer; the answer then comes by `onReinviteAnswer`.
   */
  onReinvite(offerSdp: string | undefined): Promise<{ readonly sdp: string } | { readonly status: number }>;
  onReinviteAnswer?(answerSdp: string): void;
  /** The ACK to our offer carried no answer (RFC 3261 13.2.2.4 wants one). */
  onNoAnswer?(): void;
  /** Returns the status, e.g. 200 or 415. Default 415. */
  onInfo?(info: { readonly contentType: string; readonly body: string }): number | Promise<number>;
  /** It asks us to call another in its place; default 403. A Refer-To that cannot be read was refused before. */
  onRefer?(refer: Refer): ReferAnswer | Promise<ReferAnswer>;
  /** Ended without a BYE: the control connection is gone, or the other side no longer knows the dialog. Once. */
  onLost(why: 'control-lost' | 'dialog-gone'): void;
}

/** An INVITE from the PBX, not yet answered. */
export interface IncomingInvite {
  readonly callId: string;
  /** Request-URI, and its user part unescaped: the number called; '' when it has none. */
  readonly uri: string;
  readonly user: string;
  readonly from: {
    readonly uri: string;
    readonly user: string;
    readonly displayName: string;
  };
  readonly to: {
    readonly uri: string;
    readonly user: string;
    readonly displayName: string;
  };
  /** The offer; undefined asks us to offer in the 200. */
  readonly sdp: string | undefined;
  /** Where the request came from. */
  readonly source: {
    readonly protocol: string;
    readonly address: string;
    readonly port: number;
  };
  header(name: string): string | undefined;
  /** The Allow header names this method, in capitals. */
  allows(method: string): boolean;
  /** Set once, synchronously: the caller gave up before the final response. */
  onCancel(fn: (reason: Reason | undefined) => void): void;
  /** 100 (the embedded server answers 500 where it hears nothing for a minute), 180, 183... */
  progress(status: number, sdp?: string): void;
  /**
   * 200. The failure is 487 after a CANCEL. `onReinviteAnswer` of the dialog carries the answer to a delayed offer.
   * `sessionTimer` is asked for where the INVITE leaves it open.
   */
  accept(sdp: string, sessionTimer?: SessionTimerWish): Promise<Result<SipDialog, RequestFailure>>;
  reject(
    status: number,
    options?: {
      /** Reason phrase, on one line; default: the status's own. */
      readonly phrase?: string;
      readonly reason?: Reason;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): void;
}
