import type { Clock } from '../../shared/clock.ts';
import { param, parseParams } from '../grammar/params.ts';
import { T1x64, Timers } from '../transaction/timers.ts';

/** What a subscription of a dialog is told by: the event package and its id (RFC 6665 4.5.2, 8.2.1). */
export function eventKey(event: string): string {
  const semicolon = event.indexOf(';');
  const name = (semicolon < 0 ? event : event.slice(0, semicolon)).trim().toLowerCase();
  const id = param((semicolon < 0 ? undefined : parseParams(event, semicolon)) ?? [], 'id');
  return id === undefined ? name : `${name};id=${id}`;
}

/**
 * The subscriptions that live in one dialog. Each ends with the NOTIFY that says so; should that never come, 64*T1
 * after the time it was granted for.
 */
export class Subscriptions {
  readonly #timers: Timers;
  readonly #live = new Set<string>();
  readonly #onEmpty: () => void;

  /** @param onEmpty the last one has ended */
  constructor(clock: Clock, onEmpty: () => void) {
    this.#timers = new Timers(clock);
    this.#onEmpty = onEmpty;
  }

  get live(): boolean {
    return this.#live.size > 0;
  }

  /** Keys of all; each is a value for the Event header. */
  get events(): readonly string[] {
    return [...this.#live];
  }

  /** Granted, for the first time or again. */
  grant(key: string, seconds: number): void {
    this.#live.add(key);
    this.#timers.set(key, seconds * 1000 + T1x64, () => this.#end(key));
  }

  /** A NOTIFY of it: how long it has yet to live in seconds, undefined when the NOTIFY does not say. */
  notified(key: string, seconds: number | undefined): void {
    const known = this.#find(key);
    if (known !== undefined && seconds !== undefined) this.grant(known, seconds);
  }

  /** The final NOTIFY, or a refusal that ends it. */
  end(key: string): void {
    const known = this.#find(key);
    if (known !== undefined) this.#end(known);
  }

  /** The first REFER of a dialog may do without an id in its NOTIFYs (RFC 3515 2.4.6). */
  #find(key: string): string | undefined {
    if (this.#live.has(key)) return key;
    return key === 'refer' ? this.events.find((event) => event.startsWith('refer;')) : undefined;
  }

  #end(key: string): void {
    this.#timers.clear(key);
    this.#live.delete(key);
    if (!this.live) this.#onEmpty();
  }

  stop(): void {
    this.#timers.clearAll();
    this.#live.clear();
  }
}
