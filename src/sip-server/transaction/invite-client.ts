import type { SipResponse } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';
import { T1, T1x64, Timers } from './timers.ts';
import type { ClientEvents, ClientTransaction, TransactionContext } from './transaction.ts';

type State = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** INVITE client transaction, RFC 3261 17.1.1 with the accepted state of RFC 6026 7.2. */
export class InviteClientTransaction implements ClientTransaction {
  #state: State = 'calling';
  readonly #context: TransactionContext;
  readonly #events: ClientEvents;
  readonly #timers: Timers;
  readonly #request: Buffer;
  readonly #ackFor: (response: SipResponse) => Buffer;
  #ack: Buffer | undefined;

  /** @param ackFor builds the ACK for a 3xx to 6xx (RFC 3261 17.1.1.3) */
  constructor(
    context: TransactionContext,
    request: Buffer,
    events: ClientEvents,
    ackFor: (response: SipResponse) => Buffer,
  ) {
    this.#context = context;
    this.#request = request;
    this.#events = events;
    this.#ackFor = ackFor;
    this.#timers = new Timers(context.clock);
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#timers.set('B', T1x64, () => {
      this.#events.onTimeout();
      this.terminate();
    });
    if (!this.#context.flow.reliable) this.#armA(T1);
    this.#send(this.#request);
  }

  #armA(ms: number): void {
    this.#timers.set('A', ms, () => {
      this.#context.onRetransmit();
      this.#armA(ms * 2);
      this.#send(this.#request);
    });
  }

  receive(response: SipResponse, flow: Flow): void {
    switch (this.#state) {
      case 'calling':
      case 'proceeding':
        this.#timers.clearAll();
        if (response.status < 200) this.#state = 'proceeding';
        else if (response.status < 300) this.#accept();
        else this.#complete(response);
        this.#events.onResponse(response, flow);
        return;
      case 'completed':
        // A proxy forwards a 2xx even after another final response (RFC 3261 16.7): somebody has picked up.
        if (response.status >= 200 && response.status < 300) this.#events.onResponse(response, flow);
        else if (response.status >= 300 && this.#ack) {
          this.#context.onRetransmit();
          this.#send(this.#ack);
        }
        return;
      case 'accepted':
        if (response.status >= 200 && response.status < 300) {
          this.#events.onResponse(response, flow);
        }
        return;
      case 'terminated':
        return;
    }
  }

  #accept(): void {
    this.#state = 'accepted';
    this.#timers.set('M', T1x64, () => this.terminate());
  }

  #complete(response: SipResponse): void {
    this.#state = 'completed';
    this.#ack = this.#ackFor(response);
    // Timer D is 0 on a reliable transport; a turn later all the same, so that events keep their order.
    this.#timers.set('D', this.#context.flow.reliable ? 0 : T1x64, () => this.terminate());
    this.#send(this.#ack);
  }

  #send(message: Buffer): void {
    this.#context.flow.send(message, (error) => {
      // Sent before: the peer may still answer it, and retransmissions may get through (accepted: not ours to judge).
      if (this.#state === 'terminated' || this.#state === 'accepted' || this.#state === 'proceeding') return;
      this.#timers.clearAll();
      this.#events.onTransportError(error);
      this.terminate();
    });
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.stop();
    this.#events.onTerminated();
  }

  stop(): void {
    this.#state = 'terminated';
    this.#timers.clearAll();
  }
}
