import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = '/usr/lib/postgresql';
/** The newest that Debian installed. */
const bin = (existsSync(ROOT) ? readdirSync(ROOT) : [])
  .filter((version) => existsSync(join(ROOT, version, 'bin', 'initdb')))
  .sort((a, b) => Number(a) - Number(b))
  .map((version) => join(ROOT, version, 'bin'))
  .at(-1);

/** Whether a real PostgreSQL is on this machine. In CI a missing one fails; elsewhere its tests are left out aloud. */
export function hasPostgres(): boolean {
  if (bin !== undefined) return true;
  const text = 'PostgreSQL missing (apt-get install postgresql)';
  if (process.env['CI']) throw new Error(text);
  process.stderr.write(`SKIPPED: ${text}; tests with it did NOT run\n`);
  return false;
}

/** It does not run as root: `postgres` of Debian's package, or nobody, owns it then. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : 65_534;
  };
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** A cluster of its own, reached by a socket in its folder; gone when it is closed. */
export class Postgres {
  readonly #folder: string;
  readonly #as: { uid?: number; gid?: number };
  #server: ChildProcess | undefined;

  private constructor(folder: string, as: { uid?: number; gid?: number }) {
    this.#folder = folder;
    this.#as = as;
  }

  static async start(): Promise<Postgres> {
    const as = owner();
    const folder = mkdtempSync(join(tmpdir(), 'msgw-pg-'));
    if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
    const made = spawnSync(
      join(bin ?? '', 'initdb'),
      [
        '-D',
        join(folder, 'data'),
        '-U',
        'msgw',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--no-sync',
        '--no-instructions',
      ],
      { ...as, cwd: folder, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    const postgres = new Postgres(folder, as);
    await postgres.up();
    return postgres;
  }

  get url(): string {
    return `postgresql://msgw@/postgres?host=${encodeURIComponent(this.#folder)}`;
  }

  /** Begins to listen, again after `down`. */
  async up(): Promise<void> {
    const flags = ['-D', join(this.#folder, 'data'), '-k', this.#folder, '-c', 'listen_addresses=', '-F'];
    const server = spawn(join(bin ?? '', 'postgres'), flags, {
      ...this.#as,
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#server = server;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      server.stderr?.on('data', (chunk: Buffer) => {
        said += String(chunk);
        if (said.includes('ready to accept connections')) resolve();
      });
      server.once('exit', () => reject(new Error(said)));
    });
  }

  /** Cuts every connection, as a restart does (SIGINT: fast shutdown). */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.kill('SIGINT');
    await gone;
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
