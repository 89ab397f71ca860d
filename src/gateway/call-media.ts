import type { BridgeStats, PhonePlan, RecordingSummary } from '../media/index.ts';
import { GatewayError } from '../shared/error.ts';
import type { SideContext } from './call-runner.ts';
import type { CallView } from './call-view.ts';
import type { MediaPlane } from './media/plane.ts';
import type { CallAudio, MediaEvent, RecordAction, RecordingState } from './media/protocol.ts';
import { announced } from './media/sound-options.ts';
import { type OneWayEntry, OneWayNotes } from './one-way-notes.ts';

/** Of a recording that was not finished when its call ended, or whose worker died, nothing but the name is known. */
export type RecordingEntry =
  | RecordingSummary
  | { readonly file: string; readonly complete: false }
  /** The gateway died, and the next one finished the file. */
  | { readonly file: string; readonly complete: true; readonly durationMs: number; readonly recovered: true };

const PART = /\.part$/;

/** One call's media, as the main thread sees it: commands to the worker that holds it, reports to the call. */
export class MediaSide {
  readonly #call: string;
  readonly #plane: MediaPlane;
  readonly #context: SideContext;
  readonly #audio: CallAudio | undefined;
  readonly #recordings: RecordingSummary[] = [];
  /** Files that are not whole yet, without `.part`. */
  readonly #unfinished = new Set<string>();
  readonly #oneWay: OneWayNotes;
  #localSdp = '';
  #phone: { address: string; port: number } | undefined;
  /** Attempt of the phone that has the call. */
  #talking: number | undefined;
  #stats: BridgeStats | undefined;
  #closing = false;

  /** @param audio what its route wants of sounds; undefined: none, and nothing is recorded */
  constructor(call: string, plane: MediaPlane, context: SideContext, audio?: CallAudio) {
    this.#call = call;
    this.#plane = plane;
    this.#context = context;
    this.#audio = audio;
    this.#oneWay = new OneWayNotes(context.log);
  }

  /** Our offer for Meta, or our answer to Meta's; empty before `media.ready`. */
  get localSdp(): string {
    return this.#localSdp;
  }

  /** Where the phone sends its RTP; undefined before `media.ready`. */
  get phone(): { address: string; port: number } | undefined {
    return this.#phone;
  }

  /** What the legs counted, once closed. */
  get stats(): BridgeStats | undefined {
    return this.#stats;
  }

  /** One-way audio of this call, by now. */
  get oneWay(): readonly OneWayEntry[] {
    return this.#oneWay.entries;
  }

  /** Files of this call, as they are by now. */
  get recordings(): readonly RecordingEntry[] {
    const unfinished = [...this.#unfinished].map(
      (name) => ({ file: `${name}.part`, complete: false }) as const,
    );
    return [...this.#recordings, ...unfinished];
  }

  /** Settles as the media worker's `record` does. */
  record(action: RecordAction): Promise<RecordingState> {
    return this.#plane.request('record', { call: this.#call, action });
  }

  summary(): CallView['media'] {
    return { open: this.#phone !== undefined && !this.#closing, worker: this.#plane.workerOf(this.#call) };
  }

  /** @param offerSdp Meta's, when it is Meta who offers */
  open(platform: 'messenger' | 'whatsapp', offerSdp: string | undefined): void {
    const wanted = {
      call: this.#call,
      platform,
      ...(offerSdp === undefined ? {} : { offerSdp }),
      ...(this.#audio ? { audio: this.#audio } : {}),
    };
    this.#settle(this.#plane.request('open', wanted), (opened) => {
      this.#localSdp = opened.localSdp;
      this.#phone = { address: opened.phoneAddress, port: opened.phonePort };
      this.#context.dispatch({ type: 'media.ready' });
    });
  }

  applyAnswer(sdp: string): void {
    this.#sdp(this.#plane.request('applyAnswer', { call: this.#call, sdp }));
  }

  applyRenegotiation(sdp: string): void {
    this.#sdp(this.#plane.request('applyRenegotiation', { call: this.#call, sdp }));
  }

  /**
   * What was agreed with the phone of this attempt. `takes`: it has the call from now on; without that, what another phone
   * agrees (one that has handed the call over) changes nothing. No plan: its answer is still to come.
   */
  setPhonePlan(plan: PhonePlan | undefined, attempt: number, takes = false): void {
    if (takes) this.#talking = attempt;
    this.#talking ??= attempt;
    if (!plan || this.#talking !== attempt) return;
    const phone = { ...plan, phone: attempt };
    this.#settle(this.#plane.request('setPhonePlan', { call: this.#call, plan: phone }), () => {});
  }

  /** The consumer hears that it goes on, or no longer. */
  waitForPhone(waiting: boolean): void {
    this.#settle(this.#plane.request('wait', { call: this.#call, waiting }), () => {});
  }

  /** The phone that has the call is to send RTP within that time, ms; reports `media.unspoken` if it does not. */
  expectPhone(ms: number): void {
    this.#settle(this.#plane.request('expectPhone', { call: this.#call, ms }), () => {});
  }

  /** A key that the phone of this attempt told of by SIP INFO; nothing, where it does not have the call. Reports `media.dtmf` unless another way told of it before. */
  infoKey(digit: string, durationMs: number, attempt: number): void {
    if (attempt !== this.#talking) return;
    this.#settle(this.#plane.request('infoKey', { call: this.#call, digit, durationMs }), () => {});
  }

  /** Somebody picked up. Whether audio flows is watched from now on; no call depends on that. */
  answered(): void {
    this.#plane.request('answered', { call: this.#call }).catch(() => {});
  }

  /** What is wanted of sounds in place of what was said when it was opened; before `openAudio`. */
  choose(audio: CallAudio): void {
    this.#settle(this.#plane.request('choose', { call: this.#call, audio }), () => {});
  }

  openAudio(): void {
    this.#settle(this.#plane.request('setOpen', { call: this.#call, open: true }), () => {});
  }

  /** The consumer alone hears, the ringback tone or the phone; again when that changes. */
  openEarly(ringback: boolean): void {
    this.#settle(this.#plane.request('openEarly', { call: this.#call, ringback }), () => {});
  }

  /** Reports `media.announced` at its end. @param sound one of sounds.files, or a tone */
  announce(sound: string): void {
    this.#settle(this.#plane.request('announce', { call: this.#call, sound: announced(sound) }), () => {});
  }

  /** Idempotent; reports `media.closed` once, also when the worker is gone. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    const done = (stats?: BridgeStats): void => {
      this.#stats = stats;
      this.#context.dispatch({ type: 'media.closed' });
    };
    this.#plane.request('close', { call: this.#call }).then(done, (error: unknown) => {
      this.#context.log.warn({ err: String(error) }, 'media.close-failed');
      done();
    });
  }

  /** An event of the worker about this call. */
  receive(event: MediaEvent): void {
    const { dispatch } = this.#context;
    switch (event.kind) {
      case 'iceConnected':
        return dispatch({ type: 'media.iceConnected' });
      case 'secure':
        return dispatch({ type: 'media.secure' });
      case 'consumerLost':
        return dispatch({ type: 'media.consumerLost', reason: event.reason });
      case 'firstPacket':
        return dispatch({ type: 'media.firstPacket', leg: event.leg });
      case 'silent':
        return dispatch({ type: 'media.silent', leg: event.leg, ms: event.ms });
      case 'unspoken':
        return dispatch({ type: 'media.unspoken', ms: event.ms });
      case 'dtmf':
        return dispatch({
          type: 'media.dtmf',
          digit: event.digit,
          durationMs: event.durationMs,
          from: event.from,
        });
      case 'announced':
        return dispatch({ type: 'media.announced' });
      case 'played':
        return;
      case 'recording':
        this.#unfinished.add(event.file);
        return;
      case 'recorded':
        this.#unfinished.delete(event.recording.file.replace(PART, ''));
        this.#recordings.push(event.recording);
        return;
      case 'oneWay':
      case 'oneWayOver':
        return this.#oneWay.take(event);
      case 'recordingTrouble':
        return this.#context.log.error({ code: event.code, detail: event.message }, 'recording.trouble');
      case 'bug':
        return dispatch({ type: 'bug', message: event.message });
    }
  }

  #sdp(request: Promise<unknown>): void {
    request.then(
      () => this.#context.dispatch({ type: 'media.sdpApplied' }),
      (error: unknown) => this.#context.dispatch({ type: 'media.sdpFailed', reason: reasonOf(error) }),
    );
  }

  #settle<T>(request: Promise<T>, then: (value: T) => void): void {
    request.then(then, (error: unknown) => {
      if (this.#closing) return;
      this.#context.dispatch({ type: 'media.failed', reason: reasonOf(error) });
    });
  }
}

/** Code and message of an expected failure, for the record. */
function reasonOf(error: unknown): string {
  if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
