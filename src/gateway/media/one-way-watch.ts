import { type Bridge, OneWayJudge, type OneWayVerdict } from '../../media/index.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { WebrtcLeg, WebrtcState } from '../../webrtc/index.ts';
import type { MediaEvent } from './protocol.ts';

export interface OneWayWatchOptions {
  readonly call: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: MediaEvent) => void;
}

/** Loudest of what came from each leg, dBFS; undefined: nothing was decoded. */
export interface Levels {
  readonly consumer: number | undefined;
  readonly phone: number | undefined;
}

/** Shows one call to the judge of one-way audio, and tells what it says. Nothing of the call depends on it. */
export class OneWayWatch {
  readonly #options: OneWayWatchOptions;
  readonly #judge = new OneWayJudge();
  #transport: { readonly state: WebrtcState; readonly sinceMs: number } = { state: 'new', sinceMs: 0 };
  /** Loudest since they were taken, dBFS. */
  #consumerDb: number | undefined;
  #phoneDb: number | undefined;

  constructor(options: OneWayWatchOptions) {
    this.#options = options;
  }

  transport(state: WebrtcState): void {
    this.#transport = { state, sinceMs: this.#options.clock.monotonic() };
  }

  answered(): void {
    this.#judge.answered(this.#options.clock.monotonic());
  }

  /** A transfer is under way. */
  wait(waiting: boolean): void {
    this.#judge.wait(waiting);
  }

  /** What stands now. */
  get verdicts(): readonly OneWayVerdict[] {
    return this.#judge.verdicts;
  }

  look(bridge: Bridge, leg: Pick<WebrtcLeg, 'unsent'>): void {
    const { clock, tell } = this.#options;
    const seen = bridge.look(this.#transport, leg.unsent);
    this.#consumerDb = louder(this.#consumerDb, seen.consumer.levelDb);
    this.#phoneDb = louder(this.#phoneDb, seen.phone.levelDb);
    const changes = this.#judge.take(seen, clock.monotonic());
    for (const change of changes) {
      tell({ ...change, atMs: clock.now() });
      if (change.kind === 'oneWay' && change.verdict.cause === 'wrong-source') this.#address(bridge.stranger);
    }
  }

  /** Since it was asked before. */
  takeLevels(): Levels {
    const levels = { consumer: this.#consumerDb, phone: this.#phoneDb };
    this.#consumerDb = undefined;
    this.#phoneDb = undefined;
    return levels;
  }

  /** Personal, as addresses of phones at home are. */
  #address(from: string | undefined): void {
    const { log, call } = this.#options;
    log.debug({ call, from }, 'media.refused-source');
  }
}

const louder = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one;
