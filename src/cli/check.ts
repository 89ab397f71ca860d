import { configWarnings, formatProblems, formatWarnings, loadConfig } from '../config/index.ts';

/** `msgw check`: exit code 0 when the file can be run, whatever it is warned of. */
export function checkCommand(file: string, json: boolean): number {
  const loaded = loadConfig(file);
  const warnings = loaded.ok ? configWarnings(loaded.value) : [];
  if (json) {
    const found = warnings.length > 0 ? { warnings } : {};
    console.log(JSON.stringify(loaded.ok ? { ok: true, ...found } : { ok: false, problems: loaded.error }));
    return loaded.ok ? 0 : 1;
  }
  if (warnings.length > 0) console.error(formatWarnings(file, warnings));
  if (loaded.ok) console.log(`${file}: ok`);
  else console.error(formatProblems(file, loaded.error));
  return loaded.ok ? 0 : 1;
}
