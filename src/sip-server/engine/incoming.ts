import { isTooShort, MIN_SE } from '../dialog/session-terms.ts';
import { splitList } from '../grammar/scan.ts';
import { parseSipUri } from '../grammar/uri.ts';
import { hasCookie } from '../grammar/via.ts';
import type { SipRequest } from '../message/message.ts';
import { METHODS } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { InviteServerTransaction } from '../transaction/invite-server.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient, AppFrame } from '../wire/client.ts';
import { AppResponses, type ResponseMessage } from './app-responses.ts';
import { deliver, type EngineContext, PASSED_OPTIONS } from './context.ts';
import { DialogRequests } from './dialog-requests.ts';
import type { Outgoing } from './outgoing.ts';
import type { ServerRequests } from './server-requests.ts';

/** An INVITE of RFC 2543 may lack Contact: From is then the target, and an application is told so (RFC 4475 3.4.1). */
function contactOfOld(request: SipRequest): boolean {
  if (hasCookie(request.via) || !parseSipUri(request.from.uri)) return false;
  request.headers.append('Contact', `<${request.from.uri}>`);
  return true;
}

/** The UAS half: requests of peers, to the application that will answer them (RFC 3261 8.2, 9.2, 13.3). */
export class Incoming {
  readonly #context: EngineContext;
  readonly #requests: ServerRequests;
  readonly #inDialog: DialogRequests;
  readonly #responses: AppResponses;

  constructor(context: EngineContext, requests: ServerRequests, outgoing: Outgoing) {
    this.#context = context;
    this.#requests = requests;
    this.#inDialog = new DialogRequests(this.#requests, outgoing);
    this.#responses = new AppResponses(context, this.#requests, outgoing);
  }

  /** A valid request of a peer that may talk to us; `flow` is where its answers go. */
  receive(request: SipRequest, flow: Flow): void {
    const { transactions, counters, dialogs } = this.#context;
    if (request.method === 'ACK') {
      this.#onAck(request, flow);
      return;
    }
    if (transactions.absorb(request)) return;
    counters.request('in', request.method);
    if (request.method === 'CANCEL') {
      this.#onCancel(request, flow);
      return;
    }
    const merged = transactions.isMerged(request);
    const transaction = this.#requests.transaction(request, flow);
    if (merged) {
      this.#requests.refuse(transaction, request, 482);
      return;
    }
    const unsupported = request.headers
      .all('require')
      .flatMap(splitList)
      .filter((option) => option !== '' && !PASSED_OPTIONS.has(option.toLowerCase()));
    if (unsupported.length > 0) {
      this.#requests.refuse(transaction, request, 420, [['Unsupported', unsupported.join(', ')]]);
      return;
    }
    if (request.toTag === undefined) {
      this.#outOfDialog(request, transaction);
      return;
    }
    const dialog = dialogs.ofRequest(request);
    if (!dialog?.serves(request.method)) this.#requests.refuse(transaction, request, 481);
    else this.#inDialog.receive(request, transaction, flow, dialog);
  }

  #outOfDialog(request: SipRequest, transaction: ServerTransaction): void {
    const { method } = request;
    if (method === 'BYE' || method === 'UPDATE' || method === 'PRACK') {
      this.#requests.refuse(transaction, request, 481);
      return;
    }
    if (method === 'INVITE' && !request.headers.has('contact') && !contactOfOld(request)) {
      this.#requests.refuse(transaction, request, 400, [], 'Missing Contact header');
      return;
    }
    if (method === 'INVITE' && isTooShort(request.headers)) {
      this.#requests.refuse(transaction, request, 422, [['Min-SE', String(MIN_SE)]]);
      return;
    }
    if (method === 'INVITE' && this.#requests.isTaken(request)) {
      this.#requests.refuse(transaction, request, 482);
      return;
    }
    const client = this.#context.pick(method);
    if (client) {
      this.#requests.handOver(client, request, transaction, undefined, this.#context.ids.tag());
      return;
    }
    if (METHODS.has(method)) this.#requests.refuse(transaction, request, 503);
    else this.#requests.refuse(transaction, request, 405, [['Allow', [...METHODS].join(', ')]]);
  }

  /** CANCEL: answered here, and shown to the application when it still has something to cancel (RFC 3261 9.2). */
  #onCancel(request: SipRequest, flow: Flow): void {
    const target = this.#context.transactions.find(request, 'INVITE');
    const transaction = this.#requests.transaction(request, flow);
    const incoming = target && this.#requests.ofTransaction(target);
    const accepted = target instanceof InviteServerTransaction && target.state === 'accepted';
    if (!target || accepted) {
      this.#requests.refuse(transaction, request, 481);
      return;
    }
    this.#requests.send(transaction, request, 200, incoming?.localTag ?? this.#context.ids.tag());
    if (incoming && !incoming.final) this.#requests.giveUp(incoming, request);
  }

  #onAck(request: SipRequest, flow: Flow): void {
    const { transactions, dialogs, counters } = this.#context;
    counters.request('in', 'ACK');
    const transaction = transactions.find(request);
    if (transaction instanceof InviteServerTransaction && transaction.state !== 'accepted') {
      transaction.acknowledged();
      return;
    }
    const dialog = dialogs.ofRequest(request);
    const answer = dialog?.unacked.get(request.cseq.seq);
    if (!dialog || !answer) return;
    dialog.unacked.delete(request.cseq.seq);
    answer.retransmission.stop();
    if (dialog.client.alive && dialog.state !== 'terminated') {
      const about = { flow, transactionId: answer.transactionId, dialogId: dialog.id, isRequest: true };
      deliver(this.#context, dialog.client, serializeMessage(request), about);
    }
    dialog.resumeAfterAck();
  }

  /** A response frame of an application. */
  respond(client: AppClient, frame: AppFrame, message: ResponseMessage): void {
    this.#responses.respond(client, frame, message);
  }

  onGone(client: AppClient): void {
    this.#requests.onGone(client);
  }

  close(): void {
    this.#requests.close();
  }
}
