import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Result } from '../shared/result.ts';

/**
 * What the rest of this room knows of a drachtio control connection: plain values in, plain values out, nothing
 * thrown. `srf.ts` makes one from drachtio-srf.
 */
export interface Link {
  /** SIP addresses of the server, e.g. `udp/127.0.0.1:5060`. */
  readonly contacts: readonly string[];
  /** Sends a request; the answers come to `handlers`, never before `send` returns. */
  send(request: OutboundRequest, handlers: SendHandlers): void;
  /** CANCELs an INVITE by its transaction id, also one sent on an earlier link. */
  cancel(transactionId: string, uri: string, headers: Record<string, string>): void;
  /** Closes the connection; `onLost` is not called. Idempotent. */
  close(): void;
}

export interface LinkOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** ms until the server must have accepted the secret. */
  readonly connectTimeoutMs: number;
  /** Every request of the network, in a dialog or not, except CANCEL. */
  readonly onRequest: (request: InboundRequest) => void;
  /** An established link went; its pending requests get no more answers. Once. */
  readonly onLost: (why: string) => void;
}

/** Why no link came about. */
export interface LinkFailure {
  readonly kind: 'unreachable' | 'secret-refused' | 'closed';
  readonly text: string;
}

/** An attempt at a link, which its owner can give up. */
export interface LinkAttempt {
  readonly done: Promise<Result<Link, LinkFailure>>;
  abort(): void;
}

export interface OutboundRequest {
  readonly method: string;
  /** Request-URI; the server fills it in within a dialog. */
  readonly uri?: string;
  readonly proxy?: string;
  /** Within this dialog, as the server names it. */
  readonly dialogId?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SendHandlers {
  /** On the wire. */
  onSent(sent: SentRequest): void;
  /** The server could not send it, or has no such dialog. The end. */
  onRefused(text: string, code: 'no-dialog' | 'refused'): void;
  /** Any response but 100; more than one for an INVITE. */
  onResponse(response: InboundResponse): void;
}

/** The request as transmitted. */
export interface SentRequest {
  readonly uri: string;
  readonly callId: string;
  readonly transactionId: string;
  header(name: string): string | undefined;
}

export interface Source {
  /** 'application' for a message that the server made itself (ACK timeout, session timer). */
  readonly origin: 'network' | 'application';
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export interface InboundResponse {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly dialogId: string;
  /** Made by the server itself at a timeout (408) or a transport error (503): no address stands behind it. */
  readonly synthetic: boolean;
  /** Where it came from; '' when synthetic. */
  readonly address: string;
  header(name: string): string | undefined;
  /** Sends the ACK of a 2xx to INVITE, with `sdp` when that carried the offer. */
  ack(sdp?: string): void;
}

export interface InboundRequest {
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  /** '' outside a dialog. */
  readonly dialogId: string;
  readonly body: string;
  readonly source: Source;
  header(name: string): string | undefined;
  /** One final response at most; what comes after it is dropped. */
  respond(status: number, response?: OutboundResponse): void;
  /** The CANCEL of an INVITE; the server has answered both already. */
  onCancel(fn: (reasonHeader: string | undefined) => void): void;
}

export interface OutboundResponse {
  /** Reason phrase. */
  readonly phrase?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The response as transmitted, or why it was not. */
  readonly onSent?: (sent: Result<{ readonly dialogId: string; readonly to: string }, string>) => void;
}
