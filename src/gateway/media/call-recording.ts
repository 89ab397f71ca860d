import type { Bridge, RecordDesk, Recording, RecordingSummary } from '../../media/index.ts';
import { atMost } from '../../shared/at-most.ts';
import type { Clock, TimerHandle } from '../../shared/clock.ts';
import type { ErrorCode } from '../../shared/codes/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { CallAudio, RecordAction, RecordingState } from './protocol.ts';

export interface CallRecordingOptions {
  readonly call: string;
  readonly bridge: Bridge;
  /** undefined: nothing can be recorded. */
  readonly desk: RecordDesk | undefined;
  /** Of the route; `choose` may change it. */
  readonly mode: CallAudio['recording'];
  /** 0: never. */
  readonly consentToneMs: number;
  /** Something is announced when the two are connected: it is not beeped into. */
  readonly announces: boolean;
  readonly clock: Clock;
  readonly beep: () => void;
  /** The name of the file when it is whole. */
  readonly onStarted: (file: string) => void;
  readonly onRecorded: (summary: RecordingSummary) => void;
  readonly onTrouble: (code: ErrorCode, message: string) => void;
}

/** The first tone comes when people begin to talk, or what was announced is over, ms. */
const FIRST_TONE_MS = 500;
/** How long the end of a call waits for the disk, ms; the file is finished behind it. */
const CLOSE_PATIENCE_MS = 2_000;

/** The recordings of one call: one at a time, each a file. */
export class CallRecording {
  readonly #options: CallRecordingOptions;
  #recording: Recording | undefined;
  #last: RecordingState = { state: 'none' };
  readonly #finishing = new Set<Promise<void>>();
  #tone: TimerHandle | undefined;
  #open = false;
  #mode: CallAudio['recording'];
  #announces: boolean;

  constructor(options: CallRecordingOptions) {
    this.#options = options;
    this.#mode = options.mode;
    this.#announces = options.announces;
  }

  get state(): RecordingState {
    const recording = this.#recording;
    if (!recording) return this.#last;
    const { file } = recording.summary(true);
    return { state: recording.failed ? 'failed' : recording.paused ? 'paused' : 'recording', file };
  }

  /** Another route's phone has the call than was thought; until both directions are open. */
  choose(mode: CallAudio['recording'], announces: boolean): void {
    if (this.#open) return;
    this.#mode = mode;
    this.#announces = announces;
  }

  /** Both directions are open: a route that records always begins here. */
  opened(): void {
    if (this.#open) return;
    this.#open = true;
    const { consentToneMs } = this.#options;
    if (this.#mode === 'always') this.#start(this.#announces ? consentToneMs : FIRST_TONE_MS);
  }

  /** Asked twice, it is as asked once. Throws MEDIA_RECORD_REFUSED. */
  act(action: RecordAction): RecordingState {
    const { clock, desk } = this.#options;
    const mode = this.#mode;
    if (mode === 'off' || !desk) throw refusal('the route says recording: off');
    if (!this.#open) throw refusal('the two are not connected yet');
    if (action === 'start') this.#start();
    else if (action === 'stop') {
      if (mode === 'always') throw refusal('the route says recording: always; it can be paused');
      this.#stop();
    } else {
      if (!this.#recording) throw refusal('nothing is recorded');
      this.#recording[action](clock.monotonic());
    }
    return this.state;
  }

  /** Ends what is recorded; waits for the disk, but not long. */
  async close(): Promise<void> {
    this.#stop();
    if (this.#finishing.size === 0) return;
    await atMost(this.#options.clock, CLOSE_PATIENCE_MS, Promise.all(this.#finishing));
  }

  #start(firstToneMs = FIRST_TONE_MS): void {
    const { call, bridge, desk, clock, onStarted, onTrouble } = this.#options;
    if (this.#recording?.failed) this.#stop();
    if (this.#recording || !desk) return;
    const recording = desk.start(call, (error) => onTrouble(codeOf(error), String(error)));
    this.#recording = recording;
    onStarted(recording.summary(true).file);
    bridge.tap('consumer', recording.consumer);
    bridge.tap('phone', recording.phone);
    if (this.#options.consentToneMs > 0) this.#tone = clock.after(firstToneMs, () => this.#beep());
  }

  #stop(): void {
    const { bridge, desk, onRecorded } = this.#options;
    const recording = this.#recording;
    if (!recording || !desk) return;
    this.#last = { ...this.state, state: recording.failed ? 'failed' : 'stopped' };
    this.#recording = undefined;
    this.#tone?.clear();
    bridge.untap('consumer', recording.consumer);
    bridge.untap('phone', recording.phone);
    const finishing = desk.finish(recording).then((summary) => {
      this.#finishing.delete(finishing);
      onRecorded(summary);
    });
    this.#finishing.add(finishing);
  }

  #beep(): void {
    const { beep, clock, consentToneMs } = this.#options;
    this.#tone = clock.after(consentToneMs, () => this.#beep());
    // While nothing is kept, nothing says so.
    if (this.#recording && !this.#recording.paused && !this.#recording.failed) beep();
  }
}

const refusal = (why: string): GatewayError =>
  new GatewayError('MEDIA_RECORD_REFUSED', `The recording was not changed: ${why}.`);

/** Whatever a disk says, it is the disk. */
const codeOf = (error: unknown): ErrorCode =>
  error instanceof GatewayError ? error.code : 'MEDIA_RECORD_DISK';
