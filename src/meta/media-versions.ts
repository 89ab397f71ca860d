import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { MediaUpdate, MediaUpdateOutcome } from './media-update.ts';

/** Sent so often in all when both sides change at once. */
const TRIES = 3;
/** Wait before another try, ms: by then the other side's change should be here. */
const JITTER_MS = { least: 200, most: 800 };

export interface MediaChangerOptions {
  readonly send: (update: MediaUpdate) => Promise<MediaUpdateOutcome>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What to change; asked again for every try, because the session may be another by then. */
export type WantedChange = () => Omit<MediaUpdate, 'fromVersion'>;

/**
 * The versions of one call's session, and our changes to it. The offer of accept or connect is version 0; each webhook
 * sets the version that it names, each change of ours that Meta takes adds one. Meta's own sample counts the
 * renegotiation of a reply as well, so the next webhook counts for more than arithmetic. Not the version in `o=`.
 */
export class MediaChanger {
  readonly #options: MediaChangerOptions;
  #version = 0;
  #applied: number | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #wait: { readonly timer: TimerHandle; readonly wake: () => void } | undefined;
  #closed = false;

  constructor(options: MediaChangerOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  /** A media_update webhook. True: it is to be applied; false: what was applied is newer, or the same. */
  received(version: number): boolean {
    if (this.#applied !== undefined && version <= this.#applied) return false;
    this.#applied = version;
    this.#version = version;
    return true;
  }

  /**
   * Changes our media, one change after the other. When both sides did it at once, waits for the other's webhook and
   * tries again from its version, three times in all. undefined: closed, or the last conflict stands; the call goes on
   * as it was.
   */
  change(wanted: WantedChange): Promise<MediaUpdateOutcome | undefined> {
    const turn = this.#last.then(() => this.#change(wanted));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The call is over: nothing more is sent. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#wait?.timer.clear();
    this.#wait?.wake();
  }

  async #change(wanted: WantedChange): Promise<MediaUpdateOutcome | undefined> {
    for (let attempt = 1; !this.#closed; attempt++) {
      const fromVersion = this.#version;
      const outcome = await this.#options.send({ ...wanted(), fromVersion });
      if (outcome.ok) {
        // A webhook may have come meanwhile, and it counts for more.
        if (this.#version === fromVersion) this.#version = fromVersion + 1;
        return outcome;
      }
      if (outcome.failure.kind !== 'conflict') return outcome;
      if (attempt >= TRIES) return undefined;
      await this.#pause();
    }
    return undefined;
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options;
    const ms = JITTER_MS.least + random() * (JITTER_MS.most - JITTER_MS.least);
    return new Promise((wake) => {
      this.#wait = { timer: clock.after(ms, wake), wake };
      if (this.#closed) this.close();
    });
  }
}
