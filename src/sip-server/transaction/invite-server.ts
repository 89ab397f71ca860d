import type { Flow } from '../transport/transport.ts';
import { T1, T1x64, T2, T4, Timers } from './timers.ts';
import type { ServerEvents, ServerTransaction, TransactionContext } from './transaction.ts';

type State = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/** INVITE server transaction, RFC 3261 17.2.1 with the accepted state of RFC 6026 7.1. */
export class InviteServerTransaction implements ServerTransaction {
  #state: State = 'proceeding';
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

  /** In the accepted state a 2xx passes once more: its retransmission belongs to the dialog (RFC 6026 8.7). */
  respond(status: number, message: Buffer): void {
    const success = status >= 200 && status < 300;
    if (this.#state === 'accepted' && success) {
      this.#send(message);
      return;
    }
    if (this.#state !== 'proceeding') return;
    // The dialog repeats a 2xx, and not for as long as the transaction lives.
    this.#last = success ? undefined : message;
    if (success) {
      this.#state = 'accepted';
      this.#timers.set('L', T1x64, () => this.#terminate());
    } else if (status >= 300) {
      this.#state = 'completed';
      this.#timers.set('H', T1x64, () => {
        this.#events.onTimeout();
        this.#terminate();
      });
      if (!this.#context.flow.reliable) this.#armG(T1);
    }
    this.#send(message);
  }

  #armG(ms: number): void {
    this.#timers.set('G', ms, () => {
      this.#context.onRetransmit();
      this.#armG(Math.min(ms * 2, T2));
      if (this.#last) this.#send(this.#last);
    });
  }

  retransmitted(): void {
    if ((this.#state === 'proceeding' || this.#state === 'completed') && this.#last) {
      this.#context.onRetransmit();
      this.#send(this.#last);
    }
  }

  /** The ACK for a 3xx to 6xx. */
  acknowledged(): void {
    if (this.#state !== 'completed') return;
    this.#state = 'confirmed';
    this.#timers.clearAll();
    this.#timers.set('I', this.#context.flow.reliable ? 0 : T4, () => this.#terminate());
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
