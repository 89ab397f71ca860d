import { MAX_PACKET_SAMPLES } from '../codec/index.ts';

/** Hears the audio of one leg as it was decoded, with what was made up for loss; for recording and detection. */
export interface PcmTap {
  /** @param pcm the first `samples` are valid, during the call only @param rate Hz @param nowMs monotonic */
  write(pcm: Int16Array, samples: number, rate: number, nowMs: number): void;
}

/** Something to be heard by a leg: a tone, a file. */
export interface PcmSource {
  /** Fills `out[0, samples)` at `rate` Hz; returns samples written: fewer than asked for, and it is over. */
  read(out: Int16Array, samples: number, rate: number): number;
}

/** `instead` of what the other leg says, or on top of it. */
export type PlayMode = 'instead' | 'mix';

/** What listens to, and what is put into, the audio of one direction; owned by it. */
export class Inserts {
  readonly #taps: PcmTap[] = [];
  readonly #onPlayed: () => void;
  #source: PcmSource | undefined;
  #mode: PlayMode = 'instead';
  /** The source came to its end in the frame that is being sent. */
  #over = false;
  #scratch = new Int16Array(0);

  /** @param onPlayed a source came to its end by itself */
  constructor(onPlayed: () => void) {
    this.#onPlayed = onPlayed;
  }

  get listening(): boolean {
    return this.#taps.length > 0;
  }

  get playing(): boolean {
    return this.#source !== undefined;
  }

  /** Nothing of the other leg is heard. */
  get replaces(): boolean {
    return this.#source !== undefined && this.#mode === 'instead';
  }

  tap(tap: PcmTap): void {
    this.#taps.push(tap);
  }

  untap(tap: PcmTap): void {
    const at = this.#taps.indexOf(tap);
    if (at >= 0) this.#taps.splice(at, 1);
  }

  play(source: PcmSource | undefined, mode: PlayMode): void {
    this.#source = source;
    this.#over = false;
    this.#mode = mode;
  }

  hear(pcm: Int16Array, samples: number, rate: number, nowMs: number): void {
    if (samples === 0) return;
    for (let i = 0; i < this.#taps.length; i++) this.#taps[i]?.write(pcm, samples, rate, nowMs);
  }

  /** Puts the source into one outgoing frame. */
  apply(frame: Int16Array, rate: number): void {
    const source = this.#source;
    if (!source) return;
    const samples = frame.length;
    if (this.#scratch.length < samples) this.#scratch = new Int16Array(Math.max(samples, MAX_PACKET_SAMPLES));
    const scratch = this.#scratch;
    const made = source.read(scratch, samples, rate);
    if (this.#mode === 'instead') {
      for (let i = 0; i < made; i++) frame[i] = scratch[i] as number;
      frame.fill(0, made);
    } else {
      for (let i = 0; i < made; i++) {
        const sum = (frame[i] as number) + (scratch[i] as number);
        frame[i] = Math.max(-32_768, Math.min(32_767, sum));
      }
    }
    if (made < samples && this.#source === source) this.#over = true;
  }

  /** After the frame was encoded: the codecs that a source needed may be closed when it is told that it is over. */
  settle(): void {
    if (!this.#over) return;
    this.#over = false;
    this.#source = undefined;
    this.#onPlayed();
  }
}
