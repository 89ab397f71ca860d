import type { PcmSource, PlayMode } from '../bridge/inserts.ts';
import { MAX_PACKET_SAMPLES } from '../codec/index.ts';

/** Something that a leg is to hear. */
export interface SoundLayer {
  readonly source: PcmSource;
  readonly mode: PlayMode;
  /** Of several that replace the other leg's voice, the one with the highest is heard; the others wait. */
  readonly priority: number;
  /** It came to its end by itself. Must not add or remove layers. */
  readonly onEnd?: () => void;
}

/** All sounds of one leg as one: what replaces the voice, with what is mixed on top of it. */
export class LegSounds implements PcmSource {
  readonly #install: (source: PcmSource | undefined, mode: PlayMode) => void;
  /** Highest priority first. */
  readonly #layers: SoundLayer[] = [];
  readonly #scratch = new Int16Array(MAX_PACKET_SAMPLES);
  #mode: PlayMode | undefined;

  /** @param install what the leg hears from now on, as `Bridge.play` takes it */
  constructor(install: (source: PcmSource | undefined, mode: PlayMode) => void) {
    this.#install = install;
  }

  add(layer: SoundLayer): void {
    const at = this.#layers.findIndex(({ priority }) => priority < layer.priority);
    this.#layers.splice(at < 0 ? this.#layers.length : at, 0, layer);
    this.#update();
  }

  /** Ends it at once; nothing is told. Nothing happens when it is over already. */
  remove(layer: SoundLayer): void {
    const at = this.#layers.indexOf(layer);
    if (at < 0) return;
    this.#layers.splice(at, 1);
    this.#update();
  }

  read(out: Int16Array, samples: number, rate: number): number {
    out.fill(0, 0, samples);
    let longest = 0;
    let isReplaced = false;
    for (let i = 0; i < this.#layers.length; i++) {
      const layer = this.#layers[i] as SoundLayer;
      if (layer.mode === 'instead') {
        if (isReplaced) continue;
        isReplaced = true;
      }
      const made = layer.source.read(this.#scratch, samples, rate);
      for (let k = 0; k < made; k++) {
        const sum = (out[k] as number) + (this.#scratch[k] as number);
        out[k] = Math.max(-32_768, Math.min(32_767, sum));
      }
      longest = Math.max(longest, made);
      if (made >= samples) continue;
      // Whoever waits behind it begins with the next frame.
      this.#layers.splice(i--, 1);
      layer.onEnd?.();
    }
    if (this.#layers.length === 0) {
      this.#mode = undefined;
      return Math.min(longest, samples - 1);
    }
    this.#update();
    return samples;
  }

  #update(): void {
    const mode =
      this.#layers.length === 0
        ? undefined
        : this.#layers.some((layer) => layer.mode === 'instead')
          ? 'instead'
          : 'mix';
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#install(mode && this, mode ?? 'instead');
  }
}
