import { err, ok, type Result } from '../shared/result.ts';
import { type OnLink, safely } from './context.ts';
import type { Dialog, DialogFacts } from './dialog.ts';
import { cleanText, parseNameAddr, userOf } from './grammar.ts';
import { ALLOW, allowsIn, cleanHeaders, SUPPORTED } from './headers.ts';
import type { InboundRequest, Source } from './link.ts';
import { dialogEnd } from './orphans.ts';
import { formatReason, parseReason, type Reason } from './reason.ts';
import { answeredSession } from './session-expires.ts';
import { sdpOf } from './transact.ts';
import type { IncomingInvite, RequestFailure, SessionTimerWish, SipDialog } from './types.ts';

const GONE: RequestFailure = { status: 487, reason: 'Request Terminated', kind: 'ended' };

/** What the control does for an incoming invite. */
export interface InboundOwner {
  /** `offered`: the request whose ACK will carry the answer to the offer in our 200. */
  adopt(facts: DialogFacts, offered: InboundRequest | undefined): Dialog;
  leave(invite: Inbound): void;
}

/** An INVITE that waits for our final response. */
export class Inbound implements IncomingInvite {
  readonly callId: string;
  readonly uri: string;
  readonly user: string;
  readonly from: IncomingInvite['from'];
  readonly to: IncomingInvite['to'];
  readonly sdp: string | undefined;
  readonly source: Source;
  readonly #on: OnLink;
  readonly #request: InboundRequest;
  readonly #owner: InboundOwner;
  readonly #fromTag: string;
  #onCancel: ((reason: Reason | undefined) => void) | undefined;
  #gone: { readonly reason: Reason | undefined } | undefined;
  #final = false;
  #abandon: (() => void) | undefined;

  constructor(on: OnLink, request: InboundRequest, owner: InboundOwner) {
    this.#on = on;
    this.#request = request;
    this.#owner = owner;
    const from = parseNameAddr(request.header('from'));
    const to = parseNameAddr(request.header('to'));
    this.callId = request.callId;
    this.uri = request.uri;
    this.user = userOf(request.uri);
    this.from = { uri: from.uri, user: userOf(from.uri), displayName: from.displayName };
    this.to = { uri: to.uri, user: userOf(to.uri), displayName: to.displayName };
    this.#fromTag = from.params.get('tag') ?? '';
    this.sdp = sdpOf(request);
    this.source = request.source;
    request.onCancel((header) => {
      const { q850, sip, text = '' } = parseReason(header);
      if (sip !== undefined) this.#cancelled({ protocol: 'SIP', cause: sip, text });
      else this.#cancelled(q850 === undefined ? undefined : { protocol: 'Q.850', cause: q850, text });
    });
  }

  header(name: string): string | undefined {
    return this.#request.header(name);
  }

  allows(method: string): boolean {
    return allowsIn(this.header('allow')).has(method);
  }

  onCancel(fn: (reason: Reason | undefined) => void): void {
    this.#onCancel = fn;
    if (this.#gone) safely(this.#on.log, 'onCancel', () => fn(this.#gone?.reason));
  }

  progress(status: number, sdp?: string): void {
    if (this.#final || this.#gone || status < 100 || status >= 200) return;
    this.#request.respond(status, { headers: this.#headers(sdp), ...(sdp !== undefined && { body: sdp }) });
  }

  accept(sdp: string, sessionTimer?: SessionTimerWish): Promise<Result<SipDialog, RequestFailure>> {
    if (this.#gone || this.#final) return Promise.resolve(err(GONE));
    this.#final = true;
    return new Promise((resolve) => {
      const timer = this.#on.clock.after(this.#on.requestTimeoutMs, () =>
        end(err({ status: 408, reason: 'the SIP server did not send the 200', kind: 'timeout' })),
      );
      let over = false;
      const end = (result: Result<SipDialog, RequestFailure>): void => {
        over = true;
        timer.clear();
        this.#abandon = undefined;
        this.#owner.leave(this);
        resolve(result);
      };
      this.#abandon = () =>
        end(err({ status: 503, reason: 'the control connection is gone', kind: 'control-lost' }));
      this.#request.respond(200, {
        headers: { ...this.#headers(sdp), ...answeredSession(this.#request, sessionTimer) },
        body: sdp,
        onSent: (sent) => {
          if (!sent.ok)
            return end(err(this.#gone ? GONE : { status: 503, reason: sent.error, kind: 'transport' }));
          const facts: DialogFacts = {
            id: sent.value.dialogId,
            callId: this.callId,
            localTag: parseNameAddr(sent.value.to).params.get('tag') ?? '',
            remoteTag: this.#fromTag,
            remoteUri: this.from.uri,
            localUri: this.to.uri,
            ownsCallId: false,
            allow: this.header('allow'),
            end: dialogEnd(
              { callId: this.callId, from: sent.value.to, to: this.header('from') ?? '' },
              this.header('contact'),
              this.header('record-route'),
              false,
            ),
          };
          const dialog = this.#owner.adopt(facts, this.sdp === undefined ? this.#request : undefined);
          // Whoever accepted has been told that it failed: nobody else would hang up.
          if (over) return void dialog.bye({ protocol: 'SIP', cause: 408, text: 'the 200 was late' });
          end(ok(dialog));
        },
      });
    });
  }

  reject(
    status: number,
    options: { phrase?: string; reason?: Reason; headers?: Readonly<Record<string, string>> } = {},
  ): void {
    if (this.#final || this.#gone) return;
    this.#final = true;
    const headers = { ...this.#headers(), ...cleanHeaders(options.headers ?? {}).headers };
    if (options.reason) headers.Reason = formatReason(options.reason);
    const phrase = cleanText(options.phrase ?? '');
    this.#request.respond(status >= 300 && status <= 699 ? status : 500, {
      headers,
      ...(phrase === '' ? {} : { phrase }),
    });
    this.#owner.leave(this);
  }

  /** The link went. */
  lost(): void {
    this.#abandon?.();
    this.#cancelled(undefined);
  }

  #cancelled(reason: Reason | undefined): void {
    if (this.#gone || this.#final) return;
    this.#gone = { reason };
    this.#owner.leave(this);
    if (this.#onCancel) safely(this.#on.log, 'onCancel', () => this.#onCancel?.(reason));
  }

  #headers(sdp?: string): Record<string, string> {
    return {
      'User-Agent': this.#on.userAgent,
      Allow: ALLOW,
      Supported: SUPPORTED,
      ...(sdp !== undefined && { 'Content-Type': 'application/sdp' }),
    };
  }
}
