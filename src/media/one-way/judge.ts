import type { Leg } from '../bridge/types.ts';
import { ONE_WAY_CAUSES } from './causes.ts';
import { InwardWatch } from './inward.ts';
import {
  type CallLook,
  type Finding,
  LIMIT_MS,
  LOOK_EVERY_MS,
  type OneWayChange,
  type OneWayVerdict,
} from './look.ts';
import { OutwardWatch } from './outward.ts';
import { SilenceWatch } from './silence.ts';

interface Standing {
  readonly verdict: OneWayVerdict;
  readonly sinceMs: number;
}

/**
 * Says of one call which audio should flow and does not, on which leg and most likely why. Pure: it is shown the call
 * about twice a second, and told the time. It judges from the answer on; what it finds changes nothing of the call.
 * While nobody showed it the call its time stands still: a thread without a turn has not read what came meanwhile.
 */
export class OneWayJudge {
  readonly #from = { consumer: new InwardWatch('consumer'), phone: new InwardWatch('phone') };
  readonly #silence = { consumer: new SilenceWatch(), phone: new SilenceWatch() };
  readonly #to = { consumer: new OutwardWatch(), phone: new OutwardWatch() };
  readonly #standing = new Map<string, Standing>();
  #answeredMs: number | undefined;
  #waiting = false;
  #agreement: number | undefined;
  #lookedMs: number | undefined;
  /** Time in which nobody looked. */
  #sleptMs = 0;
  #state: CallLook['transport'] = { state: 'new', sinceMs: 0 };
  #stateMs = 0;

  /** Somebody picked up: audio should flow from now on. Idempotent. */
  answered(nowMs: number): void {
    this.#answeredMs ??= nowMs - this.#sleptMs;
  }

  /** A transfer is under way: which phone should talk is open. */
  wait(waiting: boolean): void {
    this.#waiting = waiting;
    this.#agreement = undefined;
  }

  /** What stands now. */
  get verdicts(): readonly OneWayVerdict[] {
    return [...this.#standing.values()].map(({ verdict }) => verdict);
  }

  /** @param realMs monotonic, never less than before */
  take(look: CallLook, realMs: number): OneWayChange[] {
    const nowMs = this.#awake(look, realMs);
    if (this.#answeredMs === undefined) return [];
    const changes: OneWayChange[] = [];
    const isNew = look.agreement !== this.#agreement;
    this.#agreement = look.agreement;
    if (isNew) this.#restartPhone(look, nowMs);
    const say = (leg: Leg, direction: 'from' | 'to', found: Finding): void =>
      this.#say(changes, leg, direction, found, nowMs);

    say('consumer', 'from', this.#fromConsumer(look, this.#answeredMs, nowMs));
    const isSecure = look.transport.state === 'secure';
    say('consumer', 'to', this.#outward('consumer', look, look.open && isSecure, nowMs));
    const { phoneDirection: direction } = look;
    const isThere = direction !== undefined && !this.#waiting;
    say('phone', 'from', this.#fromPhone(look, isThere && direction === 'sendrecv', nowMs));
    const mayHear = direction === 'sendrecv' || direction === 'sendonly';
    say('phone', 'to', this.#outward('phone', look, look.open && isThere && mayHear, nowMs));
    return changes;
  }

  /** The time by which is judged. */
  #awake({ transport }: CallLook, realMs: number): number {
    const gapMs = realMs - (this.#lookedMs ?? realMs);
    this.#lookedMs = realMs;
    if (gapMs > 2 * LOOK_EVERY_MS) this.#sleptMs += gapMs - LOOK_EVERY_MS;
    const nowMs = realMs - this.#sleptMs;
    if (transport.state !== this.#state.state || transport.sinceMs !== this.#state.sinceMs)
      this.#stateMs = nowMs - Math.min(realMs - transport.sinceMs, LOOK_EVERY_MS);
    this.#state = transport;
    return nowMs;
  }

  #restartPhone(look: CallLook, nowMs: number): void {
    this.#from.phone.restart(look.phone, nowMs, true);
    this.#silence.phone.restart();
    this.#to.phone.restart(look.phone);
  }

  #fromConsumer(look: CallLook, answeredMs: number, nowMs: number): Finding {
    const { state } = look.transport;
    if (state !== 'secure') {
      this.#from.consumer.restart(look.consumer, nowMs);
      this.#silence.consumer.restart();
      const ms = Math.round(nowMs - Math.max(this.#stateMs, answeredMs));
      if (state === 'disconnected') return { cause: 'ice-lost', evidence: { state, ms } };
      if (ms < LIMIT_MS) return undefined;
      if (state === 'ice-checking') return { cause: 'ice', evidence: { state, ms } };
      return state === 'ice-connected' ? { cause: 'dtls', evidence: { state, ms } } : undefined;
    }
    const found = this.#from.consumer.take(look.consumer, nowMs, false);
    return found ?? this.#silence.consumer.take(look.consumer, look.phone, nowMs);
  }

  #fromPhone(look: CallLook, isExpected: boolean, nowMs: number): Finding {
    if (!isExpected) {
      this.#from.phone.restart(look.phone, nowMs);
      this.#silence.phone.restart();
      return undefined;
    }
    const found = this.#from.phone.take(look.phone, nowMs, look.pausing);
    return found ?? this.#silence.phone.take(look.phone, look.consumer, nowMs);
  }

  #outward(leg: Leg, look: CallLook, isExpected: boolean, nowMs: number): Finding {
    if (isExpected) return this.#to[leg].take(look[leg], nowMs);
    this.#to[leg].restart(look[leg]);
    return undefined;
  }

  #say(changes: OneWayChange[], leg: Leg, direction: 'from' | 'to', found: Finding, nowMs: number): void {
    const key = `${leg} ${direction}`;
    const before = this.#standing.get(key);
    if (before?.verdict.cause === found?.cause) return;
    if (before) {
      this.#standing.delete(key);
      const { verdict, sinceMs } = before;
      changes.push({ kind: 'oneWayOver', verdict, ms: Math.round(nowMs - sinceMs) });
    }
    if (!found) return;
    const { hint } = ONE_WAY_CAUSES[found.cause];
    const verdict = { leg, direction, hint, ...found };
    this.#standing.set(key, { verdict, sinceMs: nowMs });
    changes.push({ kind: 'oneWay', verdict });
  }
}
