import type { AfterRinging, CallEvent, CallFacts, Effect, TimerName } from '../../src/call/index.ts';
import {
  type CallSetup,
  type CallState,
  DEFAULT_POLICY,
  MESSENGER,
  type Platform,
  reduce,
  type Step,
  startCall,
  TIMERS,
  type Treatment,
} from '../../src/call/index.ts';

/** Mulberry32: small, deterministic, good enough to shuffle a schedule. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Entry {
  readonly at: number;
  readonly event: CallEvent;
  readonly effects: readonly Effect[];
  readonly before: CallState;
  readonly after: CallState;
}

const START = 1_789_000_000_000;
const ACCEPT_FAILURES = ['gone', 'not-owner', 'already', 'ambiguous', 'refused'] as const;

/**
 * A world that answers one call's effects in random order, late, twice or never, while anything that can
 * happen to a call happens to it. Ends when nothing is scheduled any more; the operator ends what is left.
 */
export class World {
  readonly entries: Entry[] = [];
  /** What startCall asked for. */
  readonly first: Step;
  readonly armed = new Map<TimerName, number>();
  state: CallState;
  now = START;
  readonly #rnd: () => number;
  readonly #outbound: boolean;
  readonly #platform: Platform;
  #order = 0;
  #queue: { at: number; order: number; event: CallEvent; id: number | undefined }[] = [];
  #timerId = 0;

  constructor(
    seed: number,
    direction: CallFacts['direction'] = 'user_initiated',
    platform: Platform = MESSENGER,
  ) {
    this.#rnd = random(seed);
    this.#platform = platform;
    this.#outbound = direction === 'business_initiated';
    const targets = Array.from({ length: this.#outbound ? 1 : this.#int(4) }, (_, i) => ({
      name: `t${i}`,
      ringTimeoutMs: this.#chance(0.5) ? 1_000 + this.#int(30_000) : undefined,
    }));
    this.first = startCall(
      {
        facts: {
          callId: 'c_1',
          platform,
          ...(platform.preAccepts && !this.#outbound ? { offerSdp: 'O' } : {}),
          pageId: '102',
          psid: '765',
          direction,
          receivedAtMs: START,
          ...(this.#outbound ? {} : { timestampMs: START - this.#int(40_000) }),
        },
        targets,
        ...(this.#outbound || !this.#chance(0.4) ? {} : this.#treatments()),
        policy: {
          ...DEFAULT_POLICY,
          maxDurationMs: this.#chance(0.2) ? 60_000 : undefined,
          earlyMedia: this.#chance(0.4),
          transferRecall: this.#chance(0.7),
        },
        callerName: this.#chance(0.3) ? 'Amina' : undefined,
      },
      START,
    );
    this.state = this.first.state;
    this.#handle(this.first.effects);
    this.#schedule(400_000, { type: 'operator.hangup' });
    const noise = this.#int(14);
    for (let i = 0; i < noise; i++) this.#schedule(this.#int(90_000), this.#anything());
  }

  run(): this {
    for (let steps = 0; steps < 2_000; steps++) {
      const next = this.#pop();
      if (!next) return this;
      this.now = Math.max(this.now, next.at);
      if (next.event.type === 'timer' && next.id !== undefined) {
        if (this.armed.get(next.event.name) !== next.id) continue;
        this.armed.delete(next.event.name);
      }
      const before = this.state;
      const step = reduce(before, next.event, this.now);
      this.state = step.state;
      this.entries.push({
        at: this.now,
        event: next.event,
        effects: step.effects,
        before,
        after: step.state,
      });
      this.#handle(step.effects);
    }
    throw new Error('the call does not come to rest');
  }

  get effects(): Effect[] {
    return [...this.first.effects, ...this.entries.flatMap(({ effects }) => effects)];
  }

  #handle(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'startTimer') {
        const id = ++this.#timerId;
        this.armed.set(effect.name, id);
        this.#push(this.now + effect.ms, { type: 'timer', name: effect.name }, id);
      } else if (effect.type === 'stopTimer') this.armed.delete(effect.name);
      else for (const event of this.#replies(effect)) this.#reply(event);
    }
  }

  /** Lost, late or doubled. */
  #reply(event: CallEvent): void {
    if (this.#chance(0.04)) return;
    const delay = this.#chance(0.1) ? this.#int(45_000) : this.#int(2_500);
    this.#schedule(delay, event);
    if (this.#chance(0.15)) this.#schedule(delay + this.#int(5_000), event);
  }

  #replies(effect: Effect): CallEvent[] {
    switch (effect.type) {
      case 'lookUpProfile':
        return [{ type: 'profile.resolved', name: 'Amina' }];
      case 'openMedia':
        return [this.#chance(0.05) ? { type: 'media.failed', reason: 'no port' } : { type: 'media.ready' }];
      case 'invite':
      case 'recallPhone':
        return this.#phone(effect.attempt);
      case 'cancelInvite':
        return [{ type: this.#chance(0.2) ? 'sip.answered' : 'sip.cancelled', attempt: effect.attempt }];
      case 'sendBye':
        return [{ type: 'sip.byeDone', attempt: effect.attempt }];
      case 'graphPreAccept':
        return [this.#preAcceptReply()];
      case 'graphAccept':
        return [this.#acceptReply()];
      case 'checkPermission':
        return [{ type: 'graph.permission', allowed: this.#chance(0.9), refusal: { status: 403 } }];
      case 'graphConnect':
        return this.#placed();
      case 'answerPhone':
        return [
          this.#chance(0.9)
            ? { type: 'sip.answered', attempt: effect.attempt }
            : { type: 'sip.failed', attempt: effect.attempt, status: 487, kind: 'response' },
        ];
      case 'graphReject':
        return [{ type: this.#chance(0.9) ? 'graph.rejected' : 'graph.rejectFailed' }, ...this.#webhook()];
      case 'graphTerminate':
        return [
          { type: this.#chance(0.9) ? 'graph.terminated' : 'graph.terminateFailed' },
          ...this.#webhook(),
        ];
      case 'applyAnswer':
        return [this.#applied(), { type: 'media.iceConnected' }, { type: 'media.secure' }];
      case 'applyRenegotiation':
        return [this.#applied()];
      case 'announce':
        return [{ type: 'media.announced' }];
      case 'openAudio':
        return [
          { type: 'media.firstPacket', leg: 'consumer' },
          { type: 'media.dtmf', digit: '5', durationMs: 500, from: 'consumer' },
          ...(this.#chance(0.3) ? [this.#transfer(this.state.answeredBy ?? 1)] : []),
          this.#endOfTalk(),
        ];
      // The INVITE with Replaces is answered; one of ours by its own effect.
      case 'acceptTransfer':
        return this.state.transfers.at(-1)?.kind === 'replaced'
          ? [{ type: this.#chance(0.8) ? 'sip.answered' : 'sip.cancelled', attempt: effect.attempt }]
          : this.#chance(0.4)
            ? [{ type: 'sip.bye', attempt: effect.from }]
            : [];
      case 'sendRefer':
        return [
          { type: 'sip.referred', attempt: effect.from, status: 180, last: false },
          ...(this.#chance(0.2) ? [this.#transfer(effect.from)] : []),
          {
            type: 'sip.referred',
            attempt: effect.from,
            status: [200, 486, 180, undefined][this.#int(4)],
            last: true,
          },
          ...(this.#chance(0.3) ? [{ type: 'sip.bye', attempt: effect.from } as const] : []),
          this.#endOfTalk(),
        ];
      case 'expectPhone':
        return this.#chance(0.5) ? [{ type: 'media.unspoken', ms: effect.ms }] : [];
      case 'connectPhone':
        return this.state.transfers.length > 0 ? [this.#endOfTalk()] : [];
      case 'closeMedia':
        return [{ type: 'media.closed' }];
      default:
        return [];
    }
  }

  #phone(attempt: number): CallEvent[] {
    const hasSdp = this.#chance(0.4);
    const ring: CallEvent = { type: 'sip.progress', attempt, status: hasSdp ? 183 : 180, hasSdp };
    const statuses = [486, 603, 480, 404, 503];
    const last: CallEvent = this.#chance(0.7)
      ? { type: 'sip.answered', attempt }
      : { type: 'sip.failed', attempt, status: statuses[this.#int(5)] ?? 500, kind: 'response' };
    return this.#chance(0.8) ? [ring, last] : [last];
  }

  /** Graph's reply to connect, and the webhooks that follow or overtake it. */
  #placed(): CallEvent[] {
    const { answersLater } = this.#platform;
    const reply: CallEvent = this.#chance(0.8)
      ? {
          type: 'graph.connected',
          callId: this.#chance(0.95) ? 'c_9' : undefined,
          answerSdp: this.#chance(0.9) && !answersLater ? 'B' : undefined,
        }
      : { type: 'graph.connectFailed', ambiguous: this.#chance(0.5), refusal: { status: 500 } };
    const webhooks: CallEvent[] = [
      { type: 'meta.identified', callId: 'c_9' },
      { type: 'meta.status', status: 'ringing' },
      { type: 'meta.status', status: 'accepted' },
      answersLater ? { type: 'meta.answer', sdp: 'B' } : { type: 'meta.mediaUpdate', version: 1, sdp: 'D' },
      { type: 'meta.terminate', status: 'Completed' },
      ...(answersLater && this.#chance(0.2) ? [{ type: 'meta.status', status: 'rejected' } as const] : []),
    ];
    return [reply, ...webhooks.filter(() => this.#chance(0.7))];
  }

  /** A rule's word in place of phones, or what follows when they come to nothing. */
  #treatments(): Pick<CallSetup, 'instead' | 'after'> {
    if (this.#chance(0.3))
      return { instead: this.#chance(0.3) ? { kind: 'reject' } : { kind: 'announce', sound: 'closed' } };
    return { after: this.#after(0) };
  }

  #after(depth: number): AfterRinging {
    const treatment = (): Treatment | undefined => {
      if (this.#chance(0.3)) return undefined;
      if (this.#chance(0.2)) return { kind: 'reject' };
      if (depth > 1 || this.#chance(0.5)) return { kind: 'announce', sound: 'busy' };
      const targets = Array.from({ length: this.#int(3) }, (_, i) => ({ name: `u${depth}${i}` }));
      return { kind: 'ring', targets, ringBudgetMs: this.#int(30_000), after: this.#after(depth + 1) };
    };
    const [busy, noAnswer, failed] = [treatment(), treatment(), treatment()];
    return { ...(busy && { busy }), ...(noAnswer && { noAnswer }), ...(failed && { failed }) };
  }

  #preAcceptReply(): CallEvent {
    if (this.#chance(0.8)) return { type: 'graph.preAccepted' };
    return { type: 'graph.preAcceptFailed', kind: ACCEPT_FAILURES[this.#int(5)] ?? 'ambiguous' };
  }

  #acceptReply(): CallEvent {
    if (this.#chance(0.3))
      return { type: 'graph.acceptFailed', kind: ACCEPT_FAILURES[this.#int(5)] ?? 'ambiguous' };
    if (this.#platform.preAccepts) return { type: 'graph.accepted' };
    return {
      type: 'graph.accepted',
      answerSdp: this.#chance(0.85) ? 'B' : undefined,
      renegotiationSdp: this.#chance(0.8) ? 'C' : undefined,
    };
  }

  #applied(): CallEvent {
    return this.#chance(0.05) ? { type: 'media.sdpFailed', reason: 'bad' } : { type: 'media.sdpApplied' };
  }

  #webhook(): CallEvent[] {
    return this.#chance(0.8) ? [{ type: 'meta.terminate', status: 'Completed' }] : [];
  }

  #endOfTalk(): CallEvent {
    const ends: CallEvent[] = [
      { type: 'meta.terminate', status: 'Completed', durationS: 12 },
      { type: 'sip.bye', attempt: this.state.answeredBy ?? 1 },
      { type: 'media.silent', leg: 'consumer', ms: 30_000 },
      { type: 'media.consumerLost', reason: 'consent' },
    ];
    return ends[this.#int(4)]!;
  }

  #transfer(attempt: number): CallEvent {
    const kind = (['blind', 'attended', 'replaced', 'referred'] as const)[this.#int(4)] ?? 'blind';
    const by = kind === 'referred' || (kind === 'blind' && this.#chance(0.3)) ? 'operator' : undefined;
    return { type: 'sip.transfer', attempt, kind, target: { name: 'elsewhere' }, by };
  }

  /** Any event at all, whether or not it makes sense now. */
  #anything(): CallEvent {
    const attempt = 1 + this.#int(4);
    const all: CallEvent[] = [
      { type: 'meta.connect' },
      { type: 'meta.terminate', status: this.#chance(0.5) ? 'Completed' : 'Failed' },
      { type: 'meta.mediaUpdate', version: this.#int(5), sdp: 'D' },
      { type: 'meta.identified', callId: 'c_9' },
      { type: 'meta.status', status: this.#chance(0.5) ? 'ringing' : 'accepted' },
      { type: 'meta.status', status: 'rejected' },
      { type: 'meta.answer', sdp: 'B' },
      { type: 'graph.preAccepted' },
      { type: 'graph.preAcceptFailed', kind: 'gone' },
      { type: 'graph.permission', allowed: true },
      { type: 'graph.connected', callId: 'c_9', answerSdp: 'B' },
      { type: 'graph.connectFailed', ambiguous: true, refusal: { status: 504 } },
      { type: 'meta.mediaUpdate', sdp: 'D' },
      { type: 'profile.resolved' },
      { type: 'media.ready' },
      { type: 'media.failed', reason: 'x' },
      { type: 'media.workerLost' },
      { type: 'media.sdpApplied' },
      { type: 'media.iceConnected' },
      { type: 'media.secure' },
      { type: 'media.consumerLost', reason: 'x' },
      { type: 'media.silent', leg: 'phone', ms: 30_000 },
      { type: 'media.unspoken', ms: 10_000 },
      { type: 'media.dtmf', digit: '1', durationMs: 500, from: 'consumer' },
      { type: 'media.closed' },
      { type: 'media.announced' },
      { type: 'sip.progress', attempt, status: 183, hasSdp: true },
      { type: 'sip.answered', attempt },
      { type: 'sip.failed', attempt, status: 480, kind: 'response' },
      { type: 'sip.failed', attempt, status: 503, kind: 'control-lost' },
      { type: 'sip.cancelled', attempt },
      { type: 'sip.bye', attempt },
      { type: 'sip.byeDone', attempt },
      { type: 'sip.held', attempt, held: this.#chance(0.5) },
      this.#transfer(attempt),
      { type: 'sip.referred', attempt, status: 486, last: this.#chance(0.5) },
      { type: 'graph.accepted', answerSdp: 'B' },
      { type: 'graph.acceptFailed', kind: 'ambiguous' },
      { type: 'graph.rejected' },
      { type: 'graph.terminated' },
      { type: 'operator.hangup' },
      { type: 'shutdown' },
      { type: 'bug', message: 'x' },
      { type: 'timer', name: TIMERS[this.#int(TIMERS.length)]! },
    ];
    return all[this.#int(all.length)]!;
  }

  #schedule(delay: number, event: CallEvent): void {
    this.#push(this.now + delay, event, undefined);
  }

  #push(at: number, event: CallEvent, id: number | undefined): void {
    this.#queue.push({ at, order: this.#order++, event, id });
  }

  #pop() {
    this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
    return this.#queue.shift();
  }

  #chance(p: number): boolean {
    return this.#rnd() < p;
  }

  #int(below: number): number {
    return Math.floor(this.#rnd() * below);
  }
}
