import {
  type CallEvent,
  type CallPolicy,
  type CallRecord,
  type CallSetup,
  type CallState,
  DEFAULT_POLICY,
  type Effect,
  MESSENGER,
  reduce,
  type Step,
  startCall,
  WHATSAPP,
} from '../../src/call/index.ts';
import type { TimerHandle } from '../../src/shared/clock.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';

export const T0 = 1_789_000_000_000;

export interface HarnessOptions {
  readonly targets?: CallSetup['targets'];
  readonly instead?: CallSetup['instead'];
  readonly after?: CallSetup['after'];
  readonly policy?: Partial<CallPolicy>;
  readonly callerName?: string;
  /** Milliseconds between Meta's stamp and the arrival; default 0. */
  readonly stampAgeMs?: number;
  /** The phone calls the consumer. */
  readonly outbound?: boolean;
  readonly whatsapp?: boolean;
}

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>;

/** One call, its clock and its timers; the test plays Meta, the phone and the media worker. */
export class CallHarness {
  readonly clock = new FakeClock(T0);
  readonly effects: Effect[] = [];
  readonly #timers = new Map<string, TimerHandle>();
  state: CallState;

  constructor(options: HarnessOptions = {}) {
    const step = startCall(
      {
        facts: {
          callId: options.outbound ? 'out-1' : 'c_1',
          platform: options.whatsapp ? WHATSAPP : MESSENGER,
          ...(options.whatsapp && !options.outbound ? { offerSdp: 'O' } : {}),
          pageId: '102',
          psid: '765',
          direction: options.outbound ? 'business_initiated' : 'user_initiated',
          receivedAtMs: T0,
          ...(options.outbound ? {} : { timestampMs: T0 - (options.stampAgeMs ?? 0) }),
        },
        targets: options.targets ?? (options.instead ? [] : [{ name: 'desk' }]),
        instead: options.instead,
        after: options.after,
        policy: { ...DEFAULT_POLICY, ...options.policy },
        callerName: options.callerName,
      },
      T0,
    );
    this.state = step.state;
    this.#take(step);
  }

  get name(): string {
    return this.state.name;
  }

  get timers(): string[] {
    return [...this.#timers.keys()].sort();
  }

  send(...events: CallEvent[]): this {
    for (const event of events) this.#take(reduce(this.state, event, this.clock.now()));
    return this;
  }

  advance(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  /** Every effect of this type so far. */
  all<T extends Effect['type']>(type: T): EffectOf<T>[] {
    return this.effects.filter((effect): effect is EffectOf<T> => effect.type === type);
  }

  count(type: Effect['type']): number {
    return this.all(type).length;
  }

  get record(): CallRecord | undefined {
    return this.all('finish')[0]?.record;
  }

  /** To `inviting`. */
  invited(): this {
    return this.send({ type: 'profile.resolved', name: 'Amina Otieno' }, { type: 'media.ready' });
  }

  ringing(attempt = 1): this {
    return this.invited().send({ type: 'sip.progress', attempt, status: 180, hasSdp: false });
  }

  accepting(): this {
    return this.ringing().send({ type: 'sip.answered', attempt: 1 });
  }

  connecting(): this {
    return this.accepting().send({ type: 'graph.accepted', answerSdp: 'B', renegotiationSdp: 'C' });
  }

  talking(): this {
    return this.connecting().send(
      { type: 'media.sdpApplied' },
      { type: 'media.sdpApplied' },
      { type: 'media.iceConnected' },
      { type: 'media.secure' },
    );
  }

  /** An outbound call to `dialing`. */
  dialing(): this {
    return this.send({ type: 'graph.permission', allowed: true }, { type: 'media.ready' });
  }

  /** Graph placed it and answered our offer; media is up, nobody picked up. */
  placed(): this {
    return this.dialing().send(
      { type: 'graph.connected', callId: 'c_9', answerSdp: 'B' },
      { type: 'media.sdpApplied' },
      { type: 'media.iceConnected' },
      { type: 'media.secure' },
    );
  }

  alerting(): this {
    return this.placed().send({ type: 'meta.status', status: 'ringing' });
  }

  pickedUp(): this {
    return this.alerting().send(
      { type: 'meta.status', status: 'accepted' },
      { type: 'sip.answered', attempt: 1 },
    );
  }

  /** An answered call of WhatsApp's: media was up before the phone answered. */
  preAccepted(): this {
    return this.ringing().send(
      { type: 'graph.preAccepted' },
      { type: 'media.sdpApplied' },
      { type: 'media.iceConnected' },
      { type: 'media.secure' },
    );
  }

  /** Everything that a well-behaved world answers to the tear-down, except the terminate webhook. */
  settle(): this {
    for (const { attempt, status } of this.state.attempts) {
      if (status === 'cancelling') this.send({ type: 'sip.cancelled', attempt });
      if (status === 'leaving') this.send({ type: 'sip.byeDone', attempt });
    }
    return this.send({ type: 'graph.rejected' }, { type: 'graph.terminated' }, { type: 'media.closed' });
  }

  #take(step: Step): void {
    this.state = step.state;
    for (const effect of step.effects) {
      this.effects.push(effect);
      if (effect.type === 'startTimer') {
        const { name, ms } = effect;
        const handle = this.clock.after(ms, () => {
          this.#timers.delete(name);
          this.send({ type: 'timer', name });
        });
        this.#timers.set(name, handle);
      } else if (effect.type === 'stopTimer') {
        this.#timers.get(effect.name)?.clear();
        this.#timers.delete(effect.name);
      }
    }
  }
}

/** Two desks, the first of which rings for 15 s. */
export const TWO_DESKS = [{ name: 'desk', ringTimeoutMs: 15_000 }, { name: 'queue' }];
