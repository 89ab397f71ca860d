/** The events of a call that Meta sends, once each. */
export type CallEvent = 'connect' | 'terminate';

interface Arrival {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Who waits for which event of which call to be delivered; a call is forgotten when both of its events were. */
export class Arrivals {
  readonly #calls = new Map<string, Record<CallEvent, Arrival> & { left: number }>();

  /** How many calls have an event yet to come. */
  get size(): number {
    return this.#calls.size;
  }

  wait(callId: string, event: CallEvent): Promise<void> {
    return this.#of(callId)[event].promise;
  }

  /** It was delivered, or never will be. */
  done(callId: string, event: CallEvent): void {
    const call = this.#of(callId);
    call[event].resolve();
    call.left -= 1;
    if (call.left === 0) this.#calls.delete(callId);
  }

  /** Lets everyone go on. */
  close(): void {
    for (const { connect, terminate } of this.#calls.values()) {
      connect.resolve();
      terminate.resolve();
    }
    this.#calls.clear();
  }

  #of(callId: string): Record<CallEvent, Arrival> & { left: number } {
    const known = this.#calls.get(callId) ?? {
      connect: Promise.withResolvers<void>(),
      terminate: Promise.withResolvers<void>(),
      left: 2,
    };
    this.#calls.set(callId, known);
    return known;
  }
}
