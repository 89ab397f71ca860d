import type { CallEvent, CallState, Effect } from '../../call/index.ts';
import { CallSpans } from '../../observe/index.ts';
import type { CallObserver } from '../call-observer.ts';
import type { MediaEvent } from '../media/protocol.ts';

export interface SpanObserverOptions {
  readonly callId: string;
  readonly pageId: string;
  readonly platform: string;
  readonly direction: string;
  readonly startedAtMs: number;
  /** Milliseconds since the epoch, never going back. */
  readonly now: () => number;
}

/** Requests of Graph by the effect that asks for them. */
const GRAPH = {
  graphPreAccept: 'graph pre_accept',
  graphAccept: 'graph accept',
  graphReject: 'graph reject',
  graphTerminate: 'graph terminate',
  graphConnect: 'graph connect',
  checkPermission: 'graph permission',
  lookUpProfile: 'graph profile',
} as const;

/** The events that end them: the key, and whether they failed. */
const GRAPH_ENDS: Readonly<Partial<Record<CallEvent['type'], readonly [keyof typeof GRAPH, boolean]>>> = {
  'graph.preAccepted': ['graphPreAccept', false],
  'graph.preAcceptFailed': ['graphPreAccept', true],
  'graph.accepted': ['graphAccept', false],
  'graph.acceptFailed': ['graphAccept', true],
  'graph.rejected': ['graphReject', false],
  'graph.rejectFailed': ['graphReject', true],
  'graph.terminated': ['graphTerminate', false],
  'graph.terminateFailed': ['graphTerminate', true],
  'graph.connected': ['graphConnect', false],
  'graph.connectFailed': ['graphConnect', true],
  'graph.permission': ['checkPermission', false],
  'profile.resolved': ['lookUpProfile', false],
};

/** Ends of calls that nothing went wrong in. */
const GOOD: readonly string[] = [
  'consumer-hangup',
  'phone-hangup',
  'cancelled',
  'phone-cancelled',
  'turned-away',
];

/** Makes OpenTelemetry spans of a call: Graph, ICE, DTLS, SIP and transfers. Nothing in them is personal. */
export class SpanObserver implements CallObserver {
  readonly #spans: CallSpans;
  readonly #now: () => number;
  #cause = '';

  private constructor(spans: CallSpans, { direction, startedAtMs, now }: SpanObserverOptions) {
    this.#spans = spans;
    this.#now = now;
    if (direction === 'business_initiated')
      spans.start('sip 1', 'sip invite', {
        atMs: startedAtMs,
        kind: 'server',
        attributes: { attempt: 1 },
      });
  }

  /** undefined: no SDK is registered, or it does not want this call. */
  static of(options: SpanObserverOptions): SpanObserver | undefined {
    const { callId, pageId, platform, direction, startedAtMs } = options;
    const attributes = { 'call.id': callId, 'page.id': pageId, platform, direction };
    const spans = CallSpans.begin({ attributes, atMs: startedAtMs });
    return spans && new SpanObserver(spans, options);
  }

  step(): void {}

  event(event: CallEvent): void {
    const atMs = this.#now();
    const graph = GRAPH_ENDS[event.type];
    if (graph) return this.#spans.end(graph[0], { atMs }, graph[1] ? 'refused' : undefined);
    switch (event.type) {
      case 'media.iceConnected':
        this.#spans.end('ice', { atMs });
        return this.#spans.start('dtls', 'dtls', { atMs });
      case 'media.secure':
        return this.#spans.end('dtls', { atMs });
      case 'media.consumerLost':
        this.#spans.end('ice', { atMs }, 'media lost');
        return this.#spans.end('dtls', { atMs }, 'media lost');
      case 'sip.answered':
        return this.#spans.end(`sip ${event.attempt}`, { atMs, attributes: { 'sip.status': 200 } });
      case 'sip.failed': {
        const { status, attempt } = event;
        return this.#spans.end(
          `sip ${attempt}`,
          { atMs, attributes: { 'sip.status': status } },
          String(status),
        );
      }
      case 'sip.cancelled':
        return this.#spans.end(`sip ${event.attempt}`, { atMs, attributes: { cancelled: true } });
      case 'sip.transfer':
        return this.#spans.start(`transfer ${event.attempt}`, 'transfer', {
          atMs,
          attributes: { 'transfer.kind': event.kind },
        });
    }
  }

  effect(effect: Effect): void {
    const atMs = this.#now();
    switch (effect.type) {
      case 'invite':
        return this.#spans.start(`sip ${effect.attempt}`, 'sip invite', {
          atMs,
          kind: 'client',
          attributes: { attempt: effect.attempt, trunk: effect.target.name.split('/', 1)[0] },
        });
      case 'refuseTransfer':
        return this.#toldTransfer(effect.from, effect.status, atMs);
      case 'tellTransfer':
        return this.#toldTransfer(effect.from, effect.status, atMs);
      case 'finish':
        this.#cause = effect.record.cause;
        return;
    }
    if (effect.type in GRAPH) {
      const key = effect.type as keyof typeof GRAPH;
      this.#spans.start(key, GRAPH[key], { atMs, kind: 'client' });
    }
  }

  dialog(): void {}

  media(event: MediaEvent): void {
    if (event.kind !== 'traced' || event.traced.of !== 'ice' || event.traced.state !== 'checking') return;
    this.#spans.start('ice', 'ice', { atMs: this.#now() });
  }

  over(state: CallState): void {
    const attributes = { cause: this.#cause, answered: state.milestones.answered !== undefined };
    const error = GOOD.includes(this.#cause) ? undefined : this.#cause;
    this.#spans.close({ atMs: this.#now(), attributes }, error);
  }

  #toldTransfer(from: number, status: number, atMs: number): void {
    if (status < 200) return;
    const attributes = { 'sip.status': status };
    this.#spans.end(`transfer ${from}`, { atMs, attributes }, status < 300 ? undefined : String(status));
  }
}
