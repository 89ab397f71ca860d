import {
  type ConfigProblem,
  formatProblems,
  formatWarnings,
  type LoadedConfig,
  loadConfig,
} from '../config/index.ts';
import { soundProblems } from '../gateway/index.ts';

/** `msgw check`: exit code 0 when the file can be run, whatever it is warned of; 1 when it has problems. */
export function checkCommand(file: string, json: boolean): number {
  const loaded = loadConfig(file);
  const { warnings } = loaded;
  const problems = loaded.ok ? unplayable(loaded) : loaded.error;
  const ok = problems.length === 0;
  if (json) {
    const found = { ...(ok ? {} : { problems }), ...(warnings.length > 0 ? { warnings } : {}) };
    console.log(JSON.stringify({ ok, ...found }));
    return ok ? 0 : 1;
  }
  if (warnings.length > 0) console.error(formatWarnings(file, warnings));
  if (ok) console.log(`${file}: ok`);
  else console.error(formatProblems(file, problems));
  return ok ? 0 : 1;
}

/** Sounds that cannot be played; names of sounds have no dots. */
export function unplayable({
  placeOf,
  value,
}: Extract<LoadedConfig, { ok: true }>): readonly ConfigProblem[] {
  return soundProblems(value).map(({ key, error }) => ({
    key,
    ...placeOf(key.split('.')),
    message: error.message.replace(`${key}: `, ''),
    remedy: error.remedy,
  }));
}
