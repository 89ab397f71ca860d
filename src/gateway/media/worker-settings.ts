import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type GatewayConfig, workersOf } from '../../config/index.ts';
import type { PreparedPart, ReloadPart } from '../reload/part.ts';
import type { SoundOptions, WorkerOptions } from './protocol.ts';
import { recordOptions, soundOptions, soundRates, soundSettings } from './sound-options.ts';

/** What the media workers are born with, and told when the configuration changes. Sounds are loaded once for all of them. */
export class WorkerSettings implements ReloadPart {
  readonly name = 'media';
  readonly #tell: (options: WorkerOptions) => void;
  #files: string;
  #now: WorkerOptions;

  /** Reads the sounds; blocks. Throws MEDIA_SOUND. @param tell hands other options to workers that live */
  constructor(config: GatewayConfig, tell: (options: WorkerOptions) => void) {
    this.#tell = tell;
    this.#files = filesOf(config);
    this.#now = optionsOf(config, soundOptions(config));
  }

  get now(): WorkerOptions {
    return this.#now;
  }

  /** Reads sounds again that are others now, or whose files changed; blocks. Throws MEDIA_SOUND. */
  prepare(next: GatewayConfig): PreparedPart | undefined {
    const files = filesOf(next);
    const { data } = this.#now.sounds;
    const sounds = files === this.#files ? { ...soundSettings(next), data } : soundOptions(next);
    const options = optionsOf(next, sounds);
    if (sounds.data === data && isDeepStrictEqual(withoutData(options), withoutData(this.#now)))
      return undefined;
    return {
      isNews: true,
      commit: () => {
        this.#files = files;
        this.#now = options;
        this.#tell(options);
      },
    };
  }
}

/** Tells whether any of them would be read differently now. */
function filesOf(config: GatewayConfig): string {
  const files = Object.entries(config.sounds.files).map(([name, path]) => {
    const { mtimeMs = 0, size = 0, ino = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return [name, path, mtimeMs, size, ino];
  });
  return JSON.stringify([files, [...new Set(soundRates(config))].sort()]);
}

function optionsOf(config: GatewayConfig, sounds: SoundOptions): WorkerOptions {
  const { webrtc, rtp, media } = config;
  const { opus, opusComplexity, io, priority } = media;
  const workers = workersOf(media.workers);
  return { webrtc, rtp, opus, opusComplexity, io, priority, workers, sounds, record: recordOptions(config) };
}

const withoutData = ({ sounds, ...rest }: WorkerOptions): object => ({
  ...rest,
  sounds: { ...sounds, data: [] },
});
