import type { Leg } from '../bridge/types.ts';
import type { OneWayCause } from './causes.ts';
import { type Finding, type LegLook, LIMIT_MS } from './look.ts';

/** A phone that was seen to pause without a word, and to go on without loss, may do so for longer, ms. */
const PAUSE_MS = 12_000;
/** Fewer are stray packets that say nothing about the stream. */
const FEW = 3;

/** Packets that were dropped for these bring no audio; what is dropped for others shows that the way is open. */
const BAD = {
  source: 'wrong-source',
  auth: 'srtp-auth',
  replay: 'srtp-replay',
  payloadType: 'payload-type',
  undecodable: 'undecodable',
  malformed: 'malformed',
} as const satisfies Partial<Record<keyof LegLook['dropped'], OneWayCause>>;
const BAD_REASONS = Object.keys(BAD) as (keyof typeof BAD)[];

type Drops = Record<keyof typeof BAD, number>;

/** Watches whether packets of one leg arrive and are of use. */
export class InwardWatch {
  readonly #leg: Leg;
  #goodMs = 0;
  #alive = 0;
  #lost = 0;
  /** Written over, as all that is kept from look to look: what lives half a second grows old in a heap as small as ours. */
  readonly #drops: Drops = { source: 0, auth: 0, replay: 0, payloadType: 0, undecodable: 0, malformed: 0 };
  #started = false;
  /** Since the agreement began. */
  #everAlive = false;
  #pauses = false;
  #stopped = false;

  constructor(leg: Leg) {
    this.#leg = leg;
  }

  /** Nothing is to come now: it counts from here. @param forget another party, or another agreement */
  restart(look: LegLook, nowMs: number, forget = false): void {
    this.#good(look, nowMs);
    if (forget) this.#everAlive = false;
    this.#stopped = false;
  }

  /** @param pausing the leg said that it pauses */
  take(look: LegLook, nowMs: number, pausing: boolean): Finding {
    if (!this.#started) {
      this.restart(look, nowMs);
      return undefined;
    }
    if (aliveOf(look) > this.#alive) {
      this.#flows(look, nowMs);
      return undefined;
    }
    const silentMs = nowMs - this.#goodMs;
    if (silentMs < LIMIT_MS) return undefined;
    return this.#refused(look, silentMs) ?? this.#missing(look, silentMs, pausing);
  }

  #flows(look: LegLook, nowMs: number): void {
    // Who stopped and lost nothing had nothing to say.
    if (this.#stopped && look.lost === this.#lost) this.#pauses = true;
    this.#stopped = false;
    this.#good(look, nowMs);
    this.#everAlive = true;
  }

  #good(look: LegLook, nowMs: number): void {
    this.#goodMs = nowMs;
    this.#alive = aliveOf(look);
    this.#lost = look.lost;
    this.#started = true;
    for (const reason of BAD_REASONS) this.#drops[reason] = look.dropped[reason];
  }

  /** Packets come, and all of them are refused. */
  #refused(look: LegLook, silentMs: number): Finding {
    let worst: keyof typeof BAD | undefined;
    let packets = FEW - 1;
    for (const reason of BAD_REASONS) {
      const more = look.dropped[reason] - this.#drops[reason];
      if (more <= packets) continue;
      worst = reason;
      packets = more;
    }
    // Of a consumer who was heard it is video, and the voice is muted.
    const isVideo = worst === 'payloadType' && this.#leg === 'consumer' && this.#everAlive;
    if (!worst || isVideo) return undefined;
    const evidence = { packets, ms: Math.round(silentMs) };
    if (worst === 'source')
      return { cause: BAD[worst], evidence: { ...evidence, family: `IPv${look.refusedFamily}` } };
    if (worst === 'payloadType') {
      const agreed = look.agreedTypes.join(' ');
      return { cause: BAD[worst], evidence: { ...evidence, payloadType: look.refusedType, agreed } };
    }
    return { cause: BAD[worst], evidence };
  }

  #missing(look: LegLook, silentMs: number, pausing: boolean): Finding {
    const evidence = { ms: Math.round(silentMs), received: look.received };
    if (this.#leg === 'consumer') {
      // Who mutes may send nothing at all, while Meta goes on consenting.
      const isKnown = this.#everAlive || look.received > 0 || look.reports > 0;
      return isKnown ? undefined : { cause: 'never-heard', evidence };
    }
    if (look.bye) return undefined;
    if (!this.#everAlive) return { cause: 'no-packets', evidence };
    if (pausing || (this.#pauses && silentMs < PAUSE_MS)) return undefined;
    this.#stopped = true;
    return { cause: 'stopped', evidence };
  }
}

function aliveOf({ received, dropped }: LegLook): number {
  let alive = received;
  for (const reason of BAD_REASONS) alive -= dropped[reason];
  return alive;
}
