import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { YOUNG_OPTION } from '../../src/shared/young-heap.ts';
import type { GatewayAnswer, GatewayAsk, Measure } from './gateway-protocol.ts';

const PROGRAM = new URL('./gateway-main.ts', import.meta.url);
export const SECRETS = {
  APP_SECRET: 'chaos-app-secret',
  VERIFY_TOKEN: 'chaos-verify-token',
  PAGE_TOKEN: 'chaos-page-token',
  SIP_SECRET: 'chaos-sip-secret',
};

/** Longer than a gateway waits for what it closes. */
const STOP_PATIENCE_MS = 90_000;

type Ask = GatewayAsk extends infer A ? (A extends GatewayAsk ? Omit<A, 'id'> : never) : never;

/** JSON, which is YAML. Returns its path. */
export function writeConfig(folder: string, config: object): string {
  const file = join(folder, 'gateway.json');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** One life of a gateway's process. Its log is appended to `log` in its folder. */
export class GatewayChild {
  readonly webhookUrl: string;
  readonly #adminUrl: string;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (answer: { readonly measure?: Measure } | undefined) => void>();
  #lastId = 0;

  /** Resolves when it is ready. Rejects with the end of its log when it ends before. */
  static async start(
    folder: string,
    config: object,
    nodeArgs: readonly string[] = [],
  ): Promise<GatewayChild> {
    const path = join(folder, 'log');
    const log = openSync(path, 'a');
    const child = fork(PROGRAM, [writeConfig(folder, config)], {
      cwd: folder,
      env: { ...process.env, ...SECRETS },
      execArgv: [YOUNG_OPTION, ...nodeArgs],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const ended = once(child, 'exit').then(() => undefined);
    const first = await Promise.race([once(child, 'message'), ended]);
    const [answer] = (first ?? []) as [GatewayAnswer?];
    if (!answer || !('ready' in answer)) {
      await ended;
      const why = answer && 'failed' in answer ? answer.failed : readFileSync(path, 'utf8').slice(-3_000);
      throw new Error(`the gateway did not start\n${why}`);
    }
    return new GatewayChild(child, answer.ready);
  }

  private constructor(
    child: ChildProcess,
    { webhookUrl, adminUrl }: { readonly webhookUrl: string; readonly adminUrl: string },
  ) {
    this.#child = child;
    this.webhookUrl = webhookUrl;
    this.#adminUrl = adminUrl;
    child.on('message', (answer: GatewayAnswer) => {
      if (!('id' in answer)) return;
      this.#asked.get(answer.id)?.(answer);
      this.#asked.delete(answer.id);
    });
    child.once('exit', () => {
      for (const settle of this.#asked.values()) settle(undefined);
      this.#asked.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it says that it takes calls. */
  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.#adminUrl}/health/ready`).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer?.ok === true;
  }

  /** States of its calls. */
  async states(): Promise<string[]> {
    const answer = await fetch(`${this.#adminUrl}/calls`);
    return ((await answer.json()) as { readonly state: string }[]).map(({ state }) => state);
  }

  /** Undefined: it ended before it answered. */
  ask(wanted: Ask): Promise<{ readonly measure?: Measure } | undefined> {
    if (!this.isAlive) return Promise.resolve(undefined);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#child.send({ id, ...wanted } satisfies GatewayAsk);
    });
  }

  /** As a power cut would, for the process. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Ends its calls on both sides, then itself; one that cannot is killed. */
  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE_MS);
    void this.ask({ ask: 'close' });
    await exited;
    clearTimeout(patience);
  }
}
