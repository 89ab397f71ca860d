import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian's next release, which has it; older ones do not. */
const SUITE = 'forky';
const PACKAGES = ['asterisk', 'asterisk-core-sounds-en-gsm'];
const APT_OPTIONS = ['Acquire::Check-Valid-Until "false"', 'APT::Install-Recommends "false"'];
/** By `process.arch`: the folder of its libraries, and its loader. */
const LOADERS: Readonly<Partial<Record<string, readonly [string, string]>>> = {
  x64: ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  arm64: ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
};

/** Debian's Asterisk 22 and everything it needs, unpacked into a folder: nothing of it touches the machine. */
export interface AsteriskTree {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Of its libraries, modules among them. */
  readonly libraries: string;
  /** Runs its programs with its own libc, which is newer than the machine's. */
  readonly loader: readonly [string, ...string[]];
  /** As `asterisk -V` tells it: `22.10.1`. */
  readonly version: string;
}

/** Why there can be no Asterisk on this machine; undefined when one is here or can be made. */
export function asteriskMissing(): string | undefined {
  if (!LOADERS[process.arch] || process.platform !== 'linux') return `not for ${process.arch} machines`;
  if (existsSync(treeFolder())) return undefined;
  if (process.getuid?.() !== 0) return 'only root can make it';
  const missing = ['mmdebstrap', 'apt-get'].filter((name) => !onPath(name));
  return missing.length === 0 ? undefined : `${missing.join(', ')} missing (apt-get install mmdebstrap)`;
}

/** Makes it where it is not there yet (15 s and the network), for all runs after; throws what the programs said. */
export async function asteriskTree(): Promise<AsteriskTree> {
  const root = treeFolder();
  if (!existsSync(root)) await make(root);
  const [triplet = '', name = ''] = LOADERS[process.arch] ?? [];
  const libraries = join(root, 'usr', 'lib', triplet);
  const path = `${libraries}:${join(libraries, 'pulseaudio')}`;
  const loader = [join(libraries, name), '--library-path', path] as const;
  const [command, ...args] = loader;
  const { stdout } = await run(command, [...args, join(root, 'usr', 'sbin', 'asterisk'), '-V']);
  const version = /^Asterisk (\d+[\d.]*)/.exec(stdout)?.[1] ?? stdout.trim();
  return { root, libraries, loader, version };
}

function treeFolder(): string {
  const what = JSON.stringify([SUITE, PACKAGES, APT_OPTIONS, process.arch]);
  const hash = createHash('sha256').update(what).digest('hex').slice(0, 12);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'messenger-sip-gateway', `asterisk-22-${hash}`);
}

/** Complete or not there at all: it gets its name by a rename, and of two that make it at once the first wins. */
async function make(root: string): Promise<void> {
  const partial = `${root}.${process.pid}.partial`;
  mkdirSync(join(root, '..'), { recursive: true });
  try {
    const options = APT_OPTIONS.map((option) => `--aptopt=${option}`);
    const args = ['--variant=extract', '--quiet', `--include=${PACKAGES.join(',')}`, ...options];
    await run('mmdebstrap', [...args, SUITE, partial, await mirror()], { maxBuffer: 1 << 24 });
    if (!existsSync(root)) renameSync(partial, root);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Where this machine gets its own packages from. */
async function mirror(): Promise<string> {
  const format = ['--format', '$(RELEASE) $(REPO_URI)', 'Created-By: Packages'];
  const { stdout } = await run('apt-get', ['indextargets', ...format]);
  // Those of security fixes and updates have a release with a dash.
  const found = /^[^\s-]+ (\S+)$/m.exec(stdout)?.[1];
  if (!found) throw new Error(`apt-get indextargets names no mirror of Debian:\n${stdout}`);
  return found;
}

function onPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
