import { formatProblems, loadConfig } from '../config/index.ts';

/** `msgw check`: exit code 0 when the file can be run. */
export function checkCommand(file: string, json: boolean): number {
  const loaded = loadConfig(file);
  if (json) console.log(JSON.stringify(loaded.ok ? { ok: true } : { ok: false, problems: loaded.error }));
  else if (loaded.ok) console.log(`${file}: ok`);
  else console.error(formatProblems(file, loaded.error));
  return loaded.ok ? 0 : 1;
}
