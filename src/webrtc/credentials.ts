import type { Connection } from 'werift';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

interface Credentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** Consent checks go out every 4 to 6 s (RFC 7675): two of them without a reply, and the other pair is tried. */
const TRIAL_MS = 13_000;

/**
 * Meta's renegotiation offer may carry another ufrag with the same password, on the same candidates and the same
 * certificate. Whether that is a restart or an accident of its samples is unknown, so nothing is torn down: our
 * consent checks use the new name, and go back to the old one when Meta stops answering, well before consent
 * expires (30 s).
 */
export class RemoteCredentials {
  readonly #agent: Connection;
  readonly #clock: Clock;
  readonly #log: Log;
  #trial: TimerHandle | undefined;

  constructor(agent: Connection, clock: Clock, log: Log) {
    this.#agent = agent;
    this.#clock = clock;
    this.#log = log;
  }

  change(next: Credentials): void {
    const previous = { ufrag: this.#agent.remoteUsername, pwd: this.#agent.remotePassword };
    if (previous.ufrag === next.ufrag && previous.pwd === next.pwd) return;
    this.#use(next);
    this.#watch(previous);
  }

  close(): void {
    this.#trial?.clear();
  }

  #use({ ufrag, pwd }: Credentials): void {
    this.#agent.remoteUsername = ufrag;
    this.#agent.remotePassword = pwd;
  }

  #watch(fallback: Credentials): void {
    this.#trial?.clear();
    const answered = this.#agent.nominated?.responsesReceived ?? 0;
    this.#trial = this.#clock.after(TRIAL_MS, () => {
      if ((this.#agent.nominated?.responsesReceived ?? 0) > answered) return;
      this.#log.warn({}, 'webrtc.ufrag-fallback');
      this.#use(fallback);
    });
  }
}
