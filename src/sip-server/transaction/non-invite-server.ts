import type { Flow } from '../transport/transport.ts';
import { T1x64, Timers } from './timers.ts';
import type { ServerEvents, ServerTransaction, TransactionContext } from './transaction.ts';

type State = 'trying' | 'proceeding' | 'completed' | 'terminated';

/** Non-INVITE server transaction, RFC 3261 17.2.2. */
export class NonInviteServerTransaction implements ServerTransaction {
  #state: State = 'trying';
  readonly #context: TransactionContext;
  readonly #events: ServerEvents;
  readonly #timers: Timers;
  #last: Buffer | undefined;

  constructor(context: TransactionContext, events: ServerEvents) {
    this.#context = context;
    this.#events = events;
    this.#timers = new Timers(context.clock);
  }

  get state(): State {
    return this.#state;
  }

  get flow(): Flow {
    return this.#context.flow;
  }

  respond(status: number, message: Buffer): void {
    if (this.#state === 'completed' || this.#state === 'terminated') return;
    this.#last = message;
    if (status < 200) this.#state = 'proceeding';
    else {
      this.#state = 'completed';
      this.#timers.set('J', this.#context.flow.reliable ? 0 : T1x64, () => this.#terminate());
    }
    this.#send(message);
  }

  retransmitted(): void {
    if ((this.#state === 'proceeding' || this.#state === 'completed') && this.#last) {
      this.#context.onRetransmit();
      this.#send(this.#last);
    }
  }

  #send(message: Buffer): void {
    this.#context.flow.send(message, (error) => {
      if (this.#state !== 'terminated') this.#events.onTransportError(error);
    });
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.stop();
    this.#events.onTerminated();
  }

  stop(): void {
    this.#state = 'terminated';
    this.#timers.clearAll();
  }
}
