import { type OnLink, safely } from './context.ts';
import { cleanText, isUri, parseNameAddr } from './grammar.ts';
import { ALLOW, cseqOf, SUPPORTED } from './headers.ts';
import type { InboundRequest } from './link.ts';
import { phraseOf } from './phrases.ts';
import { parseReferTo, sipfrag } from './refer.ts';
import { type Transaction, transact } from './transact.ts';
import type { Credentials, Refer, ReferAnswer, RequestFailure, SipDialogEvents } from './types.ts';

/** How long the other side is to expect NOTIFYs, s: longer than anything rings. */
const EXPIRES_S = 180;

/** The REFERs that one dialog got: each is answered once, and told by NOTIFY what came of it (RFC 3515, 6665). */
export class InboundRefers {
  readonly #on: OnLink;
  readonly #dialogId: string;
  readonly #credentials: Credentials | undefined;
  readonly #onIdle: () => void;
  readonly #live = new Set<ReferNotices>();
  readonly #running = new Set<Transaction>();
  #asked = 0;

  /** @param onIdle every 202 has had its last NOTIFY */
  constructor(on: OnLink, dialogId: string, credentials: Credentials | undefined, onIdle: () => void) {
    this.#on = on;
    this.#dialogId = dialogId;
    this.#credentials = credentials;
    this.#onIdle = onIdle;
  }

  /** NOTIFYs are owed: the dialog lives on for them, also after its BYE (RFC 5057 4.1). */
  get live(): boolean {
    return this.#live.size > 0;
  }

  onRefer(request: InboundRequest, events: SipDialogEvents): void {
    const headers = { 'User-Agent': this.#on.userAgent, Allow: ALLOW, Supported: SUPPORTED };
    const target = parseReferTo(request.header('refer-to'));
    if (!target.ok) return request.respond(target.error.status, { phrase: target.error.phrase, headers });
    const first = this.#asked === 0;
    this.#asked += 1;
    const wantsNone = request.header('refer-sub')?.trim().toLowerCase() === 'false';
    const event = first ? 'refer' : `refer;id=${cseqOf(request.header('cseq'))}`;
    const notices = new ReferNotices((state, body) => this.#notify(event, state, body), wantsNone);
    const refer: Refer = {
      target: target.value,
      referredBy: referredBy(request.header('referred-by')),
      tell: (status, reason) => this.#tell(notices, status, reason),
    };
    const answered = ({ status, phrase }: ReferAnswer): void => {
      const granted = status >= 200 && status < 300;
      if (granted && !wantsNone) this.#live.add(notices);
      request.respond(status, {
        headers: { ...headers, ...(granted && wantsNone ? { 'Refer-Sub': 'false' } : {}) },
        ...(phrase === undefined ? {} : { phrase }),
      });
      if (granted) notices.start(() => this.#done(notices));
    };
    this.#answer(() => events.onRefer?.(refer) ?? { status: 403 }, answered);
  }

  /** The link is gone: nothing more can be told. */
  stop(failure: RequestFailure): void {
    for (const notices of this.#live) notices.stop();
    this.#live.clear();
    for (const transaction of this.#running) transaction.abort(failure);
  }

  #answer(ask: () => ReferAnswer | Promise<ReferAnswer>, answered: (answer: ReferAnswer) => void): void {
    let over = false;
    const end = (answer: ReferAnswer): void => {
      if (over) return;
      over = true;
      timer.clear();
      answered(answer);
    };
    const timer = this.#on.clock.after(this.#on.requestTimeoutMs, () => end({ status: 500 }));
    const asked = async (): Promise<ReferAnswer> => ask();
    asked().then(end, (error: unknown) => {
      this.#on.log.error({ err: error }, 'sip.handler-threw');
      end({ status: 500 });
    });
  }

  #tell(notices: ReferNotices, status: number, reason: string | undefined): void {
    safely(this.#on.log, 'refer', () => notices.tell(status, reason || phraseOf(status)));
  }

  #done(notices: ReferNotices): void {
    if (this.#live.delete(notices) && this.#live.size === 0) this.#onIdle();
  }

  /** Why it was not taken, if so; the transfer goes on without its asker. */
  async #notify(event: string, state: string, body: string): Promise<RequestFailure | undefined> {
    const headers = {
      'User-Agent': this.#on.userAgent,
      Event: event,
      'Subscription-State': state,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    const request = { method: 'NOTIFY', dialogId: this.#dialogId, headers, body };
    const transaction = transact(this.#on, request, this.#credentials);
    this.#running.add(transaction);
    const result = await transaction.done;
    this.#running.delete(transaction);
    return result.ok ? undefined : result.error;
  }
}

type Send = (state: string, body: string) => Promise<RequestFailure | undefined>;

/** What is told of one REFER: one NOTIFY at a time (RFC 6665 4.2.2), of those that wait the newest. */
class ReferNotices {
  readonly #send: Send;
  readonly #silent: boolean;
  #next: { readonly status: number; readonly reason: string } | undefined = { status: 100, reason: 'Trying' };
  #onDone: (() => void) | undefined;
  #busy = false;
  #final = false;

  /** @param silent both sides agreed to do without (RFC 4488) */
  constructor(send: Send, silent: boolean) {
    this.#send = send;
    this.#silent = silent;
  }

  /** The 202 is out. */
  start(onDone: () => void): void {
    this.#onDone = onDone;
    if (!this.#silent) void this.#run();
  }

  tell(status: number, reason: string): void {
    if (this.#final || this.#silent) return;
    this.#final = status >= 200;
    this.#next = { status, reason };
    if (this.#onDone) void this.#run();
  }

  stop(): void {
    this.#final = true;
    this.#next = undefined;
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let notice = this.#next; notice; notice = this.#next) {
      this.#next = undefined;
      const isLast = notice.status >= 200;
      const state = isLast ? 'terminated;reason=noresource' : `active;expires=${EXPIRES_S}`;
      const failure = await this.#send(state, sipfrag(notice.status, notice.reason));
      // RFC 6665 4.2.2: nobody is left to hear of it.
      if (!isLast && failure?.status !== 481) continue;
      this.stop();
      this.#onDone?.();
    }
    this.#busy = false;
  }
}

/** Who asks, as the new target is told (RFC 3892 3): one address, on one line. */
function referredBy(value: string | undefined): string | undefined {
  const text = cleanText(value ?? '');
  if (text === '' || text.length > 1_024) return undefined;
  const { uri } = parseNameAddr(text);
  return isUri(uri) ? `<${uri}>` : undefined;
}
