import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';

/** One certificate that we show to peers. */
export interface OwnCertificate {
  /** Path of its file, or `certificate` when it was given as text. */
  readonly at: string;
  readonly names: readonly string[];
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly validTo: number;
}

const DAY_MS = 86_400_000;
/** Time enough to get a new one over a holiday. */
const WARN_DAYS = 21;

/** Warns each day of certificates that end soon: a call center hears of it before its calls do. */
export class CertificateWatch {
  readonly #certificates: () => readonly OwnCertificate[];
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: TimerHandle | undefined;

  constructor(certificates: () => readonly OwnCertificate[], clock: Clock, log: Log) {
    this.#certificates = certificates;
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks now, and each day from now on. */
  start(): void {
    this.#timer?.clear();
    if (this.#certificates().length === 0) return;
    this.#timer = this.#clock.after(DAY_MS, () => this.start());
    for (const { at, names, validTo } of this.#certificates()) {
      const days = Math.floor((validTo - this.#clock.now()) / DAY_MS);
      if (days >= WARN_DAYS) continue;
      const event = days < 0 ? 'sip_server.certificate_expired' : 'sip_server.certificate_expires';
      this.#log.warn({ at, names, days, validTo: new Date(validTo).toISOString() }, event);
    }
  }

  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
