import type { Clock } from '../../shared/clock.ts';
import { branchOf, hasCookie } from '../grammar/via.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';
import { InviteClientTransaction } from './invite-client.ts';
import { InviteServerTransaction } from './invite-server.ts';
import { NonInviteClientTransaction } from './non-invite-client.ts';
import { NonInviteServerTransaction } from './non-invite-server.ts';
import type { ClientEvents, ClientTransaction, ServerEvents, ServerTransaction } from './transaction.ts';

export interface TransactionCounters {
  onRetransmitIn(): void;
  onRetransmitOut(): void;
}

/** Finds and keeps transactions (RFC 3261 17.1.3, 17.2.3). */
export class TransactionLayer {
  readonly #clock: Clock;
  readonly #counters: TransactionCounters;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  /** Requests outside a dialog by From tag, Call-ID and CSeq, to find merged ones (RFC 3261 8.2.2.2). */
  readonly #origins = new Map<string, string>();

  constructor(clock: Clock, counters: TransactionCounters) {
    this.#clock = clock;
    this.#counters = counters;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get serverCount(): number {
    return this.#servers.size;
  }

  /** Makes a client transaction; the caller starts it. `ackFor` makes it an INVITE transaction. */
  client(
    method: string,
    branch: string,
    request: Buffer,
    flow: Flow,
    events: ClientEvents,
    ackFor?: (response: SipResponse) => Buffer,
  ): ClientTransaction {
    const key = `${branch}|${method}`;
    const context = { clock: this.#clock, flow, onRetransmit: () => this.#counters.onRetransmitOut() };
    const watched: ClientEvents = {
      onResponse: (response, from) => events.onResponse(response, from),
      onTimeout: () => events.onTimeout(),
      onTransportError: (error) => events.onTransportError(error),
      onTerminated: () => {
        this.#clients.delete(key);
        events.onTerminated();
      },
    };
    const transaction = ackFor
      ? new InviteClientTransaction(context, request, watched, ackFor)
      : new NonInviteClientTransaction(context, request, watched);
    this.#clients.set(key, transaction);
    return transaction;
  }

  /** Whether the response belonged to a transaction. */
  receiveResponse(response: SipResponse, flow: Flow): boolean {
    const transaction = this.#clients.get(`${branchOf(response.via)}|${response.cseq.method}`);
    transaction?.receive(response, flow);
    return transaction !== undefined;
  }

  knowsResponse(response: SipResponse): boolean {
    return this.#clients.has(`${branchOf(response.via)}|${response.cseq.method}`);
  }

  /** The transaction of a request (of an INVITE for its ACK), if there is one. */
  find(request: SipRequest, method = request.method): ServerTransaction | undefined {
    return this.#servers.get(serverKey(request, method === 'ACK' ? 'INVITE' : method));
  }

  /** Absorbs a retransmission: whether it was one. */
  absorb(request: SipRequest): boolean {
    const transaction = this.find(request);
    if (!transaction) return false;
    this.#counters.onRetransmitIn();
    transaction.retransmitted();
    return true;
  }

  /** Whether the same request came before on another way (RFC 3261 8.2.2.2). */
  isMerged(request: SipRequest): boolean {
    const key = this.#origins.get(originKey(request));
    return request.toTag === undefined && key !== undefined && key !== serverKey(request, request.method);
  }

  server(request: SipRequest, flow: Flow, events: ServerEvents): ServerTransaction {
    const key = serverKey(request, request.method);
    const origin = originKey(request);
    const context = { clock: this.#clock, flow, onRetransmit: () => this.#counters.onRetransmitOut() };
    const watched: ServerEvents = {
      onTimeout: () => events.onTimeout(),
      onTransportError: (error) => events.onTransportError(error),
      onTerminated: () => {
        this.#servers.delete(key);
        if (this.#origins.get(origin) === key) this.#origins.delete(origin);
        events.onTerminated();
      },
    };
    const transaction =
      request.method === 'INVITE'
        ? new InviteServerTransaction(context, watched)
        : new NonInviteServerTransaction(context, watched);
    this.#servers.set(key, transaction);
    if (request.toTag === undefined && !this.#origins.has(origin)) this.#origins.set(origin, key);
    return transaction;
  }

  close(): void {
    for (const transaction of this.#clients.values()) transaction.stop();
    for (const transaction of this.#servers.values()) transaction.stop();
    this.#clients.clear();
    this.#servers.clear();
    this.#origins.clear();
  }
}

const originKey = (request: SipRequest): string =>
  `${request.fromTag ?? ''}|${request.callId}|${request.cseq.seq}|${request.cseq.method}`;

function serverKey(request: SipRequest, method: string): string {
  const branch = branchOf(request.via);
  const sentBy = `${request.via.host.toLowerCase()}:${request.via.port ?? 5060}`;
  if (hasCookie(request.via)) return `${branch}|${sentBy}|${method}`;
  // RFC 2543 peers: by what such a request cannot change (RFC 3261 17.2.3); the To tag is ours and may be missing.
  return `${request.callId}|${request.fromTag ?? ''}|${request.cseq.seq}|${sentBy}|${branch}|${request.uri}|${method}`;
}
