import type { Dialog } from '../dialog/dialog.ts';
import { parseRAck } from '../dialog/reliable-provisionals.ts';
import { isTooShort, MIN_SE } from '../dialog/session-terms.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { Outgoing } from './outgoing.ts';
import type { ServerRequests } from './server-requests.ts';

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
    if (dialog.remoteSeq !== undefined && cseq.seq < dialog.remoteSeq) {
      refuse(500);
      return;
    }
    dialog.remoteSeq = cseq.seq;
    dialog.flow = flow;
    if (!dialog.client.alive) {
      refuse(481);
      return;
    }
    if ((method === 'INVITE' || method === 'UPDATE') && isTooShort(request.headers)) {
      this.#requests.refuse(transaction, request, 422, [['Min-SE', String(MIN_SE)]]);
      return;
    }
    // RFC 3311 5.2: the offer of our refresh waits for its answer; the application does not know of it.
    if (method === 'UPDATE' && request.body.length > 0 && this.#outgoing.isRefreshing(dialog)) {
      refuse(491);
      return;
    }
    if (method === 'INVITE' && (this.#outgoing.hasPendingInvite(dialog) || dialog.state === 'early')) {
      refuse(491);
      return;
    }
    if ((method === 'INVITE' || method === 'UPDATE') && this.#requests.pending(dialog, method)) {
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
    const invite = this.#requests.pending(dialog, 'INVITE');
    if (invite?.initial) {
      // To the application, an early BYE is what a CANCEL is; it knows no dialog yet (RFC 3261 15.1.2).
      this.#requests.send(transaction, request, 200, dialog.localTag);
      this.#requests.giveUp(invite, request);
      return true;
    }
    if (invite) this.#requests.answer(invite, 487);
    dialog.state = 'terminated';
    // A BYE of ours that waited for the ACK crosses this one; its sender still wants an answer.
    for (const next of dialog.afterAck.splice(0)) next();
    dialog.stop();
    return false;
  }
}
