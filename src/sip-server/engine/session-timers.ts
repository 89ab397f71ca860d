import { err, ok, type Result } from '../../shared/result.ts';
import type { Dialog } from '../dialog/dialog.ts';
import {
  answerTerms,
  hasOption,
  minSEOf,
  renewed,
  type SessionTerms,
  sessionExpiresOf,
  termsOf,
} from '../dialog/session-terms.ts';
import { SessionTimer } from '../dialog/session-timer.ts';
import { parseDigits } from '../grammar/scan.ts';
import { formatSessionExpires } from '../grammar/session-expires.ts';
import { Headers } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { AppMessage } from './app-message.ts';
import type { EngineContext } from './context.ts';
import type { WireRequest } from './wire-request.ts';

/** What session timers need of the requests around them. */
export interface SessionPort {
  /** Whether an offer is on its way in this dialog, in either direction: no INVITE then (RFC 3261 14.1). */
  busy(dialog: Dialog): boolean;
  /** Sends an INVITE or UPDATE that the application does not see; a 2xx comes back through `onAccepted`. */
  send(dialog: Dialog, message: AppMessage, refused: (status: number, headers: Headers) => void): void;
  end(dialog: Dialog): void;
}

/** Headers of the application that its refresh repeats: the same capabilities (RFC 4028 7.4). */
const REPEATED = ['allow', 'supported', 'user-agent'] as const;

/** Session timers in both roles (RFC 4028): what our messages say of them, what those of peers mean, and refreshes. */
export class SessionTimers {
  readonly #context: EngineContext;
  readonly #port: SessionPort;

  constructor(context: EngineContext, port: SessionPort) {
    this.#context = context;
    this.#port = port;
  }

  // ---- messages of applications ---------------------------------------------------------------------------

  /** The 2xx of an application with the Session-Expires that it must have; the failure is a NOK text. */
  answer(request: SipRequest, dialog: Dialog | undefined, message: AppMessage): Result<AppMessage, string> {
    const { start, headers, body } = message;
    const counts = request.method === 'INVITE' || (request.method === 'UPDATE' && isConfirmed(dialog));
    const success = start.kind === 'response' && start.status >= 200 && start.status < 300;
    if (!counts || !success) return ok(message);
    const wish = sessionExpiresOf(headers);
    if (!wish && headers.has('session-expires')) return err('invalid Session-Expires header');
    const terms = answerTerms(request.headers, wish);
    if (!terms) return ok(message);
    const answered = copyOf(headers).set('Session-Expires', formatSessionExpires(terms));
    if (terms.required && !hasOption(headers, 'require', 'timer')) answered.append('Require', 'timer');
    return ok({ start, headers: answered, body });
  }

  /** An application's INVITE or UPDATE in a dialog: it refreshes too, so the terms go along (RFC 4028 7.4). */
  renew(dialog: Dialog, message: AppMessage): AppMessage {
    const { start, headers, body } = message;
    const refreshes = start.kind === 'request' && (start.method === 'INVITE' || start.method === 'UPDATE');
    const timer = dialog.sessionTimer;
    if (!refreshes || !timer?.terms || headers.has('session-expires')) return message;
    return { start, headers: renewedHeaders(copyOf(headers), timer, timer.terms), body };
  }

  /** Remembers the session description in a message of ours: the next refresh offers it again. */
  describe(dialog: Dialog, headers: Headers, bytes: Buffer): void {
    for (const key of REPEATED) {
      const value = headers.all(key).join(', ');
      if (value !== '') dialog.localAbout.set(key, value);
    }
    const at = bytes.indexOf('\r\n\r\n') + 4;
    if (at === bytes.length) return;
    const isSdp = /^application\/sdp\b/i.test(headers.get('content-type') ?? '');
    dialog.localSdp = isSdp ? bytes.toString('utf8', at) : undefined;
  }

  // ---- success of session refresh requests ----------------------------------------------------------------

  /** A 2xx of a peer to our INVITE or UPDATE. */
  onAccepted(dialog: Dialog, request: WireRequest, response: SipResponse): void {
    this.describe(dialog, request.headers, request.bytes);
    if (isConfirmed(dialog)) this.#agree(dialog, termsOf(response.headers, 'uac'), request.headers);
  }

  /** A 2xx of ours, as sent, to a peer's INVITE or UPDATE. */
  onAnswered(dialog: Dialog, request: SipRequest, headers: Headers): void {
    if (isConfirmed(dialog)) this.#agree(dialog, termsOf(headers, 'uas'), request.headers);
  }

  #agree(dialog: Dialog, terms: SessionTerms | undefined, request: Headers): void {
    if (!terms) {
      dialog.sessionTimer?.stop();
      return;
    }
    const { clock, ids } = this.#context;
    const options = { clock, random: ids.random, ownsCallId: dialog.role === 'uac' };
    dialog.sessionTimer ??= new SessionTimer(options, {
      onRefresh: () => this.#refresh(dialog),
      onExpired: () => this.#end(dialog),
    });
    dialog.sessionTimer.learn(minSEOf(request));
    dialog.sessionTimer.start(terms);
  }

  // ---- refreshes ------------------------------------------------------------------------------------------

  /**
   * A re-INVITE with the last session description, as the C++ server does: every peer knows it, and its o= line says
   * that nothing has changed. Without a description to repeat it would ask for an offer that nobody here can answer:
   * then UPDATE, which needs none.
   */
  #refresh(dialog: Dialog): void {
    const timer = dialog.sessionTimer;
    if (!timer?.terms || !isConfirmed(dialog)) return;
    if (this.#port.busy(dialog)) {
      timer.later();
      return;
    }
    const headers = new Headers();
    for (const [name, value] of dialog.localAbout) headers.append(name, value);
    renewedHeaders(headers, timer, timer.terms);
    const sdp = dialog.localSdp;
    if (sdp !== undefined) headers.append('Content-Type', 'application/sdp');
    const start = { kind: 'request', method: sdp === undefined ? 'UPDATE' : 'INVITE', uri: '' } as const;
    this.#port.send(dialog, { start, headers, body: Buffer.from(sdp ?? '') }, (status, answer) =>
      this.#onRefused(dialog, status, answer),
    );
  }

  #onRefused(dialog: Dialog, status: number, headers: Headers): void {
    if (!isConfirmed(dialog) || !dialog.sessionTimer) return;
    const retryAfter = parseDigits(/^\d+/.exec(headers.get('retry-after') ?? '')?.[0] ?? '', 0xffff_ffff);
    const refusal = { status, minSE: minSEOf(headers), retryAfter };
    if (dialog.sessionTimer.refused(refusal) === 'again') return;
    this.#context.log.warn({ callId: dialog.callId, status }, 'sip_server.session_refresh_failed');
    this.#end(dialog);
  }

  #end(dialog: Dialog): void {
    this.#port.end(dialog);
  }
}

const isConfirmed = (dialog: Dialog | undefined): boolean => dialog?.state === 'confirmed';

function copyOf(headers: Headers): Headers {
  const copy = new Headers();
  for (const { name, value } of headers) copy.append(name, value);
  return copy;
}

function renewedHeaders(headers: Headers, timer: SessionTimer, terms: SessionTerms): Headers {
  headers.append('Session-Expires', formatSessionExpires(renewed(terms)));
  if (timer.minSE > 0 && !headers.has('min-se')) headers.append('Min-SE', String(timer.minSE));
  if (!hasOption(headers, 'supported', 'timer')) headers.append('Supported', 'timer');
  return headers;
}
