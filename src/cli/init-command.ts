import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExitCode, give, refused, said } from './answer.ts';

const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));

/** `msgw init`: exit code 1 when there is such a file already, or it cannot be written. */
export function initRun(file: string, json: boolean): ExitCode {
  const text = exampleFor(dirname(resolve(file)));
  if (file === '-') {
    process.stdout.write(text);
    return 0;
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const message = isThere ? 'it is there already, and stays as it is.' : String(error);
    return give(refused({ field: file, message, remedy: 'Name another file.' }), json);
  }
  const lines = [`wrote ${file}. Change it as its comments say; then: msgw check --config ${file}`];
  return give(said({ file }, lines), json);
}

/** The example, with the way to the schema from a folder. @param folder absolute */
export function exampleFor(folder: string): string {
  const way = relative(folder, resolve(CONFIG, 'schema.json'));
  // Out of the folder and up, a path is no better than the whole one.
  const isBelow = !way.startsWith('..') && !isAbsolute(way);
  const schema = (isBelow ? `./${way}` : resolve(CONFIG, 'schema.json')).replaceAll('\\', '/');
  return readFileSync(resolve(CONFIG, 'example.yaml'), 'utf8')
    .replace(/^# In a copy .*\n/m, '')
    .replace('$schema=./schema.json', () => `$schema=${schema}`);
}
