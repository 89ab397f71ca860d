import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { dialogId } from '../dialog/dialog.ts';
import { DialogTable } from '../dialog/table.ts';
import { parseNameAddr, tagOf } from '../grammar/name-addr.ts';
import { param } from '../grammar/params.ts';
import { splitList } from '../grammar/scan.ts';
import { branchOf, formatVia, withReceived } from '../grammar/via.ts';
import { CallTimes } from '../guard/call-times.ts';
import type { Counters } from '../guard/counters.ts';
import type { Guard } from '../guard/guard.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Malformed } from '../message/parse.ts';
import { parseMessage } from '../message/validate.ts';
import { TransactionLayer } from '../transaction/layer.ts';
import type { Flow, Transports } from '../transport/transport.ts';
import type { AppClient, AppFrame, AppHandler } from '../wire/client.ts';
import { type AppMessage, parseAppMessage } from './app-message.ts';
import { Cdrs } from './cdrs.ts';
import { type EngineContext, FORMING } from './context.ts';
import { ENDS } from './dialog-end.ts';
import { guardedClock } from './guarded-clock.ts';
import type { Ids } from './ids.ts';
import { Incoming } from './incoming.ts';
import type { LastWills } from './last-wills.ts';
import { Outgoing } from './outgoing.ts';
import { ServerRequests } from './server-requests.ts';
import { SubscriptionUses } from './subscription-uses.ts';
import { buildStatelessResponse } from './wire-response.ts';

export interface EngineOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly ids: Ids;
  readonly nat: boolean;
  readonly counters: Counters;
  readonly guard: Guard;
  readonly transports: Transports;
  readonly pick: (method: string) => AppClient | undefined;
  /** A message of a peer, or of a stranger's that belongs to something of ours; before it is handled. */
  readonly onHeard?: (data: Buffer, flow: Flow) => void;
}

/** Between the network and the applications: everything a drachtio-server does by itself. Sans-IO. */
export class Engine implements AppHandler {
  readonly #context: EngineContext;
  readonly #guard: Guard;
  readonly #onHeard: EngineOptions['onHeard'];
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  #closed = false;

  constructor(options: EngineOptions) {
    const { counters, log } = options;
    const clock = guardedClock(options.clock, (error) => log.error({ error }, 'sip_server.bug'));
    const callTimes = new CallTimes(clock, counters);
    const transactions = new TransactionLayer(clock, {
      onRetransmitIn: () => counters.add('retransmissionsIn'),
      onRetransmitOut: () => counters.add('retransmissionsOut'),
    });
    this.#guard = options.guard;
    this.#onHeard = options.onHeard;
    const dialogs = new DialogTable();
    const cdrs = new Cdrs(clock, options.pick);
    const subscriptions = new SubscriptionUses(clock, dialogs);
    this.#context = { ...options, clock, callTimes, transactions, dialogs, subscriptions, cdrs };
    const requests = new ServerRequests(this.#context);
    this.#outgoing = new Outgoing(this.#context, requests);
    this.#incoming = new Incoming(this.#context, requests, this.#outgoing);
  }

  /** For the gauges and for leak tests. */
  dump(): {
    dialogs: number;
    stableDialogs: number;
    clientTransactions: number;
    serverTransactions: number;
  } {
    const { dialogs, transactions } = this.#context;
    return {
      dialogs: dialogs.size,
      stableDialogs: dialogs.stable,
      clientTransactions: transactions.clientCount,
      serverTransactions: transactions.serverCount,
    };
  }

  /** Of calls, for a successor of this server. */
  get wills(): LastWills {
    return this.#outgoing.wills;
  }

  /** One datagram, or one message cut out of a stream. */
  onMessage(data: Buffer, flow: Flow): void {
    if (this.#closed) return;
    try {
      this.#receive(data, flow);
    } catch (error) {
      // A bug of ours must cost one message, not the server.
      this.#context.log.error({ error, remote: flow.remote }, 'sip_server.bug');
    }
    this.wills.touch();
  }

  #receive(data: Buffer, flow: Flow): void {
    const { counters, log, dialogs, transactions } = this.#context;
    let start = 0;
    while (start < data.length && (data[start] === 0x0d || data[start] === 0x0a || data[start] === 0))
      start++;
    // Keep-alives (RFC 5626 4.4.1, and the zero bytes that some phones send).
    if (start === data.length) return;
    counters.add('messagesIn');
    const { address } = flow.remote;
    const allowed = this.#guard.knows(address, flow);
    // A stranger has a dialog or a transaction here, or nothing to say.
    if (!allowed && dialogs.size === 0 && transactions.clientCount === 0) {
      counters.add('refusedPeers');
      return;
    }
    if (!allowed && !this.#guard.mayRead(address)) return;
    if (allowed) this.#onHeard?.(data, flow);
    const parsed = parseMessage(data.subarray(start));
    if (!parsed.ok) {
      if (!allowed) {
        counters.add('refusedPeers');
        return;
      }
      counters.add('malformed');
      if (parsed.error.method !== undefined) counters.add('malformedRequests');
      if (!this.#guard.mayCost(address, flow)) return;
      log.debug({ remote: flow.remote, reason: parsed.error.reason }, 'sip_server.malformed');
      this.#answerMalformed(parsed.error, flow);
      return;
    }
    const message = parsed.value;
    if (message.kind === 'response') {
      if (!allowed && !transactions.knowsResponse(message)) {
        counters.add('refusedPeers');
        return;
      }
      if (!allowed) this.#onHeard?.(data, flow);
      this.#onResponse(message, flow);
      return;
    }
    if (dialogs.ofRequest(message)) {
      if (!allowed) this.#onHeard?.(data, flow);
    } else {
      if (!allowed) {
        counters.add('refusedPeers');
        return;
      }
      if (
        message.method !== 'ACK' &&
        !transactions.find(message) &&
        !(message.method === 'CANCEL' && transactions.find(message, 'INVITE')) &&
        !this.#guard.admits(message, address, flow, transactions.serverCount)
      ) {
        return;
      }
    }
    if (param(message.via.params, 'alias') !== undefined) flow.alias?.(message.via);
    const via = withReceived(message.via, flow.remote);
    this.#incoming.receive(withVia(message, formatVia(via)), this.#answerFlow(message, flow));
  }

  /** RFC 3261 18.2.2, RFC 3581 4. */
  #answerFlow(request: SipRequest, flow: Flow): Flow {
    const asked = param(request.via.params, 'rport') !== undefined;
    const known = (this.#context.nat || asked) && !flow.reliable;
    return known ? flow : flow.answering(request.via);
  }

  #onResponse(response: SipResponse, flow: Flow): void {
    // RFC 3261 8.1.3.3: more than one Via is not for us.
    if (response.vias > 1) {
      this.#context.counters.add('strayResponses');
      return;
    }
    if (this.#context.transactions.receiveResponse(response, flow)) return;
    this.#outgoing.onStray(branchOf(response.via), response, flow);
  }

  #answerMalformed(problem: Malformed, flow: Flow): void {
    if (!problem.headers || problem.method === 'ACK') return;
    const answer = buildStatelessResponse(problem.headers, problem.status, problem.reason);
    if (!answer.ok) return;
    this.#context.counters.response('out', problem.method ?? '', problem.status);
    flow.send(answer.value, () => this.#context.counters.add('transportErrors'));
  }

  onSip(client: AppClient, frame: AppFrame): void {
    if (this.#closed) return;
    try {
      this.#onFrame(client, frame);
    } catch (error) {
      this.#context.log.error({ error }, 'sip_server.bug');
      client.send(`response|${frame.id}|NOK|Server error: internal`);
    }
    this.wills.touch();
  }

  #onFrame(client: AppClient, frame: AppFrame): void {
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    const parsed = parseAppMessage(frame.message);
    if (!parsed.ok) {
      nok(parsed.error);
      return;
    }
    const { start, headers, body } = parsed.value;
    if (start.kind === 'response') {
      this.#incoming.respond(client, frame, { start, headers, body });
      return;
    }
    const message = { start, headers, body };
    if (start.method === 'CANCEL') {
      this.#outgoing.cancel(client, frame, message);
      return;
    }
    if (frame.dialogId !== '') {
      const dialog = this.#context.dialogs.ofClient(frame.dialogId, client);
      if (!dialog) {
        nok('Server error: unable to find dialog for dialog id provided');
        return;
      }
      this.#outgoing.sendInside(client, frame, message, dialog);
      return;
    }
    const dialog = this.#namedDialog(client, message);
    if (dialog) {
      this.#outgoing.sendInside(client, frame, message, dialog);
      return;
    }
    this.#outgoing.sendOutside(client, frame, message);
  }

  /** A frame without dialog id whose Call-ID (and From tag, if it has one) are those of a live dialog belongs there. */
  #namedDialog(client: AppClient, message: AppMessage): ReturnType<DialogTable['confirmed']> {
    const callId = message.headers.get('call-id');
    const from = parseNameAddr(message.headers.get('from') ?? '');
    const tag = from && tagOf(from);
    if (callId === undefined) return undefined;
    const method = message.start.kind === 'request' ? message.start.method : '';
    if (tag === undefined)
      return FORMING.has(method) ? undefined : this.#context.dialogs.ofCall(callId, client);
    return this.#context.dialogs.confirmed(dialogId(callId, tag), client);
  }

  /** An application is gone: nobody is left to talk for its calls, so they end. */
  onGone(client: AppClient): void {
    if (this.#closed) return;
    this.#incoming.onGone(client);
    this.#outgoing.onGone(client);
    for (const dialog of this.#context.dialogs.of(client)) {
      // Of what is over, subscriptions may be left.
      if (dialog.isCall) dialog.subscriptions?.stop();
      // A BYE that waits for the ACK of our 2xx needs its dialog until then.
      if (dialog.state === 'terminated' && !dialog.answering) this.#context.dialogs.drop(dialog);
      if (dialog.state === 'confirmed') this.#outgoing.endDialog(dialog, ENDS.appGone);
    }
  }

  close(): void {
    this.#closed = true;
    this.#incoming.close();
    this.#outgoing.close();
    this.wills.close();
    this.#context.dialogs.close();
    this.#context.transactions.close();
  }
}

/** The request with its topmost Via value replaced. */
function withVia(request: SipRequest, top: string): SipRequest {
  const [, ...rest] = splitList(request.headers.get('via') ?? '');
  request.headers.set('Via', [top, ...rest].join(', '));
  return request;
}
