import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** The arguments of a program under `test/`: --help prints `usage`, and what is unknown too, with exit code 2. */
export function argumentsOf<const T extends ParseArgsOptionsConfig>(
  usage: string,
  options: T,
  allowPositionals = false,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>> {
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(`usage: ${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs<{ options: T; allowPositionals: true }>({
      options,
      allowPositionals: allowPositionals as true,
    });
  } catch (error) {
    return wrongUsage(usage, error instanceof Error ? error.message : String(error));
  }
}

export function wrongUsage(usage: string, why?: string): never {
  process.stderr.write(`${why === undefined ? '' : `${why}\n`}usage: ${usage}\n`);
  process.exit(2);
}
