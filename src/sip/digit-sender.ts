import type { Clock, TimerHandle } from '../shared/clock.ts';
import { err, type Result } from '../shared/result.ts';
import { type InfoKeyType, infoKeyBody } from './dtmf-info.ts';
import type { RequestFailure } from './types.ts';

/** Pause between two keys, ms: what a PBX that plays them as tones leaves between them. */
const PAUSE_MS = 50;
/** Keys that wait for their turn; more than anybody presses while one INFO is unanswered. */
const MAX_WAITING = 32;

const TOO_MANY: RequestFailure = { status: 503, reason: 'too many digits are waiting', kind: 'transport' };

interface Waiting {
  readonly digit: string;
  readonly durationMs: number;
  readonly settle: (result: Result<number, RequestFailure>) => void;
}

/**
 * Tells keys by INFO, one after the other: the next goes out when the one before was answered and its duration is
 * over, so that a PBX that plays them neither mixes nor swaps them. One that does not know `application/dtmf-relay`
 * (415) gets this and all further keys as `application/dtmf`.
 */
export class DigitSender {
  readonly #clock: Clock;
  readonly #info: (contentType: string, body: string) => Promise<Result<number, RequestFailure>>;
  readonly #waiting: Waiting[] = [];
  #type: InfoKeyType = 'application/dtmf-relay';
  #busy = false;
  #pause: { readonly timer: TimerHandle; readonly over: () => void } | undefined;
  #closed: RequestFailure | undefined;

  constructor(
    clock: Clock,
    info: (contentType: string, body: string) => Promise<Result<number, RequestFailure>>,
  ) {
    this.#clock = clock;
    this.#info = info;
  }

  /** Resolves when the key was answered: the value is the 2xx status. @param durationMs ms that it was down */
  send(digit: string, durationMs: number): Promise<Result<number, RequestFailure>> {
    if (this.#closed) return Promise.resolve(err(this.#closed));
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve(err(TOO_MANY));
    return new Promise((settle) => {
      this.#waiting.push({ digit, durationMs, settle });
      void this.#run();
    });
  }

  /** Every key that waits gets this failure. Idempotent. */
  close(failure: RequestFailure): void {
    this.#closed ??= failure;
    for (const { settle } of this.#waiting.splice(0)) settle(err(failure));
    this.#pause?.timer.clear();
    this.#pause?.over();
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const next = this.#waiting.shift();
      if (!next) break;
      const sentMs = this.#clock.monotonic();
      next.settle(await this.#tell(next));
      await this.#until(sentMs + next.durationMs + PAUSE_MS);
    }
    this.#busy = false;
  }

  async #tell({ digit, durationMs }: Waiting): Promise<Result<number, RequestFailure>> {
    const result = await this.#info(this.#type, infoKeyBody(this.#type, digit, durationMs));
    const unknown = !result.ok && result.error.status === 415 && result.error.kind === 'response';
    if (!unknown || this.#type === 'application/dtmf') return result;
    this.#type = 'application/dtmf';
    return this.#info(this.#type, infoKeyBody(this.#type, digit, durationMs));
  }

  async #until(atMs: number): Promise<void> {
    const ms = atMs - this.#clock.monotonic();
    if (ms <= 0 || this.#closed) return;
    await new Promise<void>((over) => {
      this.#pause = { timer: this.#clock.after(ms, over), over };
    });
    this.#pause = undefined;
  }
}
