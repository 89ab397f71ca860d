import {
  type ConfigProblem,
  configWarnings,
  formatProblems,
  formatWarnings,
  type GatewayConfig,
  loadConfig,
} from '../config/index.ts';
import { soundProblems } from '../gateway/index.ts';

/** `msgw check`: exit code 0 when the file can be run, whatever it is warned of. */
export function checkCommand(file: string, json: boolean): number {
  const loaded = loadConfig(file);
  const warnings = loaded.ok ? configWarnings(loaded.value) : [];
  const problems = loaded.ok ? unplayable(loaded.value) : loaded.error;
  const ok = problems.length === 0;
  if (json) {
    const found = warnings.length > 0 ? { warnings } : {};
    console.log(JSON.stringify(ok ? { ok, ...found } : { ok, problems }));
    return ok ? 0 : 1;
  }
  if (warnings.length > 0) console.error(formatWarnings(file, warnings));
  if (ok) console.log(`${file}: ok`);
  else console.error(formatProblems(file, problems));
  return ok ? 0 : 1;
}

/** Sounds that cannot be played: the file itself has nothing wrong, so there is no line to tell. */
function unplayable(config: GatewayConfig): readonly ConfigProblem[] {
  return soundProblems(config).map(({ key, error }) => ({
    key,
    line: 0,
    column: 0,
    message: error.message.replace(`${key}: `, ''),
    remedy: error.remedy,
  }));
}
