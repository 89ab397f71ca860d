import type { CallEvent, CallState, Effect } from '../../call/index.ts';
import type { NewEntry, TraceData, TraceKind, TraceParty, TraceStore } from '../../observe/index.ts';
import type { CallObserver } from '../call-observer.ts';
import type { LadderStep } from '../ladder.ts';
import type { MediaEvent } from '../media/protocol.ts';
import { tracedWords } from './media-words.ts';

export interface CallTracerOptions {
  readonly callId: string;
  readonly store: TraceStore;
  /** Milliseconds since the epoch, never going back. */
  readonly now: () => number;
  /** SIP messages are traced as they cross the wire: what the ladder says of them is not told twice. */
  readonly hasWire: boolean;
}

/** Writes down what happens in one call. Keys that are pressed are counted, not told. */
export class CallTracer implements CallObserver {
  readonly #options: CallTracerOptions;
  readonly #keys = { consumer: 0, phone: 0 };

  constructor(options: CallTracerOptions) {
    this.#options = options;
  }

  step({ from, to, what, data }: LadderStep): void {
    const kind = kindOf(from, to, what);
    // Keys have a count, and are told by `event`.
    if (kind === 'dtmf' || (kind === 'sip' && this.#options.hasWire)) return;
    // One clock for all: the call's own was set a moment later, in whole milliseconds.
    this.#add({ atMs: this.#now, kind, from, to, what, ...(data ? { data } : {}) });
  }

  event(event: CallEvent, before: CallState['name'], state: CallState): void {
    const { store, callId } = this.#options;
    switch (event.type) {
      case 'timer':
        this.#note('timer', 'gateway', `timer ${event.name} fired`);
        break;
      case 'profile.resolved':
        store.person(callId, event.name);
        this.#note('graph', 'gateway', event.name === undefined ? 'no profile' : 'profile known');
        break;
      case 'meta.identified':
      case 'graph.connected':
        if (event.callId !== undefined) store.named(callId, event.callId);
        break;
      case 'media.dtmf': {
        const party = event.from === 'consumer' ? 'meta' : 'phone';
        const to = event.from === 'consumer' ? 'phone' : 'gateway';
        this.#keys[event.from] += 1;
        const data = { count: this.#keys[event.from], ms: event.durationMs };
        this.#add({ atMs: this.#now, kind: 'dtmf', from: party, to, what: 'DTMF key', data });
        break;
      }
      case 'sip.held':
        this.#note('sip', 'phone', event.held ? 'holds the call' : 'takes the call off hold');
        break;
      case 'sip.transfer':
        this.#note('transfer', 'phone', `${event.kind} transfer to ${event.target.name}`, {
          from: event.attempt,
        });
        break;
      case 'media.workerLost':
        this.#note('media', 'gateway', 'the media worker died');
        break;
      case 'media.failed':
        this.#note('media', 'gateway', `media failed: ${event.reason}`);
        break;
      case 'operator.hangup':
        this.#note('call', 'gateway', `hung up by the operator: ${event.reason ?? ''}`);
        break;
      case 'bug':
        this.#note('call', 'gateway', 'bug');
        break;
    }
    if (before !== state.name)
      this.#note('call', 'gateway', `${before} to ${state.name}`, { by: event.type });
  }

  effect(effect: Effect): void {
    switch (effect.type) {
      case 'acceptTransfer':
        return this.#note('transfer', 'gateway', 'transfer accepted', { attempt: effect.attempt });
      case 'refuseTransfer':
        return this.#note('transfer', 'gateway', 'transfer refused', { status: effect.status });
      case 'tellTransfer':
        return this.#note('transfer', 'gateway', 'transfer told', { status: effect.status });
      case 'openAudio':
        return this.#note('media', 'gateway', 'audio open both ways');
      case 'openEarly':
        return this.#note('media', 'gateway', effect.ringback ? 'ringback to the consumer' : 'early media');
      case 'announce':
        return this.#note('media', 'gateway', `announcement ${effect.sound}`);
      case 'finish': {
        const { cause, endedBy, detail } = effect.record;
        const data: TraceData = { by: endedBy, ...(detail === undefined ? {} : { detail }) };
        return this.#note('call', 'gateway', `over: ${cause}`, data);
      }
    }
  }

  dialog(sipCallId: string): void {
    this.#options.store.own(sipCallId, this.#options.callId);
  }

  media(event: MediaEvent): void {
    switch (event.kind) {
      case 'traced': {
        const { traced } = event;
        if (traced.of !== 'quality') return this.#add({ ...tracedWords(traced), atMs: this.#now });
        const { sample: quality } = traced;
        return this.#add({
          atMs: this.#now,
          kind: 'rtcp',
          from: 'gateway',
          to: 'gateway',
          what: 'quality',
          quality,
        });
      }
      case 'recording':
        return this.#note('recording', 'gateway', `recording begun: ${event.file}`);
      case 'recorded': {
        const { file, complete } = event.recording;
        return this.#note('recording', 'gateway', `recording over: ${file}`, { complete });
      }
      case 'recordingTrouble':
        return this.#note('recording', 'gateway', 'the disk does not take the recording', {
          code: event.code,
        });
      case 'announced':
        return this.#note('media', 'gateway', 'announcement over');
      case 'oneWay': {
        const { leg, direction, cause, evidence } = event.verdict;
        return this.#note('media', partyOf(leg), `one-way audio: ${cause}`, { direction, ...evidence });
      }
      case 'oneWayOver': {
        const { leg, direction, cause } = event.verdict;
        return this.#note('media', partyOf(leg), `one-way audio over: ${cause}`, { direction, ms: event.ms });
      }
    }
  }

  over(): void {}

  get #now(): number {
    return this.#options.now();
  }

  #note(kind: TraceKind, party: TraceParty, what: string, data?: TraceData): void {
    this.#add({ atMs: this.#now, kind, from: party, to: party, what, ...(data ? { data } : {}) });
  }

  #add(entry: NewEntry): void {
    this.#options.store.add(this.#options.callId, entry);
  }
}

const partyOf = (leg: 'consumer' | 'phone'): TraceParty => (leg === 'consumer' ? 'meta' : 'phone');

/** What an arrow of the ladder is about, by its words. */
function kindOf(from: TraceParty, to: TraceParty, what: string): TraceKind {
  if (what.startsWith('DTMF')) return 'dtmf';
  if (what.startsWith('first RTP')) return 'rtp';
  if (from === 'phone' || to === 'phone') return 'sip';
  if (what.startsWith('webhook')) return 'webhook';
  if (what.startsWith('ICE')) return 'ice';
  if (what.startsWith('DTLS')) return 'dtls';
  return what.startsWith('media lost') ? 'media' : 'graph';
}
