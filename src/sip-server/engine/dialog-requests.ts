import type { Dialog } from '../dialog/dialog.ts';
import { parseRAck } from '../dialog/reliable-provisionals.ts';
import { isTooShort, MIN_SE } from '../dialog/session-terms.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { Outgoing } from './outgoing.ts';
import type { ServerRequests } from './server-requests.ts';

/** NOTIFYs before the answer to our SUBSCRIBE: so many and no more. */
const MAX_WAITING = 8;

/** The rules for a peer's requests in a dialog (RFC 3261 12.2.2, 14.2, 15.1.2). */
export class DialogRequests {
  readonly #requests: ServerRequests;
  readonly #outgoing: Outgoing;

  constructor(requests: ServerRequests, outgoing: Outgoing) {
    this.#requests = requests;
    this.#outgoing = outgoing;
  }

  receive(request: SipRequest, transaction: ServerTransaction, flow: Flow, dialog: Dialog): void {
    const { method, cseq } = request;
    const refuse = (status: number): void => this.#requests.refuse(transaction, request, status);
    const peer = dialog.peer(request.fromTag);
    if (peer.seq !== undefined && cseq.seq < peer.seq) {
      refuse(500);
      return;
    }
    peer.seq = cseq.seq;
    dialog.flow = flow;
    if (!dialog.client.alive) {
      refuse(481);
      return;
    }
    if (!dialog.isCall && dialog.state === 'early') {
      this.#await(request, transaction, flow, dialog);
      return;
    }
    if ((method === 'INVITE' || method === 'UPDATE') && isTooShort(request.headers)) {
      this.#requests.refuse(transaction, request, 422, [['Min-SE', String(MIN_SE)]]);
      return;
    }
    const verdict = method === 'INVITE' || method === 'UPDATE' ? this.#offerVerdict(request, dialog) : 'pass';
    if (verdict === 'glare') {
      refuse(491);
      return;
    }
    if (verdict === 'early') {
      const retryAfter = ['Retry-After', String(1 + (cseq.seq % 10))] as const;
      this.#requests.refuse(transaction, request, 500, [retryAfter]);
      return;
    }
    if (method === 'PRACK') {
      this.#onPrack(request, transaction, dialog);
      return;
    }
    if (method === 'BYE' && this.#onBye(request, transaction, dialog)) return;
    this.#requests.handOver(dialog.client, request, transaction, dialog, dialog.localTag);
  }

  /** A NOTIFY that was quicker than the 2xx to our SUBSCRIBE waits for it: the application knows no dialog yet. */
  #await(request: SipRequest, transaction: ServerTransaction, flow: Flow, dialog: Dialog): void {
    if (request.method !== 'NOTIFY' || dialog.waiting.length >= MAX_WAITING) {
      this.#requests.refuse(transaction, request, request.method === 'NOTIFY' ? 500 : 481);
      return;
    }
    dialog.waiting.push(() => {
      // Of several notifiers (the SUBSCRIBE was forked) the one that answered it is heard.
      if (dialog.serves('NOTIFY') && dialog.isPeer(request.fromTag))
        this.receive(request, transaction, flow, dialog);
      else this.#requests.refuse(transaction, request, 481);
    });
  }

  /** Whether an INVITE or UPDATE may be served now: not while an offer of either side is open (RFC 3261 14.2, 3311 5.2). */
  #offerVerdict(request: SipRequest, dialog: Dialog): 'pass' | 'glare' | 'early' {
    const { method, body } = request;
    const invite = this.#requests.pending(dialog, 'INVITE');
    const update = this.#requests.pending(dialog, 'UPDATE');
    if (method === 'INVITE') {
      if (invite || update) return 'early';
      return this.#outgoing.hasPendingInvite(dialog) || this.#outgoing.awaitsAnswer(dialog)
        ? 'glare'
        : 'pass';
    }
    if (update) return 'early';
    if (body.length === 0) return 'pass';
    if (this.#outgoing.awaitsAnswer(dialog)) return 'glare';
    return invite && !invite.answered && invite.request.body.length > 0 ? 'early' : 'pass';
  }

  /** PRACK: to the application when it acknowledges something (RFC 3262 3). */
  #onPrack(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): void {
    const rack = parseRAck(request.headers.get('rack') ?? '');
    if (!rack) {
      this.#requests.refuse(transaction, request, 400, [], 'Bad RAck header');
      return;
    }
    const invite = this.#requests.pending(dialog, 'INVITE');
    const { reliable } = invite ?? {};
    const matches = invite?.request.cseq.seq === rack.seq && rack.method === 'INVITE';
    if (!invite || !matches || !reliable?.acknowledge(rack.rseq)) {
      this.#requests.refuse(transaction, request, 481);
      return;
    }
    // What waited goes out after the answer to the PRACK.
    const resume = (): void => {
      if (invite.final) return;
      reliable.resume();
      if (reliable.settled) invite.held?.();
    };
    if (invite.held && request.body.length === 0) {
      // The application has answered and waits for no PRACK; drachtio-srf would refuse it with 501.
      this.#requests.send(transaction, request, 200, dialog.localTag);
      resume();
      return;
    }
    const prack = this.#requests.handOver(dialog.client, request, transaction, dialog, dialog.localTag);
    prack.onFinal = resume;
  }

  /** Whether the BYE is dealt with and not for the application. */
  #onBye(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): boolean {
    if (dialog.role === 'uac' && dialog.state === 'early') {
      // RFC 3261 15: a callee may not; the INVITE has its own end.
      this.#requests.refuse(transaction, request, 481);
      return true;
    }
    const invite = this.#requests.pending(dialog, 'INVITE');
    if (invite?.initial) {
      // To the application, an early BYE is what a CANCEL is; it knows no dialog yet (RFC 3261 15.1.2).
      this.#requests.send(transaction, request, 200, dialog.localTag);
      this.#requests.giveUp(invite, request);
      return true;
    }
    if (invite) this.#requests.answer(invite, 487);
    this.#requests.released(dialog, request);
    dialog.state = 'terminated';
    // A BYE of ours that waited for the ACK crosses this one; its sender still wants an answer.
    for (const next of dialog.afterAck.splice(0)) next();
    dialog.stop();
    return false;
  }
}
