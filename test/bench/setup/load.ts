import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { LoadCommand, LoadEvent, Stretch } from './load-protocol.ts';

/** That of the other ends, and of who looks at the wire. */
export const LAST_CORE = availableParallelism() - 1;

/** Both ends of all calls, from outside; on the last core, where there are several. */
export class Load {
  readonly graphUrl: string;
  readonly phonePort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, graphUrl: string, phonePort: number) {
    this.#child = child;
    this.graphUrl = graphUrl;
    this.phonePort = phonePort;
  }

  static async start(): Promise<Load> {
    const child = fork(new URL('./load-main.ts', import.meta.url), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [event] = (await once(child, 'message')) as [LoadEvent];
    if (event.type !== 'ready') throw new Error(`the load began with ${event.type}`);
    pin(child.pid, LAST_CORE);
    return new Load(child, event.graphUrl, event.phonePort);
  }

  setWebhookUrl(url: string): void {
    this.#child.send({ type: 'webhook', url } satisfies LoadCommand);
  }

  async run(rate: number, calls: number, audio: boolean): Promise<Stretch> {
    const answered = once(this.#child, 'message');
    this.#child.send({ type: 'run', rate, calls, audio } satisfies LoadCommand);
    const [event] = (await answered) as [LoadEvent];
    if (event.type !== 'done') throw new Error(`asked for calls, got ${event.type}`);
    return event.stretch;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

/** All threads of a process on one core. */
export function pin(pid: number | undefined, core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}
