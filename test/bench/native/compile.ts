import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
let folder: Promise<string> | undefined;

/**
 * Compiles one C file into a temp folder of this process (removed when it exits) and returns the program's path.
 * Undefined, and a loud line on stderr, where there is no gcc or a library's development files are missing.
 *
 * @param source path or file URL of the C file
 * @param libs names for the linker: `srtp2` for `-lsrtp2`
 * @param flags more for gcc, such as -shared
 */
export async function compileNative(
  source: string | URL,
  libs: readonly string[],
  flags: readonly string[] = [],
): Promise<string | undefined> {
  const path = source instanceof URL ? source.pathname : source;
  folder ??= makeFolder();
  const program = join(await folder, basename(path, '.c'));
  const links = libs.map((lib) => `-l${lib}`);
  try {
    await run('gcc', ['-O2', '-Wall', '-Wextra', ...flags, '-o', program, path, ...links]);
    return program;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const why = code === 'ENOENT' ? 'there is no gcc' : (stderr ?? String(error)).trim();
    process.stderr.write(`SKIPPED: no C baseline ${basename(path)} (libs: ${libs.join(', ')}): ${why}\n`);
    return undefined;
  }
}

async function makeFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bench-native-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
