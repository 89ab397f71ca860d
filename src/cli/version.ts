import { readFileSync } from 'node:fs';

/** The package's version; the file stands two folders above this one, in a checkout and when built. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
