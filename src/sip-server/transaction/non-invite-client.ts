import type { SipResponse } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';
import { T1, T1x64, T2, T4, Timers } from './timers.ts';
import type { ClientEvents, ClientTransaction, TransactionContext } from './transaction.ts';

type State = 'trying' | 'proceeding' | 'completed' | 'terminated';

/** Non-INVITE client transaction, RFC 3261 17.1.2. */
export class NonInviteClientTransaction implements ClientTransaction {
  #state: State = 'trying';
  readonly #context: TransactionContext;
  readonly #events: ClientEvents;
  readonly #timers: Timers;
  readonly #request: Buffer;

  constructor(context: TransactionContext, request: Buffer, events: ClientEvents) {
    this.#context = context;
    this.#request = request;
    this.#events = events;
    this.#timers = new Timers(context.clock);
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#timers.set('F', T1x64, () => {
      this.#events.onTimeout();
      this.terminate();
    });
    if (!this.#context.flow.reliable) this.#armE(T1);
    this.#send();
  }

  #armE(ms: number): void {
    this.#timers.set('E', ms, () => {
      this.#context.onRetransmit();
      this.#armE(this.#state === 'proceeding' ? T2 : Math.min(ms * 2, T2));
      this.#send();
    });
  }

  receive(response: SipResponse, flow: Flow): void {
    if (this.#state === 'completed' || this.#state === 'terminated') return;
    if (response.status < 200) {
      this.#state = 'proceeding';
    } else {
      this.#state = 'completed';
      this.#timers.clearAll();
      this.#timers.set('K', this.#context.flow.reliable ? 0 : T4, () => this.terminate());
    }
    this.#events.onResponse(response, flow);
  }

  #send(): void {
    this.#context.flow.send(this.#request, (error) => {
      if (this.#state !== 'trying') return;
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
