import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one peer; it goes when the peer does. */
export const peerFolder = (name: string): string => mkdtempSync(join(tmpdir(), `msgw-${name}-`));

/** So long a program that was asked to end may take over its children, ms. */
const PATIENCE_MS = 5_000;

/** A foreign program: what it prints is awaited by line, what it leaves is removed, and it ends by its own id. */
export class PeerProcess {
  readonly name: string;
  readonly folder: string;
  readonly lines: string[] = [];
  /** Its exit code; null when a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #hasChildren: boolean;
  /** What the program printed on each stream since its last line end. */
  readonly #prompts: string[] = [];
  #wake: (() => void)[] = [];
  #ended = false;

  /**
   * Starts it in its folder, whose owner it becomes; HOME is there too.
   * @param hasChildren it works in processes of its own making, which end with it
   */
  constructor(
    command: string,
    args: readonly string[],
    folder: string,
    env: Readonly<Record<string, string>> = {},
    hasChildren = false,
  ) {
    this.#hasChildren = hasChildren;
    this.name = command;
    this.folder = folder;
    this.#child = spawn(command, args, {
      cwd: folder,
      detached: hasChildren,
      stdio: 'pipe',
      env: {
        ...process.env,
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
        HOME: folder,
        XDG_CONFIG_HOME: join(folder, '.config'),
        XDG_DATA_HOME: join(folder, '.local', 'share'),
        TERM: 'dumb',
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) this.#read(stream);
    this.#child.stdin?.on('error', () => {});
    this.exit = new Promise((resolve) => {
      const end = (code: number | null): void => {
        this.#ended = true;
        resolve(code);
        this.#notify();
      };
      this.#child.once('error', (error) => {
        this.lines.push(error.message);
        end(null);
      });
      this.#child.once('close', end);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The `nth` line that matches, now or later; a prompt without line end counts. Rejects when the program ends without it. */
  async line(pattern: RegExp, nth = 1): Promise<string> {
    return await this.when(
      () => [...this.lines, ...this.#prompts].filter((line) => pattern.test(line))[nth - 1],
      `line ${nth} like ${pattern}`,
    );
  }

  /** The first value that is not undefined; looked for again whenever something was printed or `poke` was called. */
  async when<T>(look: () => T | undefined, what: string): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`${this.name} ended without ${what}\n${this.tail()}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  poke(): void {
    this.#notify();
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  tail(): string {
    return [...this.lines.slice(-40), ...this.#prompts].join('\n');
  }

  /** Ends it and removes its folder. */
  async close(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#ended) this.#child.kill(signal);
    const impatient = this.#hasChildren
      ? setTimeout(() => this.signalAll('SIGKILL'), PATIENCE_MS)
      : undefined;
    await this.exit;
    clearTimeout(impatient);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** To the program and its children, which share a group that is named by its id. */
  signalAll(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended a moment ago.
    }
  }

  #read(stream: NodeJS.ReadableStream | null): void {
    const at = this.#prompts.push('') - 1;
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      const parts = (this.#prompts[at] + chunk).split(/\r?\n/);
      this.#prompts[at] = parts.pop() ?? '';
      this.lines.push(...parts);
      this.#notify();
    });
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
