import type { Clock } from '../../shared/clock.ts';
import { T1, T1x64, T2, Timers } from '../transaction/timers.ts';

/** Repeats a 2xx to INVITE until its ACK, T1 doubling to T2, for at most 64*T1 (RFC 3261 13.3.1.4). */
export class AnswerRetransmission {
  readonly #timers: Timers;
  readonly #send: () => void;

  constructor(clock: Clock, send: () => void, onTimeout: () => void) {
    this.#timers = new Timers(clock);
    this.#send = send;
    this.#arm(T1);
    this.#timers.set('limit', T1x64, () => {
      this.stop();
      onTimeout();
    });
  }

  #arm(ms: number): void {
    this.#timers.set('repeat', ms, () => {
      this.#arm(Math.min(ms * 2, T2));
      this.#send();
    });
  }

  stop(): void {
    this.#timers.clearAll();
  }
}
