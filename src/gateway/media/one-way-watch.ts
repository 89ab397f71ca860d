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

const QUIET: Levels = { consumer: undefined, phone: undefined };

/** Shows one call to the judge of one-way audio, and tells what it says. Nothing of the call depends on it. */
export class OneWayWatch {
  readonly #options: OneWayWatchOptions;
  readonly #judge = new OneWayJudge();
  #state: WebrtcState = 'new';
  #sinceMs = 0;
  #levels = QUIET;

  constructor(options: OneWayWatchOptions) {
    this.#options = options;
  }

  transport(state: WebrtcState): void {
    this.#state = state;
    this.#sinceMs = this.#options.clock.monotonic();
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
    const transport = { state: this.#state, sinceMs: this.#sinceMs };
    const seen = bridge.look(leg.unsent);
    this.#levels = {
      consumer: louder(this.#levels.consumer, seen.consumer.levelDb),
      phone: louder(this.#levels.phone, seen.phone.levelDb),
    };
    const changes = this.#judge.take({ transport, ...seen }, clock.monotonic());
    for (const change of changes) {
      tell({ ...change, atMs: clock.now() });
      if (change.kind === 'oneWay' && change.verdict.cause === 'wrong-source') this.#address(bridge.stranger);
    }
  }

  /** Since it was asked before. */
  takeLevels(): Levels {
    const levels = this.#levels;
    this.#levels = QUIET;
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
