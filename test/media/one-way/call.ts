import {
  type CallLook,
  DROP_REASONS,
  type DropReason,
  LOOK_EVERY_MS,
  type OneWayChange,
  OneWayJudge,
} from '../../../src/media/index.ts';

type LegLook = CallLook['phone'];
type Leg = 'consumer' | 'phone';

/** What a leg does in a second. Default: 50 packets each way, heard and reported. */
export interface Second {
  /** Packets that come and are of use. */
  readonly used?: number;
  /** Packets that come and are dropped, by reason. */
  readonly dropped?: Partial<Record<DropReason, number>>;
  readonly lost?: number;
  readonly sent?: number;
  readonly unsent?: number;
  readonly astray?: number;
  /** RTCP reports without a block about us. */
  readonly bareReports?: number;
  /** RTCP reports with a block. */
  readonly blocks?: number;
  readonly fractionLost?: number;
  /** The far side receives ours. Default true. */
  readonly receives?: boolean;
  readonly levelDb?: number | undefined;
  readonly bye?: boolean;
}

const SPEECH: Second = { used: 50, sent: 50, blocks: 1, levelDb: -25 };
const HALF = LOOK_EVERY_MS / 1_000;

/** A call before the judge, second after second, by an artificial clock. */
export class JudgedCall {
  readonly judge = new OneWayJudge();
  nowMs = 10_000;
  readonly changes: OneWayChange[] = [];
  transport: CallLook['transport'] = { state: 'secure', sinceMs: 10_000 };
  open = true;
  phoneDirection: CallLook['phoneDirection'] = 'sendrecv';
  agreement = 1;
  pausing = false;
  refusedFamily: 0 | 4 | 6 = 0;
  readonly #legs: Record<Leg, LegLook> = { consumer: NOTHING, phone: NOTHING };
  /** Go on counting after a look, as those of a bridge do. */
  readonly #drops = { consumer: { ...NOTHING.dropped }, phone: { ...NOTHING.dropped } };

  /** Legs that are not told of do what they do in a healthy call. */
  run(seconds: number, { consumer = SPEECH, phone = SPEECH }: Partial<Record<Leg, Second>> = {}): this {
    for (let i = 0; i < seconds / HALF; i++) {
      this.nowMs += LOOK_EVERY_MS;
      this.#grow('consumer', consumer);
      this.#grow('phone', phone);
      this.changes.push(...this.judge.take(this.#look(), this.nowMs));
    }
    return this;
  }

  /** The thread has no turn: nobody looks, and what comes waits to be read. */
  sleep(ms: number): this {
    this.nowMs += ms;
    this.changes.push(...this.judge.take(this.#look(), this.nowMs));
    return this;
  }

  /** `phone from no-packets`, and with `over` before it what ended. */
  get told(): string[] {
    return this.changes.map(({ kind, verdict: { leg, direction, cause } }) =>
      [...(kind === 'oneWayOver' ? ['over'] : []), leg, direction, cause].join(' '),
    );
  }

  get standing(): string[] {
    return this.judge.verdicts.map(({ leg, direction, cause }) => `${leg} ${direction} ${cause}`);
  }

  become(state: CallLook['transport']['state']): this {
    this.transport = { state, sinceMs: this.nowMs };
    return this;
  }

  answered(): this {
    this.judge.answered(this.nowMs);
    return this;
  }

  #look(): CallLook {
    const { transport, open, phoneDirection, agreement, pausing, refusedFamily } = this;
    const { consumer, phone } = this.#legs;
    return {
      ...{ transport, open, phoneDirection, agreement, pausing },
      consumer: whole(consumer),
      phone: { ...whole(phone), refusedFamily },
    };
  }

  #grow(leg: Leg, second: Second): void {
    const before = this.#legs[leg];
    const {
      used = 0,
      dropped = {},
      lost = 0,
      sent = 0,
      unsent = 0,
      astray = 0,
      blocks = 0,
      bareReports = 0,
    } = second;
    const drops = this.#drops[leg];
    for (const reason of DROP_REASONS) drops[reason] += (dropped[reason] ?? 0) * HALF;
    const refused = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const nowSent = before.sent + sent * HALF;
    this.#legs[leg] = {
      received: before.received + (used + refused) * HALF,
      dropped: drops,
      lost: before.lost + lost * HALF,
      sent: nowSent,
      unsent: before.unsent + unsent * HALF,
      astray: before.astray + astray * HALF,
      reports: before.reports + (blocks + bareReports) * HALF,
      blocks: before.blocks + blocks * HALF,
      fractionLost: second.fractionLost ?? 0,
      highestReported: second.receives === false ? before.highestReported : nowSent,
      bye: second.bye ?? before.bye,
      refusedType: dropped.payloadType ? 99 : -1,
      agreedTypes: leg === 'phone' ? [0, 101] : [111],
      refusedFamily: 0,
      levelDb: 'levelDb' in second ? second.levelDb : used > 0 ? -25 : undefined,
    };
  }
}

/** Reports come whole. */
const whole = (leg: LegLook): LegLook => ({
  ...leg,
  reports: Math.floor(leg.reports + 0.001),
  blocks: Math.floor(leg.blocks + 0.001),
});

const NOTHING: LegLook = {
  received: 0,
  dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as LegLook['dropped'],
  lost: 0,
  sent: 0,
  unsent: 0,
  astray: 0,
  reports: 0,
  blocks: 0,
  fractionLost: 0,
  highestReported: 0,
  bye: false,
  refusedType: -1,
  agreedTypes: [],
  refusedFamily: 0,
  levelDb: undefined,
};
