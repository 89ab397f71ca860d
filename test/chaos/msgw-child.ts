import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SECRETS, writeConfig } from './gateway-child.ts';
import { within } from './wait.ts';

const ENTRY = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;

/** How a process ended: its status, or the signal that it did not catch. */
export type Exit = number | NodeJS.Signals;

/** `msgw run` itself, for what the service manager does to it. Its log is appended to `log` in its folder. */
export class MsgwChild {
  /** Resolves when it ended. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #adminUrl: string;

  constructor(folder: string, config: object, adminUrl: string) {
    const log = openSync(join(folder, 'log'), 'a');
    this.#adminUrl = adminUrl;
    this.#child = spawn(process.execPath, [ENTRY, 'run', '--config', writeConfig(folder, config)], {
      cwd: folder,
      env: { ...process.env, ...SECRETS },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const killed = (): void => void this.#child.kill('SIGKILL');
    process.once('exit', killed);
    this.#child.once('exit', () => process.off('exit', killed));
    this.exited = once(this.#child, 'exit').then(([code, signal]) => (code ?? signal) as Exit);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it took calls within so many milliseconds. */
  ready(ms: number): Promise<boolean> {
    const isUp = async (): Promise<boolean> => {
      const answer = await fetch(`${this.#adminUrl}/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      return answer?.ok === true || !this.isAlive;
    };
    return within(ms, isUp).then((isReady) => isReady && this.isAlive);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** How it ended, killed where it did not by itself within so many milliseconds; undefined then. */
  async ended(ms: number): Promise<Exit | undefined> {
    if (await within(ms, () => !this.isAlive)) return this.exited;
    this.signal('SIGKILL');
    await this.exited;
    return undefined;
  }
}
