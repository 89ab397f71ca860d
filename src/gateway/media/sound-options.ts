import type { GatewayConfig } from '../../config/index.ts';
import { loadSounds, pcmRate, readSound } from '../../media/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { CallAudio, RecordOptions, SoundChoice, SoundOptions } from './protocol.ts';

/** Loads the files of the configuration at every rate that its trunks use. Blocks; throws MEDIA_SOUND. */
export function soundOptions({ sounds, trunks }: GatewayConfig): SoundOptions {
  const { files, tones, toneLevelDb, fileGainDb, leadInMs } = sounds;
  const rates = Object.values(trunks).flatMap(({ codecs }) => codecs.flatMap(ratesOf));
  return {
    data: loadSounds(files, rates),
    tones,
    toneLevelDb,
    fileGainDb,
    leadInMs,
    hold: choiceOf(sounds.hold),
    transfer: choiceOf(sounds.transfer),
  };
}

type Codec = GatewayConfig['trunks'][string]['codecs'][number];

/** L16 is offered at two rates; the clock of the others says nothing of theirs. */
const ratesOf = (codec: Codec): number[] =>
  (codec === 'L16' ? [8_000, 16_000] : [8_000]).map((clockRate) => pcmRate({ codec, clockRate }));

function choiceOf(sound: string): SoundChoice | undefined {
  if (sound === 'silence') return undefined;
  if (sound === 'ringback') return { tone: 'ringback' };
  return sound === 'tone' ? { tone: 'comfort' } : { file: sound };
}

export function recordOptions({ recording }: GatewayConfig): RecordOptions | undefined {
  const { directory, ...options } = recording;
  return directory === undefined ? undefined : { directory, ...options };
}

/** What a route or outbound rule says of its calls' sounds. */
export function callAudio(wanted: Partial<CallAudio> | undefined): CallAudio {
  const { announcement, recording = 'off' } = wanted ?? {};
  return { ...(announcement === undefined ? {} : { announcement }), recording };
}

/** What keeps files of the configuration from being played; for `msgw check`, which does not load them. */
export function soundProblems({ sounds }: GatewayConfig): readonly { key: string; error: GatewayError }[] {
  return Object.entries(sounds.files).flatMap(([name, path]) => {
    try {
      readSound(name, path);
      return [];
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return [{ key: `sounds.files.${name}`, error }];
    }
  });
}
