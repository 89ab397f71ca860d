import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldCall } from './gateway-calls.ts';
import type { Pause } from './gc-pauses.ts';
import type { CallLoad, LoadReport } from './load.ts';
import { longestStopMs, type Stops } from './media-stops.ts';
import { cpuMs, rssBytes } from './process-meter.ts';

/** What carries calls: our gateway or rtpengine, a process of its own. */
export interface Carrier {
  readonly name: string;
  readonly pid: number;
  /** Calls that may be set up at once. */
  readonly atOnce: number;
  /** What each of these waits before its next when so many are held, ms. */
  pauseMs(held: number): number;
  make(): Promise<HeldCall>;
  /** Of its garbage collectors, since the last time this was asked for. */
  takePauses(): readonly Pause[];
  /** Stops of its media threads alone; undefined: it has no collector. */
  mediaStops(): Promise<Stops> | undefined;
  /** The end of its log. */
  lastWords(): string;
  stop(): Promise<void>;
}

/** A number of calls held for a while. */
export interface Step {
  readonly calls: number;
  /** CPU of the carrier's process for a second of one call, ms. */
  readonly cpuMs: number;
  /** Share of one core that the carrier used. */
  readonly busy: number;
  readonly rssBytes: number;
  readonly load: LoadReport;
  /** Calls that the carrier turned away so far, each of which came again. */
  readonly refused: number;
  /** Packets lost of those sent, both ways. */
  readonly lost: number;
  /** The longest stop of any of its threads, and the bound that those of the media threads kept, ms. */
  readonly pauseMs: number;
  readonly mediaPauseMs: number;
}

/**
 * From the last set-up to the measurement: two loops of the voice, so that each stream is placed by ear; and V8 compiles
 * again what it had bet on when there were fewer calls.
 */
const SETTLE_MS = 10_000;
/** Media threads report once a second. */
const REPORTED_MS = 1_200;
const TRIES = 3;
/** A carrier that is busy with set-ups has room again in so long, ms; one that has none after so many is full. */
const ADMISSION_MS = 2_000;
const ADMISSIONS = 5;

/** Holds more and more calls on one carrier. */
export class Ladder {
  readonly #carrier: Carrier;
  readonly #load: CallLoad;
  #refused = 0;
  readonly #held: { readonly id: number; readonly call: HeldCall }[] = [];

  constructor(carrier: Carrier, load: CallLoad) {
    this.#carrier = carrier;
    this.#load = load;
  }

  get calls(): number {
    return this.#held.length;
  }

  /** As many calls from now on. Rejects when one cannot be set up, and no other is under way any more. */
  async climb(calls: number): Promise<void> {
    await this.#drop(Math.max(0, this.#held.length - calls));
    let wanted = calls - this.#held.length;
    const worker = async (): Promise<void> => {
      while (wanted > 0) {
        wanted -= 1;
        try {
          await this.#add();
          await sleep(this.#carrier.pauseMs(this.#held.length));
        } catch (error) {
          wanted = 0;
          throw error;
        }
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: this.#carrier.atOnce }, worker));
    for (const each of workers) if (each.status === 'rejected') throw each.reason;
  }

  /**
   * Another call, and another try where a port was taken between its end of before and the load program, or where the
   * carrier turned it away: what is wanted is what it holds, not how fast it takes calls on.
   */
  async #add(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const call = await this.#make();
      try {
        this.#held.push({ id: await this.#load.add(call.ends), call });
        return;
      } catch (error) {
        await call.hangUp();
        if (tries === TRIES || !String(error).includes('Address already in use')) throw error;
      }
    }
  }

  async #make(): Promise<HeldCall> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#carrier.make();
      } catch (error) {
        if (tries === ADMISSIONS || !String(error).includes('rejected')) throw error;
        this.#refused += 1;
        await sleep(ADMISSION_MS);
      }
    }
  }

  async measure(seconds: number): Promise<Step> {
    const { pid } = this.#carrier;
    const calls = this.#held.length;
    await sleep(SETTLE_MS);
    this.#carrier.takePauses();
    const stops = await this.#carrier.mediaStops();
    await this.#load.begin();
    const [cpuBefore, began] = [cpuMs(pid), performance.now()];
    await sleep(seconds * 1_000);
    const [cpu, spentMs] = [cpuMs(pid) - cpuBefore, performance.now() - began];
    const load = await this.#load.end();
    const [pauses, rss] = [this.#carrier.takePauses(), rssBytes(pid)];
    if (stops) await sleep(REPORTED_MS);
    const stopsAfter = await this.#carrier.mediaStops();
    return {
      calls,
      cpuMs: (cpu / calls / spentMs) * 1_000,
      busy: cpu / spentMs,
      rssBytes: rss,
      refused: this.#refused,
      load,
      lost: lostOf(load.toPhone) + lostOf(load.toConsumer),
      pauseMs: Math.max(0, ...pauses.map(({ ms }) => ms)),
      mediaPauseMs: stops && stopsAfter ? longestStopMs(stops, stopsAfter) : 0,
    };
  }

  /** The last second of every so many calls, as each end heard it. */
  async listen(every: number): Promise<Awaited<ReturnType<CallLoad['hear']>>[]> {
    const chosen = this.#held.filter((_, i) => i % every === 0);
    return Promise.all(chosen.map(({ id }) => this.#load.hear(id)));
  }

  /** Hangs all calls up. */
  descend(): Promise<void> {
    return this.#drop(this.#held.length);
  }

  /** Lets all calls go without a word, for a carrier that is in trouble. */
  async forget(): Promise<void> {
    await Promise.all(this.#held.splice(0).map(({ id }) => this.#load.drop(id)));
  }

  async #drop(calls: number): Promise<void> {
    const dropped = this.#held.splice(this.#held.length - calls);
    await Promise.all(dropped.map(({ id }) => this.#load.drop(id)));
    await Promise.all(dropped.map(({ call }) => call.hangUp()));
  }
}

/** What arrived without a place may be any of what was sent. */
function lostOf({ sent, received, unplaced }: LoadReport['toPhone']): number {
  return Math.max(0, sent - received - unplaced);
}

export const sentOf = ({ toPhone, toConsumer }: LoadReport): number => toPhone.sent + toConsumer.sent;
