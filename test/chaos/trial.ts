import type { ConsumerCall, DialedCall, PhoneCall } from '../../src/sim/index.ts';
import type { Random } from '../fuzz/random.ts';

/** Who does what in one call, and when, ms. */
export interface Plan {
  readonly way: 'in' | 'out';
  /** From the beginning of the run. */
  readonly startMs: number;
  /** What the side does that is called. */
  readonly callee: 'answers' | 'refuses' | 'rings';
  readonly calleeMs: number;
  /** Who ends it by itself, after it was answered, or while it rings; the other two thirds stay. */
  readonly ends: 'consumer' | 'phone' | undefined;
  readonly endsMs: number;
}

/** @param within how long the calls' beginnings are spread, ms */
export function planOf(random: Random, within: number): Plan {
  return {
    way: random.chance(0.35) ? 'out' : 'in',
    startMs: random.below(Math.max(1, within)),
    callee: random.chance(0.75) ? 'answers' : random.pick(['refuses', 'rings'] as const),
    calleeMs: random.below(600),
    ends: random.chance(0.33) ? random.pick(['consumer', 'phone'] as const) : undefined,
    endsMs: 200 + random.below(1_500),
  };
}

/** One call as its two ends live it: whatever became of it is seen here, nothing is asked of the gateway. */
export class Trial {
  readonly psid: string;
  readonly plan: Plan;
  /** Of Meta: the one that the consumer placed, or those that Meta placed for the business. */
  readonly consumers: ConsumerCall[] = [];
  /** Phones that rang for it. */
  readonly rung: PhoneCall[] = [];
  dialed: DialedCall | undefined;
  readonly #over = new Set<object>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** The phone that dialed was answered. */
  #answered = false;
  #isLetGo = false;

  constructor(psid: string, plan: Plan) {
    this.psid = psid;
    this.plan = plan;
  }

  /** Does what begins it when its time has come. */
  begin(act: () => void): void {
    this.#after(this.plan.startMs, act);
  }

  consumer(call: ConsumerCall): void {
    this.consumers.push(call);
    const { way, ends, endsMs } = this.plan;
    if (way === 'in' && ends === 'consumer') this.#after(endsMs, () => void call.hangup());
  }

  phone(call: PhoneCall): void {
    this.rung.push(call);
    void call.ended.then(() => this.#over.add(call));
    const { callee, calleeMs, ends, endsMs } = this.plan;
    if (callee === 'answers') this.#after(calleeMs, () => void call.answer());
    if (callee === 'refuses') this.#after(calleeMs, () => this.#isOver(call) || void call.reject(486));
    if (callee === 'answers' && ends === 'phone')
      void call.answered.then(() => this.#after(endsMs, () => void this.#hangUp(call)));
  }

  dial(call: DialedCall): void {
    this.dialed = call;
    void call.ended.then(() => this.#over.add(call));
    void call.answered.then(() => {
      this.#answered = true;
    });
    // Its socket took so long.
    if (this.#isLetGo) return this.#hangUpDialed(call);
    const { ends, endsMs } = this.plan;
    if (ends === 'phone') this.#after(endsMs, () => void this.#hangUpDialed(call));
    if (ends === 'consumer')
      void call.answered.then(() => this.#after(endsMs, () => void this.consumers.at(-1)?.hangup()));
  }

  /**
   * A phone rings or talks, or Meta's side does: a gateway that dies now must end it. A phone that dials and has heard
   * nothing yet repeats its INVITE, which may be a new call to the next gateway.
   */
  get isUp(): boolean {
    return (
      this.rung.some((call) => !this.#isOver(call)) ||
      this.consumers.some((call) => call.state === 'accepted' || call.state === 'connected')
    );
  }

  /** Where it is, for a tally of what was met. */
  get phase(): string {
    const { way } = this.plan;
    const [consumer] = this.consumers;
    if (consumer && this.isOver) return `${way}: over`;
    if (consumer?.state === 'connected') return `${way}: talking`;
    if (consumer?.state === 'accepted') return `${way}: connecting`;
    if (way === 'in') {
      if (this.rung.some((call) => call.heard().codec !== '')) return 'in: accepting';
      return this.rung.length > 0 ? 'in: ringing' : consumer ? 'in: preparing' : 'in: not begun';
    }
    return consumer ? 'out: alerting' : this.dialed ? 'out: checking' : 'out: not begun';
  }

  /** Somebody has pressed a key. */
  get isBegun(): boolean {
    return this.consumers.length > 0 || this.dialed !== undefined;
  }

  /** Nothing of it is left; so is nothing of one that has not begun. */
  get isOver(): boolean {
    return (
      this.consumers.every(({ state }) => state === 'ended') &&
      this.rung.every((call) => this.#isOver(call)) &&
      (!this.dialed || this.#isOver(this.dialed))
    );
  }

  /** Both ends let go. */
  letGo(): void {
    this.#isLetGo = true;
    this.#clear();
    for (const call of this.consumers) void call.hangup();
    for (const call of this.rung) void this.#hangUp(call);
    if (this.dialed) this.#hangUpDialed(this.dialed);
  }

  /** What the ends see, for a report. */
  describe(): string {
    const meta = this.consumers.map(({ id, state, end }) => `${id} ${state} ${end?.by ?? ''}`);
    const phones = this.rung.map((call) => `${call.callId} ${this.#isOver(call) ? 'over' : 'NOT OVER'}`);
    const dialed = this.dialed ? [this.#isOver(this.dialed) ? 'dialed over' : 'dialed NOT OVER'] : [];
    return `${this.psid} ${JSON.stringify(this.plan)}: ${[...meta, ...phones, ...dialed].join('; ')}`;
  }

  close(): void {
    this.#clear();
  }

  #hangUp(call: PhoneCall): Promise<void> | undefined {
    if (this.#isOver(call)) return undefined;
    // A phone that has not picked up can only refuse.
    return call.heard().codec === '' ? call.reject(480) : call.hangup();
  }

  #hangUpDialed(call: DialedCall): void {
    if (this.#isOver(call)) return;
    if (this.#answered) void call.hangup();
    else call.cancel();
  }

  #isOver(call: object): boolean {
    return this.#over.has(call);
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
