/** The events of a call that Meta sends, by the names that a test orders them by; each comes once. */
export type CallEvent = 'connect' | 'ringing' | 'accepted' | 'rejected' | 'media_update' | 'terminate';

interface Arrival {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Who waits for which event of which call to be delivered; a call is forgotten when its connect and its end were. */
export class Arrivals {
  readonly #calls = new Map<string, Map<CallEvent, Arrival & { done?: boolean }>>();

  /** How many calls have an event yet to come. */
  get size(): number {
    return this.#calls.size;
  }

  wait(callId: string, event: CallEvent): Promise<void> {
    return this.#of(callId, event).promise;
  }

  /** It was delivered, or never will be. */
  done(callId: string, event: CallEvent): void {
    const arrival = this.#of(callId, event);
    arrival.done = true;
    arrival.resolve();
    const events = this.#calls.get(callId);
    if (!events?.get('connect')?.done || !events.get('terminate')?.done) return;
    for (const { resolve } of events.values()) resolve();
    this.#calls.delete(callId);
  }

  /** Lets everyone go on. */
  close(): void {
    for (const events of this.#calls.values()) for (const { resolve } of events.values()) resolve();
    this.#calls.clear();
  }

  #of(callId: string, event: CallEvent): Arrival & { done?: boolean } {
    const events = this.#calls.get(callId) ?? new Map<CallEvent, Arrival & { done?: boolean }>();
    this.#calls.set(callId, events);
    const arrival = events.get(event) ?? Promise.withResolvers<void>();
    events.set(event, arrival);
    return arrival;
  }
}
