import type { GatewayConfig } from '../../config/index.ts';
import { loadSounds, pcmRate, RATE_ALONE, readSound } from '../../media/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { CallAudio, RecordOptions, SoundChoice, SoundOptions } from './protocol.ts';

/** Loads the files of the configuration at every rate that its trunks use. Blocks; throws MEDIA_SOUND. */
export function soundOptions(config: GatewayConfig): SoundOptions {
  return { data: loadSounds(config.sounds.files, soundRates(config)), ...soundSettings(config) };
}

/** The rates at which files are needed, Hz; some more than once. */
export function soundRates(config: GatewayConfig): number[] {
  const rates = Object.values(config.trunks).flatMap(({ codecs }) => codecs.flatMap(ratesOf));
  if (announcesAlone(config)) rates.push(RATE_ALONE);
  return rates;
}

/** All but the samples. */
export function soundSettings({ sounds }: GatewayConfig): Omit<SoundOptions, 'data'> {
  const { tones, toneLevelDb, fileGainDb, leadInMs, hold, transfer } = sounds;
  return { tones, toneLevelDb, fileGainDb, leadInMs, hold: choiceOf(hold), transfer: choiceOf(transfer) };
}

/** A rule or route has something played where no phone is. */
const announcesAlone = ({ routing, routes }: GatewayConfig): boolean =>
  [
    ...routing.rules,
    ...Object.values(routes).flatMap((each) => [each.onBusy, each.onNoAnswer, each.onFailed]),
  ].some((wanted) => wanted?.announce !== undefined);

type Codec = GatewayConfig['trunks'][string]['codecs'][number];

/** L16 is offered at two rates; the clock of the others says nothing of theirs. */
const ratesOf = (codec: Codec): number[] =>
  (codec === 'L16' ? [8_000, 16_000] : [8_000]).map((clockRate) => pcmRate({ codec, clockRate }));

function choiceOf(sound: string): SoundChoice | undefined {
  if (sound === 'silence') return undefined;
  if (sound === 'ringback') return { tone: 'ringback' };
  return sound === 'tone' ? { tone: 'comfort' } : { file: sound };
}

/** What can be announced besides sounds.files; the cross-checks know the names as well. */
const ANNOUNCED_TONES: Readonly<Record<string, SoundChoice>> = {
  'busy-tone': { tone: 'busy' },
  'congestion-tone': { tone: 'congestion' },
};

/** What a rule or route calls an announcement. */
export const announced = (name: string): SoundChoice => ANNOUNCED_TONES[name] ?? { file: name };

export function recordOptions({ recording }: GatewayConfig): RecordOptions | undefined {
  const { directory, keepDays: _days, maxBytes: _bytes, ...options } = recording;
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
