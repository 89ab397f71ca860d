import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { IceAgent, IceCredentials } from './ice-agent.ts';

/** Milliseconds between looks at the counters; a check goes out every 4 to 6 s (RFC 7675 section 5.1). */
export const LOOK_MS = 1_000;
/** Two checks and their replies: one lost reply is no news. */
export const DISCONNECTED_AFTER_MS = 12_000;
/** A short outage must not end a call. With packets still coming in, only the 30 s of RFC 7675 do. */
export const GRACE_MS = 8_000;

export interface ConsentWatchOptions {
  readonly agent: Pick<IceAgent, 'consent' | 'remote' | 'useRemote'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onLost: () => void;
  readonly onBack: () => void;
  readonly onFailed: () => void;
}

/**
 * Watches the replies to our consent checks. It also carries the one doubt of Meta's renegotiation: that offer
 * may name another ufrag on the same candidates and the same certificate. Whether Meta means it is not known, so
 * the new one is used, and as long as checks stay unanswered each next one goes out under the other name.
 */
export class ConsentWatch {
  readonly #options: ConsentWatchOptions;
  /** One for the whole call: one that is made anew each second grows old before it dies, and fills the old generation. */
  readonly #timer: TimerHandle;
  #answered = 0;
  #sent = 0;
  #answeredAt: number;
  #lost = false;
  #heard = false;
  #overdue = false;
  #other: IceCredentials | undefined;

  constructor(options: ConsentWatchOptions) {
    this.#options = options;
    this.#answeredAt = options.clock.monotonic();
    this.#timer = options.clock.every(LOOK_MS, () => this.#look());
  }

  /** A packet came; cheap enough for every one. */
  heard(): void {
    this.#heard = true;
  }

  /** Meta named other credentials; the ones before stay good. */
  change(next: IceCredentials): void {
    const { agent } = this.#options;
    const now = agent.remote;
    if (now.ufrag === next.ufrag && now.pwd === next.pwd) return;
    this.#other = now;
    agent.useRemote(next);
    this.#sent = agent.consent.sent;
  }

  close(): void {
    this.#timer.clear();
  }

  #look(): void {
    const { agent, clock, onLost, onBack, onFailed } = this.#options;
    const { sent, answered } = agent.consent;
    const heard = this.#heard;
    this.#heard = false;
    if (answered !== this.#answered) {
      this.#answered = answered;
      this.#answeredAt = clock.monotonic();
      this.#sent = sent;
      this.#overdue = false;
      if (this.#lost) onBack();
      this.#lost = false;
      return;
    }
    this.#swap(sent);
    const silentMs = clock.monotonic() - this.#answeredAt;
    if (!this.#lost && silentMs >= DISCONNECTED_AFTER_MS) {
      this.#lost = true;
      onLost();
    } else if (this.#lost && silentMs >= DISCONNECTED_AFTER_MS + GRACE_MS && !heard) {
      this.close();
      onFailed();
    }
  }

  /** A check sent before the last look has had its time (werift waits up to 1 s for a reply). */
  #swap(sent: number): void {
    const { agent, log } = this.#options;
    if (!this.#other) return;
    if (sent <= this.#sent) return;
    if (!this.#overdue) {
      this.#overdue = true;
      return;
    }
    this.#overdue = false;
    this.#sent = sent;
    const now = agent.remote;
    agent.useRemote(this.#other);
    this.#other = now;
    log.info({}, 'webrtc.ufrag-swapped');
  }
}
